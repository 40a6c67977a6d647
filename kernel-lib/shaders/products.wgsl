// Inner products in each ring of the projections of a particle's models with its target and with one another, see `products` in
// src/projection/engine.ts. A workgroup per ring, pair and particle: its threads add every 64th sample of the ring, then each
// other's sums in a fixed order.

/** K, the outermost ring. */
override rings: u32;
/** Complex numbers of a projection, and of a target. */
override imageSamples: u32;
override targetSamples: u32;
/** Samples of a projection with kx = 0, which count once; all others count twice. */
override singles: u32;
/** V, models of a particle. */
override variants: u32;
/** Pairs of target and models: V + V(V + 1)/2. */
override pairs: u32;

/** Where the samples of each ring start in `samples`, [K + 2]. */
@group(0) @binding(0) var<storage, read> starts: array<u32>;
/** Index of a sample in the projection and in the target, ring by ring. */
@group(0) @binding(1) var<storage, read> samples: array<vec2u>;
@group(0) @binding(2) var<storage, read> images: array<vec2f>;
@group(0) @binding(3) var<storage, read> targets: array<vec2f>;
/** The two factors of each pair: model v, and model w, or `variants` for the target. */
@group(0) @binding(4) var<storage, read> factors: array<vec2u>;
/** [particles · (K + 1) · pairs], not yet divided by norms. */
@group(0) @binding(5) var<storage, read_write> sums: array<f32>;

const threads = 64u;
var<workgroup> partial: array<f32, threads>;

/** A sample of Q_0, or of the difference of another projection from it. */
fn projection(particle: u32, variant: u32, sample: u32) -> vec2f {
  let first = particle * variants * imageSamples + sample;
  let q = images[first];
  if (variant == 0u) {
    return q;
  }
  return images[first + variant * imageSamples] - q;
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let ring = group.x;
  let pair = factors[group.y];
  let particle = group.z;
  var sum = 0.0;
  for (var s = starts[ring] + thread; s < starts[ring + 1u]; s += threads) {
    let at = samples[s];
    let v = projection(particle, pair.x, at.x);
    var w: vec2f;
    if (pair.y == variants) {
      w = targets[particle * targetSamples + at.y];
    } else {
      w = projection(particle, pair.y, at.x);
    }
    sum += select(2.0, 1.0, at.x < singles) * dot(v, w);
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
    sums[(particle * (rings + 1u) + ring) * pairs + group.y] = partial[0];
  }
}
