// From the raw outputs of the decoder to the Gaussians of each particle, placed on the grids of their classes. One thread per
// Gaussian of a unit, one row of workgroups per unit.

/** [particles · 5N], N = M · units; those that are changed before, see `based`. */
@group(0) @binding(5) var<storage, read_write> models: array<f32>;

/** Factor on amplitude or width. */
fn factorOf(row: u32, kind: u32, i: u32) -> f32 {
  let slot = kind * unitGaussians + i;
  let s = sigmoid(rawOutput(row, slot));
  return select(1.0, select(0.5 + s, 2.0 * s, kind == 3u), varies(slot));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  let row = id.y;
  if (i >= unitGaussians) {
    return;
  }
  let unit = row % units;
  let particle = row / units;
  let gaussians = units * unitGaussians;
  let own = unit * unitGaussians + i;
  let at = particle * 5u * gaussians + own;
  let change = displaced(row, i);
  var centre: vec3f;
  var amplitude = factorOf(row, 3u, i);
  var sigma = factorOf(row, 4u, i);
  if (based == 1u) {
    centre = vec3f(models[at], models[at + gaussians], models[at + 2u * gaussians]) + turnOf(unit) * change;
    amplitude *= models[at + 3u * gaussians];
    sigma *= models[at + 4u * gaussians];
  } else {
    centre = turnOf(unit) * (neutralCentre(i) + change);
    amplitude *= neutral[3u * unitGaussians + i];
    sigma *= neutral[4u * unitGaussians + i];
  }
  models[at] = centre.x;
  models[at + gaussians] = centre.y;
  models[at + 2u * gaussians] = centre.z;
  models[at + 3u * gaussians] = amplitude;
  models[at + 4u * gaussians] = sigma;
  putGaussian(particle * gaussians + own, particle, centre, amplitude, sigma);
}
