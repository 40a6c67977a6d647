// Power of each ring of a projection, and its product with the target. A workgroup per ring and particle: its threads add every
// 64th sample of the ring, then each other's sums in a fixed order.

/** K, the outermost ring. */
override rings: u32;
/** Complex numbers of a projection, and of a target. */
override imageSamples: u32;
override targetSamples: u32;
/** Samples of a projection with kx = 0, which count once; all others count twice. */
override singles: u32;

/** Where the samples of each ring start in `samples`, [K + 2]. */
@group(0) @binding(0) var<storage, read> starts: array<u32>;
/** Index of a sample in the projection and in the target, ring by ring. */
@group(0) @binding(1) var<storage, read> samples: array<vec2u>;
@group(0) @binding(2) var<storage, read> images: array<vec2f>;
/** Targets, each ring of norm 1. */
@group(0) @binding(3) var<storage, read> targets: array<vec2f>;
/** Power and product with the target of each particle and ring. */
@group(0) @binding(4) var<storage, read_write> sums: array<vec2f>;

const threads = 64u;
var<workgroup> partial: array<vec2f, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let ring = group.x;
  let particle = group.y;
  var sum = vec2f();
  for (var s = starts[ring] + thread; s < starts[ring + 1u]; s += threads) {
    let at = samples[s];
    let p = images[particle * imageSamples + at.x];
    let i = targets[particle * targetSamples + at.y];
    sum += select(2.0, 1.0, at.x < singles) * vec2f(dot(p, p), dot(p, i));
  }
  partial[thread] = sum;
  workgroupBarrier();
  for (var step = threads / 2u; step > 0u; step /= 2u) {
    if (thread < step) {
      partial[thread] += partial[thread + step];
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    sums[particle * (rings + 1u) + ring] = partial[0];
  }
}
