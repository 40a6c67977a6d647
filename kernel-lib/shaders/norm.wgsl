// Dropout and batch normalization (Ioffe and Szegedy, 2015) of the last hidden layer. One thread per column.

override width: u32;
/** Rate of dropout. */
override dropout: f32;

/** [count · width], after its ReLU. */
@group(0) @binding(1) var<storage, read> hidden: array<f32>;
/** Runs of `width` numbers: scale, offset, running mean, running variance, 1/deviation of this batch. */
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>;
/** [count · width] */
@group(0) @binding(3) var<storage, read_write> normalized: array<f32>;
/** [count · width] */
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

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
  let count = f32(step.count);
  var mean = 0.0;
  for (var b = 0u; b < step.count; b++) {
    let at = b * width + j;
    let value = hidden[at] * kept(at);
    normalized[at] = value;
    mean += value;
  }
  mean /= count;
  var variance = 0.0;
  for (var b = 0u; b < step.count; b++) {
    let distance = normalized[b * width + j] - mean;
    variance += distance * distance;
  }
  variance /= count;
  let inverse = 1.0 / sqrt(variance + normEpsilon);
  parameters[2u * width + j] = momentum * parameters[2u * width + j] + (1.0 - momentum) * mean;
  parameters[3u * width + j] = momentum * parameters[3u * width + j] + (1.0 - momentum) * variance;
  parameters[4u * width + j] = inverse;
  for (var b = 0u; b < step.count; b++) {
    let at = b * width + j;
    let value = (normalized[at] - mean) * inverse;
    normalized[at] = value;
    output[at] = value * parameters[j] + parameters[width + j];
  }
}
