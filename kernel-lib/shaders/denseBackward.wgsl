// Gradient of the loss in the input of a dense layer from that in its output, as a product of matrices (realProduct.wgsl); where
// the input came from a ReLU, that in the ReLU's input.

override columns: u32;
override outputs: u32;
override relu: u32;

/** [count · columns] */
@group(0) @binding(1) var<storage, read> input: array<f32>;
/** [(columns + 1) · outputs], the last row is the bias. */
@group(0) @binding(2) var<storage, read> weights: array<f32>;
/** [count · outputs] */
@group(0) @binding(3) var<storage, read> outputGradient: array<f32>;
/** [count · columns] */
@group(0) @binding(4) var<storage, read_write> inputGradient: array<f32>;

fn rows() -> u32 {
  return step.count;
}

fn inner() -> u32 {
  return outputs;
}

fn left(row: u32, k: u32) -> f32 {
  return outputGradient[row * outputs + k];
}

fn right(k: u32, column: u32) -> f32 {
  return weights[column * outputs + k];
}

fn put(row: u32, column: u32, value: f32) {
  let at = row * columns + column;
  inputGradient[at] = select(value, 0.0, relu == 1u && !(input[at] > 0.0));
}
