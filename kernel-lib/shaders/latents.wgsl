// From the last hidden layer of the encoder to what the networks of the decoder read: the last layer, statistics of the latents,
// standardization, noise, nested dropout, polynomials. One workgroup, since statistics are those of all rows: one thread per raw
// latent, then one per axis, then one per row.

@group(0) @binding(2) var<storage, read_write> activations: array<f32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
/** Running mean, then standard deviation, of each axis. */
@group(0) @binding(4) var<storage, read_write> statistics: array<f32>;
/** Standardized latents with noise, [rows · latent]. */
@group(0) @binding(5) var<storage, read_write> z: array<f32>;

const threads = 256u;
/** Decay of the running statistics per batch. */
const momentum = 0.95;

/** A standard normal number, by the method of Box and Muller. */
fn normal(index: u32) -> f32 {
  return sqrt(-2.0 * log(fraction(index))) * cos(6.283185307179586 * fraction(index + 1u));
}

fn raw(row: u32, axis: u32) -> f32 {
  return activations[output + row * outputPitch + axis];
}

fn encode(row: u32, axis: u32) {
  var sum = 0.0;
  for (var k = 0u; k < inputs; k++) {
    sum += activations[input + row * inputPitch + k] * weights[weightsAt + k * outputPitch + axis];
  }
  activations[output + row * outputPitch + axis] = sum + weights[weightsAt + inputPitch * outputPitch + axis];
}

fn moveStatistics(axis: u32) {
  let count = f32(step.rows);
  var mean = 0.0;
  for (var b = 0u; b < step.rows; b++) {
    mean += raw(b, axis);
  }
  mean /= count;
  var squares = 0.0;
  for (var b = 0u; b < step.rows; b++) {
    let distance = raw(b, axis) - mean;
    squares += distance * distance;
  }
  let deviation = statistics[latent + axis];
  let variance = momentum * deviation * deviation + (1.0 - momentum) * squares / count;
  statistics[axis] = momentum * statistics[axis] + (1.0 - momentum) * mean;
  statistics[latent + axis] = select(1.0, sqrt(variance), variance > 0.0);
}

@compute @workgroup_size(threads)
fn main(@builtin(local_invocation_index) thread: u32) {
  for (var i = thread; i < step.rows * latent; i += threads) {
    encode(i / latent, i % latent);
  }
  storageBarrier();
  workgroupBarrier();
  for (var axis = thread; axis < latent; axis += threads) {
    moveStatistics(axis);
  }
  storageBarrier();
  workgroupBarrier();
  for (var row = thread; row < step.rows; row += threads) {
    for (var axis = 0u; axis < latent; axis++) {
      let at = row * latent + axis;
      let noise = step.noise * normal(0x80000000u + 2u * at);
      z[at] = (raw(row, axis) - statistics[axis]) / statistics[latent + axis] + noise;
    }
    let left = kept(row);
    for (var network = 0u; network < networks; network++) {
      putTerms(row, network, left);
    }
  }
}
