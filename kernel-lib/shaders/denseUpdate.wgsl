// A step of Adam for the weights of a dense layer. Their gradient, inputᵀ · outputGradient, is a product of matrices
// (realProduct.wgsl) and never stored. The bias does not decay.

override inputs: u32;
override columns: u32;

/** [count · inputs] */
@group(0) @binding(1) var<storage, read> input: array<f32>;
/** [count · columns] */
@group(0) @binding(2) var<storage, read> outputGradient: array<f32>;
/** [(inputs + 1) · columns], the last row is the bias. */
@group(0) @binding(3) var<storage, read_write> weights: array<f32>;
/** Moments of each weight. */
@group(0) @binding(4) var<storage, read_write> moments: array<vec2f>;

fn rows() -> u32 {
  return inputs + 1u;
}

fn inner() -> u32 {
  return step.count;
}

fn left(row: u32, k: u32) -> f32 {
  if (row == inputs) {
    return 1.0;
  }
  return input[k * inputs + row];
}

fn right(k: u32, column: u32) -> f32 {
  return outputGradient[k * columns + column];
}

fn put(row: u32, column: u32, gradient: f32) {
  let at = row * columns + column;
  let next = adam(moments[at], gradient);
  moments[at] = next.xy;
  let old = weights[at];
  weights[at] = old - next.z - select(0.0, old * step.decay, row < inputs);
}
