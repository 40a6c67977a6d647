// Backward pass of latents.wgsl, whose statistics are constants within a step. One thread per particle.

/** Running mean, then standard deviation, of each axis. */
@group(0) @binding(2) var<storage, read> statistics: array<f32>;
@group(0) @binding(3) var<storage, read> z: array<f32>;
/** Gradients of the loss in the terms of the first, and of the second network. */
@group(0) @binding(4) var<storage, read> terms0: array<f32>;
@group(0) @binding(5) var<storage, read> terms1: array<f32>;
/** Gradient in the raw output of the encoder, [count · latent]. */
@group(0) @binding(6) var<storage, read_write> gradient: array<f32>;

fn term(network: u32, at: u32) -> f32 {
  if (network == 0u) {
    return terms0[at];
  }
  return terms1[at];
}

fn add(row: u32, axis: u32, value: f32) {
  gradient[row * latent + axis] += value / statistics[latent + axis];
}

fn backward(row: u32, network: u32, kept: vec2u) {
  let n = axisCount(network);
  var source = row * termCount(network);
  for (var i = 0u; i < n; i++) {
    let axis = axisOf(network, i);
    add(row, axis, mask(kept, network, axis) * term(network, source));
    source++;
  }
  if (!isQuadratic(network)) {
    return;
  }
  for (var i = 0u; i < n; i++) {
    let axis = axisOf(network, i);
    let own = mask(kept, network, axis);
    let x = z[row * latent + axis] * own;
    add(row, axis, own * productScale * sqrt(2.0) * x * term(network, source));
    source++;
    for (var j = i + 1u; j < n; j++) {
      let other = axisOf(network, j);
      let others = mask(kept, network, other);
      let value = productScale * term(network, source);
      source++;
      add(row, axis, own * value * z[row * latent + other] * others);
      add(row, other, others * value * x);
    }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= step.count) {
    return;
  }
  for (var axis = 0u; axis < latent; axis++) {
    gradient[row * latent + axis] = 0.0;
  }
  let left = kept(row);
  for (var network = 0u; network < networks; network++) {
    backward(row, network, left);
  }
}
