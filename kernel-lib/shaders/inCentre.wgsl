// The gradient of the score, without the penalty on strain, in the centre of a Gaussian, in the frame of its unit. Joined to
// decodeBackward.wgsl and rigidBackward.wgsl.

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
    return neutralCentre(i) + displaced(row, i);
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

fn inCentre(row: u32, i: u32) -> vec3f {
  let unit = row % units;
  let gaussians = units * unitGaussians;
  let unitAt = row / units * 5u * gaussians + unit * unitGaussians;
  let at = unitAt + i;
  let ofWhole = vec3f(inModels[at], inModels[at + gaussians], inModels[at + 2u * gaussians]);
  // The transposed of a rotation is its inverse.
  let turn = turnOf(unit);
  let ofUnit = ofWhole * turn;
  if (row >= step.strained) {
    return ofUnit;
  }
  let strain = strainOf(row, unitAt, i);
  return ofUnit - select(strain * turn, strain, based == 1u);
}
