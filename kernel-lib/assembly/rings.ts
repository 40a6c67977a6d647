// From an image and its target to the FRC of every ring, the score, and the score's slope in the image.

// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { Job } from "./job";

/** Bytes of scratch: three sums per ring. */
export function ringBytes(rings: i32): usize {
  return 3 * 4 * (rings + 1);
}

/**
 * Correlates `image` (disc layout of the job's rings) with target `b`, writes FRC and score. With `slope` not null
 * also G of the same layout, multiplicity included: d score = Σ Re(G*·dP).
 */
export function correlate(job: Job, b: i32, image: usize, slope: usize, scratch: usize): void {
  const rings = job.rings;
  const width = 2 * rings + 1;
  const targetWidth = 2 * job.targetRings + 1;
  const target = job.targets + <usize>b * <usize>((job.targetRings + 1) * targetWidth * 8);
  const norm = scratch;
  const both = norm + 4 * (rings + 1);
  memory.fill(norm, 0, 8 * (rings + 1));
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
      const at = norm + 4 * load<i32>(r);
      const other = at + 4 * (rings + 1);
      store<f32>(at, load<f32>(at) + m * (pr * pr + pi * pi));
      store<f32>(other, load<f32>(other) + m * (pr * load<f32>(t) + pi * load<f32>(t, 4)));
      p += 8;
      r += 4;
      t += 8;
    }
  }
  const frc = job.frc + <usize>b * <usize>(4 * (rings + 1));
  const weights = job.weights + <usize>b * <usize>(4 * job.weightStride);
  const onTarget = norm;
  const onImage = both;
  let score: f32 = 0;
  for (let r = 0; r <= rings; r++) {
    const length = Mathf.sqrt(load<f32>(norm + 4 * r));
    let value: f32 = 0;
    let first: f32 = 0;
    let second: f32 = 0;
    if (r > 0 && length > 0) {
      const w = load<f32>(weights + 4 * r);
      value = load<f32>(both + 4 * r) / length;
      first = w / length;
      second = (w * value) / (length * length);
      score += w * value;
    }
    store<f32>(frc + 4 * r, value);
    store<f32>(onTarget + 4 * r, first);
    store<f32>(onImage + 4 * r, second);
  }
  store<f32>(job.score + 4 * b, score);
  if (slope === 0) return;

  for (let kx = 0; kx <= rings; kx++) {
    const extent = load<i32>(job.extent + 4 * kx);
    const m: f32 = kx > 0 ? 2 : 1;
    const start = 8 * (kx * width + rings - extent);
    let p = image + start;
    let g = slope + start;
    let r = job.ring + 4 * (kx * width + rings - extent);
    let t = target + 8 * (kx * targetWidth + job.targetRings - extent);
    const end = p + 8 * (2 * extent + 1);
    while (p < end) {
      const ring = 4 * load<i32>(r);
      const first = m * load<f32>(onTarget + ring);
      const second = m * load<f32>(onImage + ring);
      store<f32>(g, first * load<f32>(t) - second * load<f32>(p));
      store<f32>(g, first * load<f32>(t, 4) - second * load<f32>(p, 4), 4);
      p += 8;
      g += 8;
      r += 4;
      t += 8;
    }
  }
}
