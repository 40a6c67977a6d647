// The gradient of the loss in the raw outputs of the decoder from that of the score in the Gaussians, without the penalty on strain
// (src/training/strain), which is computed on the first rows. One thread per Gaussian of a unit, which adds the pulls of all its
// neighbours; one row of workgroups per unit.

@group(0) @binding(1) var<storage, read_write> gradients: array<f32>;

fn put(row: u32, kind: u32, i: u32, value: f32) {
  for (var network = 0u; network < networks; network++) {
    let at = outputAt(network, row, kind * unitGaussians + i);
    if (at >= 0) {
      gradients[at] = value;
    }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  let row = id.y;
  if (i >= unitGaussians) {
    return;
  }
  let unit = row % units;
  let gaussians = units * unitGaussians;
  let at = row / units * 5u * gaussians + unit * unitGaussians + i;
  var ofUnit = inCentre(row, i);
  if (bodies > 0u && bodyOf(i) > 0u) {
    let body = bodyOf(i) - 1u;
    let own = motionAt(row, body);
    let torque = vec3f(gradients[own], gradients[own + 1u], gradients[own + 2u]);
    let shift = vec3f(gradients[own + 3u], gradients[own + 4u], gradients[own + 5u]);
    ofUnit = shift + cross(torque, armOf(body, i));
  }
  for (var kind = 0u; kind < 3u; kind++) {
    let t = moved(rawOutput(row, kind * unitGaussians + i));
    put(row, kind, i, step.scale * ofUnit[kind] * gain * (1.0 - t * t));
  }
  for (var kind = 3u; kind < 5u; kind++) {
    let slot = kind * unitGaussians + i;
    let s = sigmoid(rawOutput(row, slot));
    let isAmplitude = kind == 3u;
    // Derivatives of the factor, and of the number that it makes.
    let ofFactor = select(1.0, 2.0, isAmplitude) * s * (1.0 - s);
    let value = models[at + kind * gaussians];
    let ofValue = select(value * s * (1.0 - s) / (0.5 + s), value * (1.0 - s), isAmplitude);
    var gradient = step.scale * inModels[at + kind * gaussians] * ofValue;
    // No penalty where the neutral value is 0.
    if (neutral[slot] * neutral[slot] > 0.0) {
      gradient += step.penalty * (select(0.5 + s, 2.0 * s, isAmplitude) - 1.0) * ofFactor;
    }
    put(row, kind, i, gradient);
  }
}
