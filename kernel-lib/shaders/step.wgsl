// What every kernel of a training step knows, and its random numbers. Joined to those kernels.

struct Step {
  /** Where the particles of the step start among those on the device, and how many there are. */
  first: u32,
  count: u32,
  /** Of the random numbers of the step. */
  seed: u32,
  unused: u32,
  /** Adam: learning rate and root of the second moment with their bias corrections, decay of the weights. */
  rate: f32,
  root: f32,
  decay: f32,
  /** Factor on the gradient of the score, and on (value − neutral)/neutral² of amplitudes and widths. */
  scale: f32,
  penalty: f32,
  /** Standard deviation of the noise on the latents. */
  noise: f32,
  /** Fraction of the particles for which only the first axes are used, and for which only one network of the decoder is. */
  axes: f32,
  kinds: f32,
  /** Factor on the penalty on strain, before the size of the gradient; particles on which it is computed. */
  strain: f32,
  strained: u32,
}

@group(0) @binding(0) var<storage, read> step: Step;

/** A random number for each index, the same in every run: a hash with the permutation of PCG (O'Neill, 2014). */
fn random(index: u32) -> u32 {
  let state = (index ^ step.seed) * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

/** Uniform in (0, 1). */
fn uniform(index: u32) -> f32 {
  return (f32(random(index) >> 8u) + 0.5) / 16777216.0;
}
