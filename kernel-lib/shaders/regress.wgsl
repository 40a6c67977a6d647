// The gradient of Σ weight·(y − goal)² / Σ weight in the encoder's raw outputs, with y the latents that can be read
// (src/network/latentFrame.ts). One workgroup, a thread for every 64th row of the step; the weights are added in a fixed order.

/** Axes of the latent space. */
override latent: u32;
/** Where the raw outputs start among the activations, and numbers from one row to the next. */
override output: u32;
override outputPitch: u32;
/** Points of the tables of arc lengths. */
override points: u32;

/** Rows in the order in which they are learned from. */
@group(0) @binding(1) var<storage, read> order: array<u32>;
/** Goal, then weight of each axis of a row, [rows · 2 · latent]. */
@group(0) @binding(2) var<storage, read> goals: array<f32>;
/**
 * Mean and standard deviation of each axis of the raw outputs, the matrix of the frame, for each axis 1 if it has a table; then for
 * each axis the network coordinates of the table, and the arc lengths there.
 */
@group(0) @binding(3) var<storage, read> frame: array<f32>;
@group(0) @binding(4) var<storage, read> activations: array<f32>;
@group(0) @binding(5) var<storage, read_write> gradients: array<f32>;

const threads = 64u;
var<workgroup> partial: array<f32, threads>;

fn standardized(row: u32, axis: u32) -> f32 {
  return (activations[output + row * outputPitch + axis] - frame[axis]) / frame[latent + axis];
}

fn matrix(a: u32, d: u32) -> f32 {
  return frame[2u * latent + a * latent + d];
}

/** Latent and its derivative in the number that the matrix gives. */
fn scaled(axis: u32, x: f32) -> vec2f {
  if (frame[2u * latent + latent * latent + axis] == 0.0) {
    return vec2f(x, 1.0);
  }
  let xs = 3u * latent + latent * latent + axis * 2u * points;
  var low = 0u;
  var high = points - 1u;
  while (high - low > 1u) {
    let middle = (low + high) / 2u;
    if (frame[xs + middle] <= x) {
      low = middle;
    } else {
      high = middle;
    }
  }
  let ys = xs + points;
  let slope = (frame[ys + low + 1u] - frame[ys + low]) / (frame[xs + low + 1u] - frame[xs + low]);
  return vec2f(frame[ys + low] + (x - frame[xs + low]) * slope, slope);
}

fn differentiate(row: u32, total: f32) {
  let goal = order[step.first + row] * 2u * latent;
  let to = output + row * outputPitch;
  for (var d = 0u; d < latent; d++) {
    gradients[to + d] = 0.0;
  }
  for (var a = 0u; a < latent; a++) {
    var x = 0.0;
    for (var d = 0u; d < latent; d++) {
      x += matrix(a, d) * standardized(row, d);
    }
    let y = scaled(a, x);
    let gradient = 2.0 * goals[goal + latent + a] * (y.x - goals[goal + a]) / total * y.y;
    for (var d = 0u; d < latent; d++) {
      gradients[to + d] += gradient * matrix(a, d) / frame[latent + d];
    }
  }
}

@compute @workgroup_size(threads)
fn main(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var row = thread; row < step.rows; row += threads) {
    let goal = order[step.first + row] * 2u * latent;
    for (var a = 0u; a < latent; a++) {
      sum += goals[goal + latent + a];
    }
  }
  partial[thread] = sum;
  workgroupBarrier();
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    if (thread < half) {
      partial[thread] += partial[thread + half];
    }
    workgroupBarrier();
  }
  for (var row = thread; row < step.rows; row += threads) {
    differentiate(row, partial[0]);
  }
}
