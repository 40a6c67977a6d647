// The head of the decoder: from its raw outputs to the Gaussians of each particle, and the derivative of each in its raw output. A
// position moves by reach·tanh(gain·raw/reach) box units, an amplitude is multiplied by 2·sigmoid(raw), a width by 0.5 + sigmoid(raw).
// One thread per raw output, one row of workgroups per particle. Parameters that do not vary are in `models` already.

/** Raw outputs of a particle; of the first network; index of the first one of the amplitudes, and of the widths. */
override outputs: u32;
override ofFirst: u32;
override firstAmplitude: u32;
override firstWidth: u32;
/** Numbers of a model, 5N. */
override parameters: u32;
/** Largest displacement, and displacement per raw output near zero, in box units. */
override reach: f32;
override gain: f32;

/** Raw outputs of the first and of the second network of the decoder. */
@group(0) @binding(0) var<storage, read> raw0: array<f32>;
@group(0) @binding(1) var<storage, read> raw1: array<f32>;
/** Index of the parameter of each raw output. */
@group(0) @binding(2) var<storage, read> slots: array<u32>;
@group(0) @binding(3) var<storage, read> neutral: array<f32>;
@group(0) @binding(4) var<storage, read_write> models: array<f32>;
/** [count · outputs] */
@group(0) @binding(5) var<storage, read_write> derivatives: array<f32>;

fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(-clamp(x, -60.0, 60.0)));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  let row = id.y;
  if (j >= outputs) {
    return;
  }
  var raw: f32;
  if (j < ofFirst) {
    raw = raw0[row * ofFirst + j];
  } else {
    raw = raw1[row * (outputs - ofFirst) + j - ofFirst];
  }
  let slot = slots[j];
  let base = neutral[slot];
  var value: f32;
  var derivative: f32;
  if (j < firstAmplitude) {
    // tanh(x) = 2·sigmoid(2x) − 1
    let t = 2.0 * sigmoid(2.0 * gain / reach * raw) - 1.0;
    value = base + reach * t;
    derivative = gain * (1.0 - t * t);
  } else {
    let s = sigmoid(raw);
    let isAmplitude = j < firstWidth;
    let factor = select(1.0, 2.0, isAmplitude);
    value = base * (factor * s + select(0.5, 0.0, isAmplitude));
    derivative = base * factor * s * (1.0 - s);
  }
  models[row * parameters + slot] = value;
  derivatives[row * outputs + j] = derivative;
}
