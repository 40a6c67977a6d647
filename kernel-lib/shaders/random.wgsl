// Random numbers of a training step, drawn by counting: joined to step.wgsl and the kernels that draw them.

/** A random number for each index, the same in every run: a hash with the permutation of PCG (O'Neill, 2014). */
fn random(index: u32) -> u32 {
  let state = (index ^ step.seed) * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

/** Uniform in (0, 1). */
fn fraction(index: u32) -> f32 {
  return (f32(random(index) >> 8u) + 0.5) / 16777216.0;
}
