// What every kernel of a training step knows. Joined to those kernels.

struct Step {
  /** Where the particles of the step start in the order of the epoch, and how many there are. */
  first: u32,
  count: u32,
  /** Rows of the networks: particles, with a symmetry their units. */
  rows: u32,
  /** Of the random numbers of the step. */
  seed: u32,
  /** Adam: learning rate and root of the second moment with their bias corrections, decay of the weights. */
  rate: f32,
  root: f32,
  decay: f32,
  /** Factor on the gradient of the score, and on (value − neutral)/neutral² of amplitudes and widths. */
  scale: f32,
  penalty: f32,
  /** Standard deviation of the noise on the latents. */
  noise: f32,
  /** Fraction of the rows for which only the first axes are used, and for which one network of the decoder is left out. */
  axes: f32,
  kinds: f32,
  /** Factor on the penalty on strain, before the size of the gradient; rows on which it is computed. */
  strain: f32,
  strained: u32,
}

@group(0) @binding(0) var<uniform> step: Step;
