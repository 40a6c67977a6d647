// Backward pass of norm.wgsl and of the ReLU before it, and a step of Adam for scale and offset. One thread per column.

override width: u32;
override pitch: u32;
/** Rate of dropout. */
override dropout: f32;
/** See norm.wgsl. */
override hidden: u32;
override normalized: u32;
override treated: u32;

@group(0) @binding(1) var<storage, read> activations: array<f32>;
/** Gradient of the loss in the result; receives that in the input of the ReLU at the place of the hidden layer. */
@group(0) @binding(2) var<storage, read_write> gradients: array<f32>;
/** See norm.wgsl. */
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;
/** First and second moments of scale and offset of each column. */
@group(0) @binding(4) var<storage, read_write> moments: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  if (j >= width) {
    return;
  }
  let count = f32(step.rows);
  var sum = 0.0;
  var product = 0.0;
  for (var b = 0u; b < step.rows; b++) {
    let gradient = gradients[treated + b * pitch + j];
    sum += gradient;
    product += gradient * activations[normalized + b * pitch + j];
  }
  let factor = parameters[j] * parameters[4u * width + j];
  for (var b = 0u; b < step.rows; b++) {
    let at = b * pitch + j;
    let centred = gradients[treated + at] - sum / count - activations[normalized + at] * product / count;
    let isOn = activations[hidden + at] > 0.0;
    gradients[hidden + at] = select(0.0, centred * factor * kept(b * width + j), isOn);
  }
  let gradient = vec4f(product, sum, 0.0, 0.0);
  let m = firstMoment(vec4f(moments[j].xy, 0.0, 0.0), gradient);
  let v = secondMoment(vec4f(moments[j].zw, 0.0, 0.0), gradient);
  moments[j] = vec4f(m.xy, v.xy);
  let change = adamStep(m, v);
  parameters[j] -= change.x;
  parameters[width + j] -= change.y;
}
