// The gradient of the score in the pose of each particle, from those in the positions of its Gaussians. A workgroup per particle:
// its threads add every 64th Gaussian, then each other's sums in a fixed order.

/** N, Gaussians of a model. */
override gaussians: u32;
/** Numbers from one model to the next: 0 if all particles share one. */
override modelStride: u32;

@group(0) @binding(0) var<storage, read> models: array<f32>;
/** From gather.wgsl. */
@group(0) @binding(1) var<storage, read> moved: array<vec2f>;
/** In the first two rows of the rotation and in the shift: 8 numbers per particle. */
@group(0) @binding(2) var<storage, read_write> gradient: array<f32>;

const threads = 64u;
var<workgroup> partial: array<array<f32, 8>, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let particle = group.x;
  var sum: array<f32, 8>;
  for (var i = thread; i < gaussians; i += threads) {
    let du = moved[particle * gaussians + i];
    for (var j = 0u; j < 3u; j++) {
      let centre = models[particle * modelStride + j * gaussians + i];
      sum[j] += du.x * centre;
      sum[3u + j] += du.y * centre;
    }
    sum[6] += du.x;
    sum[7] += du.y;
  }
  partial[thread] = sum;
  workgroupBarrier();
  for (var step = threads / 2u; step > 0u; step /= 2u) {
    if (thread < step) {
      for (var j = 0u; j < 8u; j++) {
        partial[thread][j] += partial[thread + step][j];
      }
    }
    workgroupBarrier();
  }
  if (thread < 8u) {
    gradient[8u * particle + thread] = partial[0][thread];
  }
}
