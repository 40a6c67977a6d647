// The gradient of the score in the Gaussians, the adjoint of spread.wgsl and place.wgsl: every Gaussian gathers the value, the
// derivatives and the second moment of the field under it. One thread per Gaussian, one row of workgroups per particle.

/** N, Gaussians of a model. */
override gaussians: u32;
/** Numbers from one model to the next: 0 if all particles share one. */
override modelStride: u32;
/** S, pixels of the training box. */
override boxSize: f32;
/** M, cells along an edge of the grid. */
override grid: u32;
/** Classes of widths. */
override classes: u32;
/** Numbers of a class in `plan`. */
override classStride: u32;

/** See place.wgsl. */
@group(0) @binding(0) var<storage, read> models: array<f32>;
@group(0) @binding(1) var<storage, read> poses: array<f32>;
@group(0) @binding(2) var<storage, read> plan: array<f32>;
@group(0) @binding(3) var<storage, read> placed: array<vec4f>;
@group(0) @binding(4) var<storage, read> reach: array<vec2f>;
/** From fieldX.wgsl. */
@group(0) @binding(5) var<storage, read> fields: array<f32>;
/** Gradient in the models, [particles · 5N]. */
@group(0) @binding(6) var<storage, read_write> gradient: array<f32>;
/** Gradient in the position in the image, per box unit. */
@group(0) @binding(7) var<storage, read_write> moved: array<vec2f>;

const pi = 3.14159265358979;
const perWidth = 15.749609945722419; // (2π)^(3/2)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  let particle = id.y;
  if (i >= gaussians) {
    return;
  }
  let own = placed[particle * gaussians + i];
  let radius = reach[particle * gaussians + i];
  let field = (particle * classes + u32(radius.y)) * grid * grid;
  let first = vec2i(ceil(own.xy - radius.x));
  let last = vec2i(floor(own.xy + radius.x));
  let size = i32(grid);
  var value = 0.0;
  var along = vec2f();
  var square = 0.0;
  for (var y = first.y; y <= last.y; y++) {
    let row = field + u32((y + size) % size) * grid;
    for (var x = first.x; x <= last.x; x++) {
      let distance = vec2f(vec2i(x, y)) - own.xy;
      let apart = dot(distance, distance);
      let e = exp(-own.z * apart) * fields[row + u32((x + size) % size)];
      value += e;
      along += e * distance;
      square += e * apart;
    }
  }
  let inverse = own.z;
  let weight = own.w;
  let norm = inverse / pi;
  let at = particle * modelStride + i;
  let sigma = models[at + 4u * gaussians];
  let perWeight = norm * value;
  let cells = f32(grid) / boxSize;
  let du = weight * norm * 2.0 * inverse * f32(grid) * along;
  let dWidth = weight * norm * 4.0 * sigma * cells * cells * inverse * (inverse * square - value);
  let scale = plan[1u + classes * classStride];
  let to = particle * 5u * gaussians + i;
  let pose = 11u * particle;
  for (var j = 0u; j < 3u; j++) {
    gradient[to + j * gaussians] = poses[pose + j] * du.x + poses[pose + 3u + j] * du.y;
  }
  gradient[to + 3u * gaussians] = perWeight * scale * perWidth * sigma * sigma * sigma;
  gradient[to + 4u * gaussians] = perWeight * 3.0 * weight / sigma + dWidth;
  moved[particle * gaussians + i] = du;
}
