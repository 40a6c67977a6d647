// Fourier ring correlation and score of each particle, and the factors from which the gradient in its projection is made
// (gradient.wgsl). One thread per particle.

/** K, the outermost ring. */
override rings: u32;
/** Numbers from one particle's ring weights to the next one's: 0 if all share them. */
override weightStride: u32;
/** Particles of the batch. */
@group(0) @binding(0) var<storage, read> count: u32;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
/** From rings.wgsl. */
@group(0) @binding(2) var<storage, read> sums: array<vec2f>;
/** K + 1 numbers per particle: its score in place 0, then the FRC of each ring. */
@group(0) @binding(3) var<storage, read_write> frc: array<f32>;
/** For each ring, w/|P| on the target, and FRC/|P| on the projection. */
@group(0) @binding(4) var<storage, read_write> factors: array<vec2f>;

/** A ring with less than this fraction of the power of all rings is empty, as in src/projection/batch.ts. */
const emptyRing = 1e-30;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let particle = id.x;
  if (particle >= count) {
    return;
  }
  let first = particle * (rings + 1u);
  var whole = 0.0;
  for (var r = 1u; r <= rings; r++) {
    whole += sums[first + r].x;
  }
  let least = emptyRing * whole;
  var score = 0.0;
  factors[first] = vec2f();
  for (var r = 1u; r <= rings; r++) {
    let power = sums[first + r].x;
    var value = 0.0;
    var factor = vec2f();
    if (power > least) {
      let length = sqrt(power);
      let weight = weights[particle * weightStride + r];
      value = sums[first + r].y / length;
      factor = vec2f(weight, value) / length;
      score += weight * value;
    }
    frc[first + r] = value;
    factors[first + r] = factor;
  }
  frc[first] = score;
}
