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

fn centreAt(at: u32) -> vec3f {
  let gaussians = units * unitGaussians;
  return vec3f(models[at], models[at + gaussians], models[at + 2u * gaussians]);
}

/** Gradient of the strain in the centre of a Gaussian. @param unitAt place of the first Gaussian of its unit */
fn strainOf(unitAt: u32, i: u32) -> vec3f {
  let own = centreAt(unitAt + i);
  var sum = vec3f();
  for (var p = graph[1u + i]; p < graph[2u + i]; p++) {
    let at = 2u + unitGaussians + 3u * p;
    let apart = own - centreAt(unitAt + graph[at]);
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
  var inCentre = vec3f(inModels[at], inModels[at + gaussians], inModels[at + 2u * gaussians]);
  if (row < step.strained) {
    inCentre -= strainOf(unitAt, i);
  }
  // The transposed of a rotation is its inverse.
  let ofUnit = inCentre * turnOf(unit);
  for (var kind = 0u; kind < 3u; kind++) {
    let t = moved(rawOutput(row, kind * unitGaussians + i));
    put(row, kind, i, step.scale * ofUnit[kind] * gain * (1.0 - t * t));
  }
  for (var kind = 3u; kind < 5u; kind++) {
    let slot = kind * unitGaussians + i;
    let base = neutral[slot];
    var gradient = step.scale * inModels[at + kind * gaussians];
    // No penalty where the neutral value is 0.
    if (base * base > 0.0) {
      gradient += step.penalty * (models[at + kind * gaussians] - base) / (base * base);
    }
    let s = sigmoid(rawOutput(row, slot));
    put(row, kind, i, gradient * base * select(1.0, 2.0, kind == 3u) * s * (1.0 - s));
  }
}
