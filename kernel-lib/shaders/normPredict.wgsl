// Batch normalization of the last hidden layer by its running statistics, as it is after the training: norm.wgsl without dropout.
// One thread per column, one row of workgroups per row.

/** Columns, and numbers from one row to the next. */
override width: u32;
override pitch: u32;
/** Where the hidden layer after its ReLU, and the result start among the activations. */
override hidden: u32;
override treated: u32;

@group(0) @binding(1) var<storage, read_write> activations: array<f32>;
/** See norm.wgsl. */
@group(0) @binding(2) var<storage, read> parameters: array<f32>;

/** Added to the variance. */
const normEpsilon = 1e-3;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  if (j >= width) {
    return;
  }
  let at = id.y * pitch + j;
  let factor = parameters[j] / sqrt(parameters[3u * width + j] + normEpsilon);
  activations[treated + at] = (activations[hidden + at] - parameters[2u * width + j]) * factor + parameters[width + j];
}
