// Dropout of the last hidden layer. Joined to norm.wgsl and normBackward.wgsl.

/** 0 with probability `dropout`, else 1/(1 − dropout). */
fn kept(at: u32) -> f32 {
  return select(0.0, 1.0 / (1.0 - dropout), fraction(at) >= dropout);
}
