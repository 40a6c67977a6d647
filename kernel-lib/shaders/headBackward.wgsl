// The gradient of the loss in the raw outputs of the decoder from that of the score in the Gaussians. One thread per raw output, one
// row of workgroups per particle.

/** See head.wgsl. */
override outputs: u32;
override ofFirst: u32;
override firstAmplitude: u32;
override parameters: u32;

@group(0) @binding(1) var<storage, read> slots: array<u32>;
@group(0) @binding(2) var<storage, read> neutral: array<f32>;
@group(0) @binding(3) var<storage, read> models: array<f32>;
@group(0) @binding(4) var<storage, read> derivatives: array<f32>;
/** Gradient of the score in the Gaussians, [count · 5N]. */
@group(0) @binding(5) var<storage, read> gradient: array<f32>;
/** Gradients of the loss in the raw outputs of the first and of the second network. */
@group(0) @binding(6) var<storage, read_write> raw0: array<f32>;
@group(0) @binding(7) var<storage, read_write> raw1: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  let row = id.y;
  if (j >= outputs) {
    return;
  }
  let slot = slots[j];
  let at = row * parameters + slot;
  var g = step.scale * gradient[at];
  if (j >= firstAmplitude) {
    let base = neutral[slot];
    // No penalty where the neutral value is 0.
    if (base * base > 0.0) {
      g += step.penalty * (models[at] - base) / (base * base);
    }
  }
  let value = g * derivatives[row * outputs + j];
  if (j < ofFirst) {
    raw0[row * ofFirst + j] = value;
  } else {
    raw1[row * (outputs - ofFirst) + j - ofFirst] = value;
  }
}
