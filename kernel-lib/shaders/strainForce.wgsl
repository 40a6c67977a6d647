// Root mean square of the gradient of the score in a centre over the particles on which the penalty on strain is computed. One
// workgroup, whose threads add every 256th number, then each other's sums in a fixed order.

/** N, Gaussians of a model. */
override gaussians: u32;

/** [count · 5N] */
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read_write> force: array<f32>;

const threads = 256u;
var<workgroup> partial: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var row = 0u; row < step.strained; row++) {
    for (var i = thread; i < 3u * gaussians; i += threads) {
      let g = gradient[row * 5u * gaussians + i];
      sum += g * g;
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
  if (thread == 0u) {
    force[0] = sqrt(partial[0] / f32(step.strained * gaussians));
  }
}
