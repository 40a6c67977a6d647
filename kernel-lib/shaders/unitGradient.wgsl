// The gradient of the score in the first unit of a symmetric molecule from that in all its units, as rows that a dense layer reads: one
// row for each unit of a particle, in the frame of the first unit. One thread per Gaussian of a unit, one row of workgroups per unit.

/** M, Gaussians of a unit, and units of a particle. */
override unitGaussians: u32;
override units: u32;
/** Where the first number of a row is written, and numbers from one row to the next. */
override first: u32;
override pitch: u32;

/** [particles · 5N], N = M · units */
@group(0) @binding(0) var<storage, read> gradient: array<f32>;
/** Rotation of each unit from the first one, row by row. */
@group(0) @binding(1) var<storage, read> rotations: array<f32>;
@group(0) @binding(2) var<storage, read_write> rows: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  let row = id.y;
  if (i >= unitGaussians) {
    return;
  }
  let unit = row % units;
  let gaussians = units * unitGaussians;
  let source = row / units * 5u * gaussians + unit * unitGaussians + i;
  let to = row * pitch + first + i;
  let own = vec3f(gradient[source], gradient[source + gaussians], gradient[source + 2u * gaussians]);
  for (var axis = 0u; axis < 3u; axis++) {
    let column = vec3f(
      rotations[9u * unit + axis],
      rotations[9u * unit + 3u + axis],
      rotations[9u * unit + 6u + axis],
    );
    rows[to + axis * unitGaussians] = dot(column, own);
  }
  rows[to + 3u * unitGaussians] = gradient[source + 3u * gaussians];
  rows[to + 4u * unitGaussians] = gradient[source + 4u * gaussians];
}
