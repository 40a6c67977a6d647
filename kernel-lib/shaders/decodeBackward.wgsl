// The gradient of the loss in the raw outputs of the decoder from that of the score in the Gaussians, without the penalty on strain
// (src/training/strain), which is computed on the first rows. One thread per Gaussian of a unit, which adds the pulls of all its
// neighbours; one row of workgroups per unit.

@group(0) @binding(1) var<storage, read_write> gradients: array<f32>;
/** [particles · 5N] */
@group(0) @binding(2) var<storage, read> models: array<f32>;
/** Gradient of the score in them. */
@group(0) @binding(3) var<storage, read> inModels: array<f32>;
/**
 * The root mean square from strainForce.wgsl; where the neighbours of each Gaussian start, [M + 1]; index, distance in the neutral
 * model and stiffness of each neighbour. Numbers with a fraction as their bits.
 */
@group(0) @binding(4) var<storage, read> graph: array<u32>;

/** Centre by which strain is measured: of a change of the neutral model, in the frame of the unit if there are other models below. */
fn centreAt(row: u32, unitAt: u32, i: u32) -> vec3f {
  if (based == 1u) {
    let raw = vec3f(
      rawOutput(row, i),
      rawOutput(row, unitGaussians + i),
      rawOutput(row, 2u * unitGaussians + i),
    );
    return neutralCentre(i) + farthest * vec3f(moved(raw.x), moved(raw.y), moved(raw.z));
  }
  let at = unitAt + i;
  let gaussians = units * unitGaussians;
  return vec3f(models[at], models[at + gaussians], models[at + 2u * gaussians]);
}

/** Gradient of the strain in the centre of a Gaussian. @param unitAt place of the first Gaussian of its unit */
fn strainOf(row: u32, unitAt: u32, i: u32) -> vec3f {
  let own = centreAt(row, unitAt, i);
  var sum = vec3f();
  for (var p = graph[1u + i]; p < graph[2u + i]; p++) {
    let at = 2u + unitGaussians + 3u * p;
    let apart = own - centreAt(row, unitAt, graph[at]);
    let distance = length(apart);
    if (distance > 0.0) {
      let stretch = (distance - bitcast<f32>(graph[at + 1u])) * bitcast<f32>(graph[at + 2u]);
      sum += clamp(stretch, -1.0, 1.0) / distance * apart;
    }
  }
  return step.strain * bitcast<f32>(graph[0]) * sum;
}

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
  let unitAt = row / units * 5u * gaussians + unit * unitGaussians;
  let at = unitAt + i;
  let inCentre = vec3f(inModels[at], inModels[at + gaussians], inModels[at + 2u * gaussians]);
  // The transposed of a rotation is its inverse.
  let turn = turnOf(unit);
  var ofUnit = inCentre * turn;
  if (row < step.strained) {
    let strain = strainOf(row, unitAt, i);
    ofUnit -= select(strain * turn, strain, based == 1u);
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
