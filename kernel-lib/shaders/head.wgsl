// The head of the decoder. Joined to the kernels that decode, after readActivations.wgsl or
// writeActivations.wgsl. A position moves by reach·tanh(gain·raw/reach) box units,
// an amplitude is multiplied by 2·sigmoid(raw), a width by 0.5 + sigmoid(raw). A raw output is the sum of those of all networks that
// have it.

/** M, Gaussians of a unit, and units of a particle: with a symmetry several. */
override unitGaussians: u32;
override units: u32;
/** Networks of the decoder. */
override networks: u32;
/** Largest displacement, and displacement per raw output near zero, in box units. */
override farthest: f32;
override gain: f32;
/** 1 if what changes is not the neutral model but, for each particle, a model of its own. */
override based: u32;

/**
 * For each network where its outputs start, and numbers from one row to the next; then for each network and each of the 5M
 * parameters of a unit the number of the output that changes it, or −1.
 */
@group(0) @binding(7) var<storage, read> sources: array<i32>;
/** The neutral model of a unit, for each unit its rotation from the first one, row by row, then what bodies.wgsl says. */
@group(0) @binding(8) var<storage, read> neutral: array<f32>;

/** Place of an output of a network that changes a parameter, among the activations and the gradients in them; −1 without one. */
fn outputAt(network: u32, row: u32, slot: u32) -> i32 {
  let source = sources[2u * networks + network * 5u * unitGaussians + slot];
  return select(sources[2u * network] + i32(row) * sources[2u * network + 1u] + source, -1, source < 0);
}

fn rawOutput(row: u32, slot: u32) -> f32 {
  var raw = 0.0;
  for (var network = 0u; network < networks; network++) {
    let at = outputAt(network, row, slot);
    if (at >= 0) {
      raw += activations[at];
    }
  }
  return raw;
}

/** Centre of a Gaussian of the first unit in the neutral model. */
fn neutralCentre(i: u32) -> vec3f {
  return vec3f(neutral[i], neutral[unitGaussians + i], neutral[2u * unitGaussians + i]);
}

fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(-clamp(x, -60.0, 60.0)));
}

/** tanh(gain·raw/farthest) = 2·sigmoid(2·gain·raw/farthest) − 1 */
fn moved(raw: f32) -> f32 {
  return 2.0 * sigmoid(2.0 * gain / farthest * raw) - 1.0;
}

/** Rotation of a unit from the first one. */
fn turnOf(unit: u32) -> mat3x3f {
  let at = 5u * unitGaussians + 9u * unit;
  return transpose(
    mat3x3f(
      vec3f(neutral[at], neutral[at + 1u], neutral[at + 2u]),
      vec3f(neutral[at + 3u], neutral[at + 4u], neutral[at + 5u]),
      vec3f(neutral[at + 6u], neutral[at + 7u], neutral[at + 8u]),
    ),
  );
}

fn varies(slot: u32) -> bool {
  for (var network = 0u; network < networks; network++) {
    if (sources[2u * networks + network * 5u * unitGaussians + slot] >= 0) {
      return true;
    }
  }
  return false;
}

/** Displacement of a Gaussian of its own, box units. */
fn displacement(row: u32, i: u32) -> vec3f {
  var result = vec3f();
  for (var axis = 0u; axis < 3u; axis++) {
    let slot = axis * unitGaussians + i;
    if (varies(slot)) {
      result[axis] = farthest * moved(rawOutput(row, slot));
    }
  }
  return result;
}
