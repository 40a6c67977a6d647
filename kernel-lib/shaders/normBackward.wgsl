// Backward pass of norm.wgsl and of the ReLU before it, and a step of Adam for scale and offset. One thread per column.

override width: u32;
/** Rate of dropout. */
override dropout: f32;

/** [count · width], after its ReLU. */
@group(0) @binding(1) var<storage, read> hidden: array<f32>;
/** See norm.wgsl. */
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(3) var<storage, read> normalized: array<f32>;
/** Moments of the scales, then of the offsets. */
@group(0) @binding(4) var<storage, read_write> moments: array<vec2f>;
/** Gradient of the loss in the output; receives that in the input of the ReLU. [count · width] */
@group(0) @binding(5) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  if (j >= width) {
    return;
  }
  let count = f32(step.count);
  var sum = 0.0;
  var product = 0.0;
  for (var b = 0u; b < step.count; b++) {
    let at = b * width + j;
    sum += gradient[at];
    product += gradient[at] * normalized[at];
  }
  let factor = parameters[j] * parameters[4u * width + j];
  for (var b = 0u; b < step.count; b++) {
    let at = b * width + j;
    let value = (gradient[at] - sum / count - normalized[at] * product / count) * factor;
    gradient[at] = select(0.0, value * kept(at), hidden[at] > 0.0);
  }
  let scale = adam(moments[j], product);
  moments[j] = scale.xy;
  parameters[j] -= scale.z;
  let offset = adam(moments[width + j], sum);
  moments[width + j] = offset.xy;
  parameters[width + j] -= offset.z;
}
