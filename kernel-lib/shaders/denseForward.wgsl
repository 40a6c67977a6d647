// Output of a dense layer, input · weights + bias, optionally followed by a ReLU, as a product of matrices (realProduct.wgsl): the
// bias is the last row of the weights, of an input that is 1.

override inputs: u32;
override columns: u32;
override relu: u32;

/** [count · inputs] */
@group(0) @binding(1) var<storage, read> input: array<f32>;
/** [(inputs + 1) · columns] */
@group(0) @binding(2) var<storage, read> weights: array<f32>;
/** [count · columns] */
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

fn rows() -> u32 {
  return step.count;
}

fn inner() -> u32 {
  return inputs + 1u;
}

fn left(row: u32, k: u32) -> f32 {
  if (k == inputs) {
    return 1.0;
  }
  return input[row * inputs + k];
}

fn right(k: u32, column: u32) -> f32 {
  return weights[k * columns + column];
}

fn put(row: u32, column: u32, value: f32) {
  output[row * columns + column] = select(value, max(value, 0.0), relu == 1u);
}
