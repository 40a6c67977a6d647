// From an image and its target to the FRC of every ring, the score, and the gradient of the score in the image.

// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { Job } from "./job";

/** A ring with less than this fraction of the power of all rings is empty, as in src/projection/batch.ts. */
const emptyRing: f64 = 1e-30;
/** Squared norms below this would underflow in float32. */
const smallest: f64 = 1e-70;

/** The power up to which a ring is empty, from records of `pitch` bytes per ring that start with its power. */
export function leastPower(powers: usize, pitch: usize, rings: i32): f64 {
  let whole: f64 = 0;
  for (let r = 1; r <= rings; r++) whole += load<f64>(powers + pitch * <usize>r);
  // Rings that are not finite must not count as empty.
  return min(max(emptyRing * whole, smallest), f64.MAX_VALUE);
}

/** Scratch bytes: two sums and two factors per ring. */
export function ringBytes(rings: i32): usize {
  return 24 * (<usize>rings + 1);
}

/**
 * Correlates `image` (disc layout of the job's rings) with target `b` and writes FRC and score. Unless `gradient` is 0,
 * also writes G in the same layout, including the multiplicity: d score = Σ Re(G*·dP).
 */
export function correlate(job: Job, b: i32, image: usize, gradient: usize, scratch: usize): void {
  const rings = job.rings;
  const width = 2 * rings + 1;
  const targetWidth = 2 * job.targetRings + 1;
  const target = job.targets + <usize>b * <usize>((job.targetRings + 1) * targetWidth * 8);
  // Sums in float64, since in the map's units P² may underflow in float32.
  const sums = scratch;
  const factors = sums + 16 * (<usize>rings + 1);
  memory.fill(sums, 0, 16 * (<usize>rings + 1));
  for (let kx = 0; kx <= rings; kx++) {
    const extent = load<i32>(job.extent + 4 * kx);
    const m: f32 = kx > 0 ? 2 : 1;
    let p = image + 8 * (kx * width + rings - extent);
    let r = job.ring + 4 * (kx * width + rings - extent);
    let t = target + 8 * (kx * targetWidth + job.targetRings - extent);
    const end = p + 8 * (2 * extent + 1);
    while (p < end) {
      const pr = load<f32>(p);
      const pi = load<f32>(p, 4);
      const at = sums + <usize>(16 * load<i32>(r));
      store<f64>(at, load<f64>(at) + <f64>m * (<f64>pr * pr + <f64>pi * pi));
      store<f64>(at, load<f64>(at, 8) + <f64>(m * (pr * load<f32>(t) + pi * load<f32>(t, 4))), 8);
      p += 8;
      r += 4;
      t += 8;
    }
  }
  const frc = job.frc + <usize>b * <usize>(4 * (rings + 1));
  const weights = job.weights + <usize>b * <usize>(4 * job.weightStride);
  const least = leastPower(sums, 16, rings);
  let score: f32 = 0;
  for (let r = 0; r <= rings; r++) {
    const power = load<f64>(sums + <usize>(16 * r));
    let value: f64 = 0;
    let onTarget: f64 = 0;
    let onImage: f64 = 0;
    if (r > 0 && !(power <= least)) {
      const length = Math.sqrt(power);
      const w = load<f32>(weights + 4 * r);
      value = load<f64>(sums + <usize>(16 * r), 8) / length;
      onTarget = <f64>w / length;
      onImage = value / length;
      score += w * <f32>value;
    }
    store<f32>(frc + 4 * r, <f32>value);
    store<f32>(factors + <usize>(8 * r), <f32>onTarget);
    store<f32>(factors + <usize>(8 * r), <f32>onImage, 4);
  }
  store<f32>(job.score + 4 * b, score);
  if (gradient !== 0) imageGradient(job, image, target, gradient, factors);
}

/** The gradient of the score in the image, from the factors of each ring on target and image. */
function imageGradient(job: Job, image: usize, target: usize, gradient: usize, factors: usize): void {
  const rings = job.rings;
  const width = 2 * rings + 1;
  const targetWidth = 2 * job.targetRings + 1;
  for (let kx = 0; kx <= rings; kx++) {
    const extent = load<i32>(job.extent + 4 * kx);
    const m: f32 = kx > 0 ? 2 : 1;
    const start = 8 * (kx * width + rings - extent);
    let p = image + start;
    let g = gradient + start;
    let r = job.ring + 4 * (kx * width + rings - extent);
    let t = target + 8 * (kx * targetWidth + job.targetRings - extent);
    const end = p + 8 * (2 * extent + 1);
    while (p < end) {
      const at = factors + <usize>(8 * load<i32>(r));
      const onTarget = m * load<f32>(at);
      const onImage = load<f32>(at, 4);
      store<f32>(g, onTarget * (load<f32>(t) - onImage * load<f32>(p)));
      store<f32>(g, onTarget * (load<f32>(t, 4) - onImage * load<f32>(p, 4)), 4);
      p += 8;
      g += 8;
      r += 4;
      t += 8;
    }
  }
}
