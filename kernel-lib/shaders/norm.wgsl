// Dropout and batch normalization (Ioffe and Szegedy, 2015) of the last hidden layer. One thread per column.

/** Columns, and numbers from one row to the next. */
override width: u32;
override pitch: u32;
/** Rate of dropout. */
override dropout: f32;
/** Where the hidden layer after its ReLU, its normalized values, and the result start among the activations. */
override hidden: u32;
override normalized: u32;
override treated: u32;

@group(0) @binding(1) var<storage, read_write> activations: array<f32>;
/** Runs of `width` numbers: scale, offset, running mean, running variance, 1/deviation of this batch. */
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>;

/** Decay of the running statistics per batch. */
const momentum = 0.95;
/** Added to the variance. */
const normEpsilon = 1e-3;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  if (j >= width) {
    return;
  }
  let count = f32(step.rows);
  var mean = 0.0;
  for (var b = 0u; b < step.rows; b++) {
    let value = activations[hidden + b * pitch + j] * kept(b * width + j);
    activations[normalized + b * pitch + j] = value;
    mean += value;
  }
  mean /= count;
  var variance = 0.0;
  for (var b = 0u; b < step.rows; b++) {
    let distance = activations[normalized + b * pitch + j] - mean;
    variance += distance * distance;
  }
  variance /= count;
  let inverse = 1.0 / sqrt(variance + normEpsilon);
  parameters[2u * width + j] = momentum * parameters[2u * width + j] + (1.0 - momentum) * mean;
  parameters[3u * width + j] = momentum * parameters[3u * width + j] + (1.0 - momentum) * variance;
  parameters[4u * width + j] = inverse;
  for (var b = 0u; b < step.rows; b++) {
    let at = b * pitch + j;
    let value = (activations[normalized + at] - mean) * inverse;
    activations[normalized + at] = value;
    activations[treated + at] = value * parameters[j] + parameters[width + j];
  }
}
