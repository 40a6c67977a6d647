// Targets of the particles on the device in single precision.

@group(0) @binding(3) var<storage, read> allTargets: array<f32>;

/** A number of all targets. */
fn targetNumber(at: u32) -> f32 {
  return allTargets[at];
}
