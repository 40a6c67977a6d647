// Root mean square of the gradient of the score in a centre over the rows on which the penalty on strain is computed. One workgroup,
// whose threads add every 256th number, then each other's sums in a fixed order.

/** See head.wgsl. */
override unitGaussians: u32;
override units: u32;

/** [particles · 5N] */
@group(0) @binding(1) var<storage, read> inModels: array<f32>;
/** See decodeBackward.wgsl. */
@group(0) @binding(2) var<storage, read_write> graph: array<u32>;

const threads = 256u;
var<workgroup> partial: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(local_invocation_index) thread: u32) {
  let gaussians = units * unitGaussians;
  var sum = 0.0;
  for (var row = 0u; row < step.strained; row++) {
    let at = row / units * 5u * gaussians + row % units * unitGaussians;
    for (var axis = 0u; axis < 3u; axis++) {
      for (var i = thread; i < unitGaussians; i += threads) {
        let g = inModels[at + axis * gaussians + i];
        sum += g * g;
      }
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
    graph[0] = bitcast<u32>(sqrt(partial[0] / f32(max(1u, step.strained) * unitGaussians)));
  }
}
