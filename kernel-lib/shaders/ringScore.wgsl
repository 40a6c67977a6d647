// Fourier ring correlation and score of each particle, and the factors from which the gradient in its projection is made
// (fieldY.wgsl). A workgroup per particle: `lanes` threads share the samples of a ring and add each other's sums in a fixed order.

/** K, the outermost ring. */
override rings: u32;
/** Complex numbers of a projection, and of a target. */
override imageSamples: u32;
override targetSamples: u32;
/** Samples of a projection with kx = 0, which count once; all others count twice. */
override singles: u32;
/** Numbers from one particle's ring weights to the next one's: 0 if all share them. */
override weightStride: u32;
/** Threads of a ring, a power of two. */
override lanes: u32;

/** Where the samples of each ring start in `samples`, [K + 2]. */
@group(0) @binding(0) var<storage, read> starts: array<u32>;
/** Index of a sample in the projection and in the target, ring by ring. */
@group(0) @binding(1) var<storage, read> samples: array<vec2u>;
@group(0) @binding(2) var<storage, read> images: array<vec2f>;
/** Targets, each ring of norm 1. */
@group(0) @binding(3) var<storage, read> targets: array<vec2f>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
/** K + 1 numbers per particle: its score in place 0, then the FRC of each ring. */
@group(0) @binding(5) var<storage, read_write> frc: array<f32>;
/** For each ring, w/|P| on the target, and FRC/|P| on the projection. */
@group(0) @binding(6) var<storage, read_write> factors: array<vec2f>;

/** A ring with less than this fraction of the power of all rings is empty, as in src/projection/batch.ts. */
const emptyRing = 1e-30;
const threads = 256u;
var<workgroup> partial: array<vec2f, threads>;
/** Power of each ring, and its product with the target; then its part of the score. */
var<workgroup> sums: array<vec2f, rings + 1u>;
var<workgroup> whole: f32;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let particle = group.x;
  let together = threads / lanes;
  for (var base = 1u; base <= rings; base += together) {
    let ring = base + thread / lanes;
    var sum = vec2f();
    if (ring <= rings) {
      for (var s = starts[ring] + thread % lanes; s < starts[ring + 1u]; s += lanes) {
        let at = samples[s];
        let p = images[particle * imageSamples + at.x];
        let i = targets[particle * targetSamples + at.y];
        sum += select(2.0, 1.0, at.x < singles) * vec2f(dot(p, p), dot(p, i));
      }
    }
    partial[thread] = sum;
    workgroupBarrier();
    for (var half = lanes / 2u; half > 0u; half /= 2u) {
      if (thread % lanes < half) {
        partial[thread] += partial[thread + half];
      }
      workgroupBarrier();
    }
    if (thread % lanes == 0u && ring <= rings) {
      sums[ring] = partial[thread];
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    whole = 0.0;
    for (var ring = 1u; ring <= rings; ring++) {
      whole += sums[ring].x;
    }
  }
  workgroupBarrier();
  let first = particle * (rings + 1u);
  for (var ring = 1u + thread; ring <= rings; ring += threads) {
    let power = sums[ring].x;
    var value = 0.0;
    var factor = vec2f();
    var part = 0.0;
    if (power > emptyRing * whole) {
      let length = sqrt(power);
      let weight = weights[particle * weightStride + ring];
      value = sums[ring].y / length;
      factor = vec2f(weight, value) / length;
      part = weight * value;
    }
    frc[first + ring] = value;
    factors[first + ring] = factor;
    sums[ring].x = part;
  }
  workgroupBarrier();
  if (thread == 0u) {
    var score = 0.0;
    for (var ring = 1u; ring <= rings; ring++) {
      score += sums[ring].x;
    }
    frc[first] = score;
    factors[first] = vec2f();
  }
}
