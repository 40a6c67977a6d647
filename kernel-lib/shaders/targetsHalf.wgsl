// Targets of the particles on the device in half precision, two numbers in a word (packTargets.wgsl).

@group(0) @binding(3) var<storage, read> allTargets: array<u32>;

/** A number of all targets. */
fn targetNumber(at: u32) -> f32 {
  return unpack2x16float(allTargets[at / 2u])[at % 2u];
}
