// Inner products of several projections of a particle with one another and with its target, ring by ring.

// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { imageBytes, Job } from "./job";
import { leastPower } from "./rings";

/** Numbers per ring for V projections: V with the target, and V(V + 1)/2 with one another. */
export function productNumbers(variants: i32): i32 {
  return variants + (variants * (variants + 1)) / 2;
}

/** Scratch bytes: a float64 sum of each number of each ring, and the complex values of a sample. */
export function productBytes(rings: i32, variants: i32): usize {
  return 8 * <usize>((rings + 1) * productNumbers(variants)) + 8 * <usize>variants;
}

/**
 * Products of particle `b` from `images`, V projections `imageBytes` apart in the disc layout of the job's rings. The
 * second and later projections are replaced by their difference from the first: those of neighbouring models are nearly
 * equal, and products of differences would be lost in rounding otherwise. Products are divided by the norm of the first
 * projection in the ring, once for each projection in them.
 */
export function multiply(job: Job, b: i32, images: usize, scratch: usize): void {
  const rings = job.rings;
  const pitch = imageBytes(rings);
  const variants = job.variants;
  const numbers = productNumbers(variants);
  const width = 2 * rings + 1;
  const targetWidth = 2 * job.targetRings + 1;
  const target = job.targets + <usize>b * <usize>((job.targetRings + 1) * targetWidth * 8);
  const bytes = <usize>8 * <usize>((rings + 1) * numbers);
  const sums = scratch;
  const sample = scratch + bytes;
  const last = sample + 8 * <usize>variants;
  memory.fill(sums, 0, bytes);
  for (let kx = 0; kx <= rings; kx++) {
    const extent = load<i32>(job.extent + 4 * kx);
    const m: f32 = kx > 0 ? 2 : 1;
    for (let ky = -extent; ky <= extent; ky++) {
      const at = kx * width + rings + ky;
      const from = images + <usize>(8 * at);
      const firstRe = load<f32>(from);
      const firstIm = load<f32>(from, 4);
      store<f32>(sample, firstRe);
      store<f32>(sample, firstIm, 4);
      let p = from + pitch;
      for (let v = sample + 8; v < last; v += 8) {
        store<f32>(v, load<f32>(p) - firstRe);
        store<f32>(v, load<f32>(p, 4) - firstIm, 4);
        p += pitch;
      }
      const t = target + <usize>(8 * (kx * targetWidth + job.targetRings + ky));
      const targetRe = m * load<f32>(t);
      const targetIm = m * load<f32>(t, 4);
      let sum = sums + <usize>(8 * numbers * load<i32>(job.ring + 4 * at));
      for (let v = sample; v < last; v += 8) {
        const product = load<f32>(v) * targetRe + load<f32>(v, 4) * targetIm;
        store<f64>(sum, load<f64>(sum) + <f64>product);
        sum += 8;
      }
      for (let v = sample; v < last; v += 8) {
        // In float64, since in the map's units P² may underflow in float32.
        const re = <f64>(m * load<f32>(v));
        const im = <f64>(m * load<f32>(v, 4));
        for (let w = v; w < last; w += 8) {
          store<f64>(sum, load<f64>(sum) + re * <f64>load<f32>(w) + im * <f64>load<f32>(w, 4));
          sum += 8;
        }
      }
    }
  }
  normalizeProducts(job, sums, job.products + <usize>b * <usize>(4 * (rings + 1) * numbers));
}

/** Divides the sums of each ring by the norm of the first projection; empty rings are 0. */
function normalizeProducts(job: Job, sums: usize, out: usize): void {
  const rings = job.rings;
  const variants = job.variants;
  const numbers = productNumbers(variants);
  const first = <usize>(8 * variants);
  const least = leastPower(sums + first, <usize>(8 * numbers), rings);
  for (let r = 0; r <= rings; r++) {
    const row = sums + <usize>(8 * numbers * r);
    const square = load<f64>(row + first);
    const once = r > 0 && !(square <= least) ? 1 / Math.sqrt(square) : 0;
    for (let i = 0; i < numbers; i++) {
      const factor = i < variants ? once : once * once;
      store<f32>(out, once !== 0 ? <f32>(factor * load<f64>(row + <usize>(8 * i))) : 0);
      out += 4;
    }
  }
}
