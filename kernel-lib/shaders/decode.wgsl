// From the raw outputs of the decoder to the Gaussians of each particle, placed on the grids of their classes. One thread per
// Gaussian of a unit, one row of workgroups per unit.

/** [particles · 5N], N = M · units */
@group(0) @binding(5) var<storage, read_write> models: array<f32>;

fn decoded(row: u32, kind: u32, i: u32) -> f32 {
  let slot = kind * unitGaussians + i;
  let base = neutral[slot];
  var varies = false;
  for (var network = 0u; network < networks; network++) {
    varies = varies || sources[2u * networks + network * 5u * unitGaussians + slot] >= 0;
  }
  if (!varies) {
    return base;
  }
  let raw = rawOutput(row, slot);
  if (kind < 3u) {
    return base + farthest * moved(raw);
  }
  return base * select(0.5 + sigmoid(raw), 2.0 * sigmoid(raw), kind == 3u);
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
  let centre = turnOf(unit) * vec3f(decoded(row, 0u, i), decoded(row, 1u, i), decoded(row, 2u, i));
  let amplitude = decoded(row, 3u, i);
  let sigma = decoded(row, 4u, i);
  let gaussians = units * unitGaussians;
  let own = unit * unitGaussians + i;
  let at = particle * 5u * gaussians + own;
  models[at] = centre.x;
  models[at + gaussians] = centre.y;
  models[at + 2u * gaussians] = centre.z;
  models[at + 3u * gaussians] = amplitude;
  models[at + 4u * gaussians] = sigma;
  putGaussian(particle * gaussians + own, particle, centre, amplitude, sigma);
}
