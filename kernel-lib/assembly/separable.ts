// Projection by separable factors: exp(−s|k|² − 2πi k·u) = X(kx)·Y(ky), so P is a sum over Gaussians of outer products.
// With X = Xr + iXi and Y(−ky) the conjugate of Y(ky), both signs of ky come from the four real products
// ΣXrYr, ΣXiYi, ΣXrYi, ΣXiYr. The gradient takes two contractions of the same cost: V(kx) = Σ_ky of G* with Y for
// everything along x, and Q(ky) = Re Σ_kx of G* with X for y. 24·N·|disc|/2 operations in all.

// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { Job } from "./job";
import { cos2pi, exp, mulAdd, sin2pi, sumLanes } from "./math";
import { padded, Run, run } from "./pose";

/** Gaussians per block, so that their factors fit into the L2 cache. */
export const block = 256;
/** Bytes from one row of factors to the next: an odd number of cache lines, so that columns use all cache sets. */
export const rowBytes: usize = (block + 16) * 4;

/** Interval in k at which the recurrences are restarted, to limit rounding errors. */
const restart = 32;

/** Rows of a table of factors. */
export function rows(rings: i32): usize {
  // Rows are read in pairs; the one past the last is zero.
  return <usize>rings + 2;
}

/** Scratch bytes: four tables of factors, four sums per sample, the gradient in two orders. */
export function separableBytes(rings: i32): usize {
  const k = rows(rings);
  return 4 * k * rowBytes + 3 * 16 * k * k;
}

/** Factors exp(−s k²)·(cos, −sin)(2πku)·weight of `count` Gaussians for k = 0 … rings; `weight` 0 means a weight of 1. */
export function factors(
  u: usize,
  s: usize,
  weight: usize,
  count: i32,
  rings: i32,
  re: usize,
  im: usize,
): void {
  const one = f32x4.splat(1);
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i * 4;
    const turns = f32x4.neg(v128.load(u + at));
    const width = v128.load(s + at);
    const w = weight !== 0 ? v128.load(weight + at) : one;
    const stepR = cos2pi(turns);
    const stepI = sin2pi(turns);
    const fall = exp(f32x4.mul(f32x4.splat(-2), width));
    let r = one;
    let m = f32x4.splat(0);
    let envelope = w;
    let ratio = exp(f32x4.neg(width));
    for (let k = 0; k <= rings; k++) {
      if (k > 0 && k % restart === 0) {
        const kk = f32x4.splat(<f32>k);
        const phase = f32x4.mul(turns, kk);
        r = cos2pi(phase);
        m = sin2pi(phase);
        envelope = f32x4.mul(w, exp(f32x4.neg(f32x4.mul(width, f32x4.mul(kk, kk)))));
        ratio = exp(f32x4.neg(f32x4.mul(width, f32x4.splat(2 * <f32>k + 1))));
      }
      v128.store(re + <usize>k * rowBytes + at, f32x4.mul(envelope, r));
      v128.store(im + <usize>k * rowBytes + at, f32x4.mul(envelope, m));
      const next = f32x4.sub(f32x4.mul(r, stepR), f32x4.mul(m, stepI));
      m = f32x4.add(f32x4.mul(r, stepI), f32x4.mul(m, stepR));
      r = next;
      envelope = f32x4.mul(envelope, ratio);
      ratio = f32x4.mul(ratio, fall);
    }
  }
}

