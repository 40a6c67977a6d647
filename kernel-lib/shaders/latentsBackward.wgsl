// Backward pass of latents.wgsl, whose statistics are constants within a step, and of the first layer of each network of the
// decoder. One workgroup per row: its threads share the sum of each term, one of them brings the terms to the axes, then all of them
// bring the axes to the last hidden layer of the encoder.

/** Running mean, then standard deviation, of each axis. */
@group(0) @binding(2) var<storage, read> statistics: array<f32>;
@group(0) @binding(3) var<storage, read> z: array<f32>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
/** In the outputs of first layers; receives those in the raw latents and in the last hidden layer of the encoder. */
@group(0) @binding(5) var<storage, read_write> gradients: array<f32>;

const threads = 64u;
const mostAxes = 8u;
const mostTerms = mostAxes + mostAxes * (mostAxes + 1u) / 2u;
var<workgroup> partial: array<f32, threads>;
/** Gradient of the loss in the terms of a network, and in the raw latents. */
var<workgroup> inTerms: array<f32, mostTerms>;
var<workgroup> inAxes: array<f32, mostAxes>;

fn add(axis: u32, value: f32) {
  inAxes[axis] += value / statistics[latent + axis];
}

/** From the terms of a network to the raw latents. */
fn toAxes(row: u32, network: u32, kept: vec2u) {
  let n = parts[network].axisCount;
  var source = 0u;
  for (var i = 0u; i < n; i++) {
    let axis = parts[network].axes[i];
    add(axis, mask(kept, network, axis) * inTerms[source]);
    source++;
  }
  if (!isQuadratic(network)) {
    return;
  }
  for (var i = 0u; i < n; i++) {
    let axis = parts[network].axes[i];
    let own = mask(kept, network, axis);
    let x = z[row * latent + axis] * own;
    add(axis, own * productScale * sqrt(2.0) * x * inTerms[source]);
    source++;
    for (var j = i + 1u; j < n; j++) {
      let other = parts[network].axes[j];
      let others = mask(kept, network, other);
      let value = productScale * inTerms[source];
      source++;
      add(axis, own * value * z[row * latent + other] * others);
      add(other, others * value * x);
    }
  }
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = group.x;
  let left = kept(row);
  if (thread < mostAxes) {
    inAxes[thread] = 0.0;
  }
  for (var network = 0u; network < networks; network++) {
    let pitch = parts[network].outputPitch;
    let begin = parts[network].output + row * pitch;
    for (var term = 0u; term < termCount(network); term++) {
      var sum = 0.0;
      for (var k = thread; k < pitch; k += threads) {
        sum += gradients[begin + k] * weights[parts[network].weights + term * pitch + k];
      }
      partial[thread] = sum;
      workgroupBarrier();
      for (var half = threads / 2u; half > 0u; half /= 2u) {
        if (thread < half) {
          partial[thread] += partial[thread + half];
        }
        workgroupBarrier();
      }
      if (thread == 0u) {
        inTerms[term] = partial[0];
      }
      workgroupBarrier();
    }
    if (thread == 0u) {
      toAxes(row, network, left);
    }
    workgroupBarrier();
  }
  if (thread < latent) {
    gradients[output + row * outputPitch + thread] = inAxes[thread];
  }
  for (var j = thread; j < inputs; j += threads) {
    var sum = 0.0;
    for (var axis = 0u; axis < latent; axis++) {
      sum += inAxes[axis] * weights[weightsAt + j * outputPitch + axis];
    }
    gradients[input + row * inputPitch + j] = sum;
  }
}
