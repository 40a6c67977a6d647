// Adds the Gaussians of a class to its grid, which is periodic. A workgroup computes a tile of 16 × 16 cells, one per thread: its
// threads find the Gaussians that reach the tile, 256 at a time, and then every thread adds them to its own cell. Sums are taken
// in the order of the Gaussians, so that results are the same bits in every run.

/** N, Gaussians of a model. */
override gaussians: u32;
/** M, cells along an edge of the grid. */
override grid: u32;
/** Classes of widths. */
override classes: u32;

/** From place.wgsl. */
@group(0) @binding(0) var<storage, read> placed: array<vec4f>;
@group(0) @binding(1) var<storage, read> reach: array<vec2f>;
/** One grid of M² per model and class, row by row. */
@group(0) @binding(2) var<storage, read_write> grids: array<f32>;

const edge = 16u;
const chunk = 256u;
/** Position, 1/2σ² and height of the Gaussians of this chunk that reach the tile. */
var<workgroup> near: array<vec4f, chunk>;
/** A bit for each Gaussian of this chunk: whether it reaches the tile. */
const words = chunk / 32u;
var<workgroup> found: array<atomic<u32>, words>;

/** The shortest of equivalent distances on the periodic grid. */
fn wrapped(distance: vec2f) -> vec2f {
  return distance - f32(grid) * round(distance / f32(grid));
}

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) tile: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = tile.z / classes * gaussians;
  let widthClass = f32(tile.z % classes);
  let cell = tile.xy * edge + local.xy;
  let middle = vec2f(tile.xy * edge) + 0.5 * f32(edge - 1u);
  var value = 0.0;
  for (var start = 0u; start < gaussians; start += chunk) {
    var own = vec4f();
    var reaches = false;
    if (start + thread < gaussians) {
      own = placed[first + start + thread];
      let radius = reach[first + start + thread];
      let distance = abs(wrapped(own.xy - middle)) - 0.5 * f32(edge - 1u);
      reaches = radius.y == widthClass && distance.x <= radius.x && distance.y <= radius.x;
    }
    // A bit for each thread; a Gaussian's place is the number of bits before its own.
    if (thread < words) {
      atomicStore(&found[thread], 0u);
    }
    workgroupBarrier();
    if (reaches) {
      atomicOr(&found[thread / 32u], 1u << (thread % 32u));
    }
    workgroupBarrier();
    var count = 0u;
    var place = 0u;
    for (var word = 0u; word < words; word++) {
      let bits = atomicLoad(&found[word]);
      if (word == thread / 32u) {
        place = count + countOneBits(bits & ((1u << (thread % 32u)) - 1u));
      }
      count += countOneBits(bits);
    }
    if (reaches) {
      near[place] = vec4f(own.xyz, own.w * own.z / 3.14159265358979);
    }
    workgroupBarrier();
    for (var j = 0u; j < count; j++) {
      let gaussian = near[j];
      let distance = wrapped(vec2f(cell) - gaussian.xy);
      value += gaussian.w * exp(-gaussian.z * dot(distance, distance));
    }
    workgroupBarrier();
  }
  if (cell.x < grid && cell.y < grid) {
    grids[(tile.z * grid + cell.y) * grid + cell.x] = value;
  }
}