/** Projects the Gaussians in `runs` to `image`, in the disc's layout. */
export function projectSeparable(job: Job, runs: usize, image: usize, scratch: usize): void {
  const rings = job.rings;
  const n = job.gaussians;
  const total = padded(n);
  const height = rows(rings);
  const xr = scratch;
  const xi = xr + height * rowBytes;
  const yr = xi + height * rowBytes;
  const yi = yr + height * rowBytes;
  const sums = yi + height * rowBytes;
  memory.fill(sums, 0, 16 * height * height);
  // The row past the last ring is read but not written.
  memory.fill(xr + (height - 1) * rowBytes, 0, rowBytes);
  memory.fill(xi + (height - 1) * rowBytes, 0, rowBytes);

  for (let start = 0; start < total; start += block) {
    const count = min(block, total - start);
    const at = <usize>start * 4;
    factors(run(runs, n, Run.x) + at, run(runs, n, Run.s) + at, 0, count, rings, xr, xi);
    factors(
      run(runs, n, Run.y) + at,
      run(runs, n, Run.s) + at,
      run(runs, n, Run.weight) + at,
      count,
      rings,
      yr,
      yi,
    );
    addProducts(job, count, scratch, sums);
  }
  combineProducts(job, sums, image);
}

/** Adds the sums over `count` Gaussians of the four products of factors to each sample. */
function addProducts(job: Job, count: i32, scratch: usize, sums: usize): void {
  const rings = job.rings;
  const height = rows(rings);
  const xr = scratch;
  const xi = xr + height * rowBytes;
  const yr = xi + height * rowBytes;
  const yi = yr + height * rowBytes;
  for (let kx = 0; kx <= rings; kx += 2) {
    const extent = load<i32>(job.extent + 4 * kx);
    const ar = xr + <usize>kx * rowBytes;
    const ai = xi + <usize>kx * rowBytes;
    for (let ky = 0; ky <= extent; ky++) {
      const br = yr + <usize>ky * rowBytes;
      const bi = yi + <usize>ky * rowBytes;
      let rr0 = f32x4.splat(0);
      let ii0 = rr0;
      let ri0 = rr0;
      let ir0 = rr0;
      let rr1 = rr0;
      let ii1 = rr0;
      let ri1 = rr0;
      let ir1 = rr0;
      for (let i: usize = 0, end = <usize>count * 4; i < end; i += 16) {
        const cr = v128.load(br + i);
        const ci = v128.load(bi + i);
        const r0 = v128.load(ar + i);
        const i0 = v128.load(ai + i);
        const r1 = v128.load(ar + i, rowBytes);
        const i1 = v128.load(ai + i, rowBytes);
        rr0 = mulAdd(r0, cr, rr0);
        ri0 = mulAdd(r0, ci, ri0);
        ir0 = mulAdd(i0, cr, ir0);
        ii0 = mulAdd(i0, ci, ii0);
        rr1 = mulAdd(r1, cr, rr1);
        ri1 = mulAdd(r1, ci, ri1);
        ir1 = mulAdd(i1, cr, ir1);
        ii1 = mulAdd(i1, ci, ii1);
      }
      const to = sums + 16 * (<usize>kx * height + <usize>ky);
      v128.store(to, f32x4.add(v128.load(to), sumLanes(rr0, ii0, ri0, ir0)));
      const next = to + 16 * height;
      v128.store(next, f32x4.add(v128.load(next), sumLanes(rr1, ii1, ri1, ir1)));
    }
  }
}

/** From the sums of products to the image, for both signs of ky. */
function combineProducts(job: Job, sums: usize, image: usize): void {
  const rings = job.rings;
  const height = rows(rings);
  const width = 2 * rings + 1;
  for (let kx = 0; kx <= rings; kx++) {
    const extent = load<i32>(job.extent + 4 * kx);
    const centre = image + 8 * <usize>(kx * width + rings);
    for (let ky = 0; ky <= extent; ky++) {
      const from = sums + 16 * (<usize>kx * height + <usize>ky);
      const rr = load<f32>(from);
      const ii = load<f32>(from, 4);
      const ri = load<f32>(from, 8);
      const ir = load<f32>(from, 12);
      const plus = centre + 8 * <usize>ky;
      const minus = centre - 8 * <usize>ky;
      store<f32>(plus, rr - ii);
      store<f32>(plus, ri + ir, 4);
      store<f32>(minus, rr + ii);
      store<f32>(minus, ir - ri, 4);
    }
  }
}
