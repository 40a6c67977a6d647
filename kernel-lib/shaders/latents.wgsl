// From the raw output of the encoder to what the networks of the decoder read: statistics of the latents, standardization, noise,
// nested dropout, polynomials. One workgroup; one thread per axis, then one per particle.

/** [count · latent] */
@group(0) @binding(2) var<storage, read> raw: array<f32>;
/** Running mean, then standard deviation, of each axis. */
@group(0) @binding(3) var<storage, read_write> statistics: array<f32>;
/** Standardized latents with noise, [count · latent]. */
@group(0) @binding(4) var<storage, read_write> z: array<f32>;
/** Terms of the polynomials of the first, and of the second network. */
@group(0) @binding(5) var<storage, read_write> terms0: array<f32>;
@group(0) @binding(6) var<storage, read_write> terms1: array<f32>;

const threads = 64u;
/** Decay of the running statistics per batch. */
const momentum = 0.95;

/** A standard normal number, by the method of Box and Muller. */
fn normal(index: u32) -> f32 {
  return sqrt(-2.0 * log(uniform(index))) * cos(6.283185307179586 * uniform(index + 1u));
}

fn put(network: u32, at: u32, value: f32) {
  if (network == 0u) {
    terms0[at] = value;
  } else {
    terms1[at] = value;
  }
}

fn moveStatistics(axis: u32) {
  let count = f32(step.count);
  var mean = 0.0;
  for (var b = 0u; b < step.count; b++) {
    mean += raw[b * latent + axis];
  }
  mean /= count;
  var squares = 0.0;
  for (var b = 0u; b < step.count; b++) {
    let distance = raw[b * latent + axis] - mean;
    squares += distance * distance;
  }
  let deviation = statistics[latent + axis];
  let variance = momentum * deviation * deviation + (1.0 - momentum) * squares / count;
  statistics[axis] = momentum * statistics[axis] + (1.0 - momentum) * mean;
  statistics[latent + axis] = select(1.0, sqrt(variance), variance > 0.0);
}

fn evaluate(row: u32, network: u32, kept: vec2u) {
  let n = axisCount(network);
  var to = row * termCount(network);
  if (n == 0u) {
    put(network, to, 0.0);
    return;
  }
  for (var i = 0u; i < n; i++) {
    let axis = axisOf(network, i);
    put(network, to, z[row * latent + axis] * mask(kept, network, axis));
    to++;
  }
  if (!isQuadratic(network)) {
    return;
  }
  for (var i = 0u; i < n; i++) {
    let axis = axisOf(network, i);
    let x = z[row * latent + axis] * mask(kept, network, axis);
    put(network, to, productScale * (x * x - 1.0) / sqrt(2.0));
    to++;
    for (var j = i + 1u; j < n; j++) {
      let other = axisOf(network, j);
      put(network, to, productScale * x * z[row * latent + other] * mask(kept, network, other));
      to++;
    }
  }
}

@compute @workgroup_size(threads)
fn main(@builtin(local_invocation_index) thread: u32) {
  for (var axis = thread; axis < latent; axis += threads) {
    moveStatistics(axis);
  }
  storageBarrier();
  workgroupBarrier();
  for (var row = thread; row < step.count; row += threads) {
    for (var axis = 0u; axis < latent; axis++) {
      let at = row * latent + axis;
      let noise = step.noise * normal(0x80000000u + 2u * at);
      z[at] = (raw[at] - statistics[axis]) / statistics[latent + axis] + noise;
    }
    let left = kept(row);
    for (var network = 0u; network < networks; network++) {
      evaluate(row, network, left);
    }
  }
}
