// Projection by separable factors: exp(−s|k|² − 2πi k·u) = X(kx)·Y(ky), so P is a sum over Gaussians of outer products.
// With X = Xr + iXi and Y(−ky) the conjugate of Y(ky), both signs of ky come from the four real products
// ΣXrYr, ΣXiYi, ΣXrYi, ΣXiYr. The gradient takes two contractions of the same cost: V(kx) = Σ_ky of G* with Y for
// everything along x, and Q(ky) = Re Σ_kx of G* with X for y. 24·N·|disc|/2 operations in all.

// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { Job } from "./job";
import { cos2pi, exp, mulAdd, sin2pi, sumLanes } from "./math";
import { padded, Run, run } from "./pose";

/** Gaussians per block, so that their factors fit into the L2 cache. */
const block = 256;
/** Bytes from one row of factors to the next: an odd number of cache lines, so that columns use all cache sets. */
const rowBytes: usize = (block + 16) * 4;

/** Interval in k at which the recurrences are restarted, to limit rounding errors. */
const restart = 32;

function rows(rings: i32): usize {
  // Rows are read in pairs; the one past the last is zero.
  return <usize>rings + 2;
}

/** Scratch bytes: four tables of factors, four sums per sample, the gradient in two orders. */
export function separableBytes(rings: i32): usize {
  const k = rows(rings);
  return 4 * k * rowBytes + 3 * 16 * k * k;
}

/** Factors exp(−s k²)·(cos, −sin)(2πku)·weight of `count` Gaussians for k = 0 … rings; `weight` 0 means a weight of 1. */
function factors(u: usize, s: usize, weight: usize, count: i32, rings: i32, re: usize, im: usize): void {
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

/** From the gradient G in the disc's layout to the runs along, gradientX, gradientY and square. */
export function contractSeparable(job: Job, runs: usize, gradient: usize, scratch: usize): void {
  const rings = job.rings;
  const n = job.gaussians;
  const total = padded(n);
  const height = rows(rings);
  const xr = scratch;
  const xi = xr + height * rowBytes;
  const yr = xi + height * rowBytes;
  const yi = yr + height * rowBytes;
  // Per sample (G*(ky) + G*(−ky), i·(G*(ky) − G*(−ky))), real and imaginary parts: rows of ky, and rows of kx.
  const byX = yi + height * rowBytes;
  const byY = byX + 16 * height * height;
  memory.fill(byX, 0, 32 * height * height);
  const width = 2 * rings + 1;
  for (let kx = 0; kx <= rings; kx++) {
    const extent = load<i32>(job.extent + 4 * kx);
    const centre = gradient + 8 * <usize>(kx * width + rings);
    for (let ky = 0; ky <= extent; ky++) {
      const plus = centre + 8 * <usize>ky;
      const minus = centre - 8 * <usize>ky;
      const pr = load<f32>(plus);
      const pi = load<f32>(plus, 4);
      const mr: f32 = ky > 0 ? load<f32>(minus) : 0;
      const mi: f32 = ky > 0 ? load<f32>(minus, 4) : 0;
      const value = f32x4(pr + mr, -pi - mi, pi - mi, pr - mr);
      v128.store(byX + 16 * (<usize>kx * height + <usize>ky), value);
      v128.store(byY + 16 * (<usize>ky * height + <usize>kx), value);
    }
  }
  memory.fill(xr + (height - 1) * rowBytes, 0, rowBytes);
  memory.fill(xi + (height - 1) * rowBytes, 0, rowBytes);
  memory.fill(yr + (height - 1) * rowBytes, 0, rowBytes);
  memory.fill(yi + (height - 1) * rowBytes, 0, rowBytes);

  const zero = f32x4.splat(0);
  const line: usize = 16 * height;
  for (let start = 0; start < total; start += block) {
    const count = min(block, total - start);
    const at = <usize>start * 4;
    factors(run(runs, n, Run.x) + at, run(runs, n, Run.s) + at, 0, count, rings, xr, xi);
    factors(run(runs, n, Run.y) + at, run(runs, n, Run.s) + at, 0, count, rings, yr, yi);
    for (let i: usize = 0, end = <usize>count * 4; i < end; i += 32) {
      let along0 = zero;
      let along1 = zero;
      let gradientX0 = zero;
      let gradientX1 = zero;
      let square0 = zero;
      let square1 = zero;
      for (let kx = 0; kx <= rings; kx += 2) {
        const extent = load<i32>(job.extent + 4 * kx);
        let g = byX + <usize>kx * line;
        let br = yr + i;
        let bi = yi + i;
        let r00 = zero;
        let i00 = zero;
        let r01 = zero;
        let i01 = zero;
        let r10 = zero;
        let i10 = zero;
        let r11 = zero;
        let i11 = zero;
        for (const stop = g + 16 * <usize>extent; g <= stop; g += 16) {
          const c0 = v128.load(br);
          const s0 = v128.load(bi);
          const c1 = v128.load(br, 16);
          const s1 = v128.load(bi, 16);
          let a = v128.load32_splat(g);
          r00 = mulAdd(a, c0, r00);
          r01 = mulAdd(a, c1, r01);
          a = v128.load32_splat(g, 4);
          i00 = mulAdd(a, c0, i00);
          i01 = mulAdd(a, c1, i01);
          a = v128.load32_splat(g, 8);
          r00 = mulAdd(a, s0, r00);
          r01 = mulAdd(a, s1, r01);
          a = v128.load32_splat(g, 12);
          i00 = mulAdd(a, s0, i00);
          i01 = mulAdd(a, s1, i01);
          const h = g + line;
          a = v128.load32_splat(h);
          r10 = mulAdd(a, c0, r10);
          r11 = mulAdd(a, c1, r11);
          a = v128.load32_splat(h, 4);
          i10 = mulAdd(a, c0, i10);
          i11 = mulAdd(a, c1, i11);
          a = v128.load32_splat(h, 8);
          r10 = mulAdd(a, s0, r10);
          r11 = mulAdd(a, s1, r11);
          a = v128.load32_splat(h, 12);
          i10 = mulAdd(a, s0, i10);
          i11 = mulAdd(a, s1, i11);
          br += rowBytes;
          bi += rowBytes;
        }
        const ar = xr + <usize>kx * rowBytes + i;
        const ai = xi + <usize>kx * rowBytes + i;
        const k0 = f32x4.splat(<f32>kx);
        const k1 = f32x4.splat(<f32>(kx + 1));
        const q0 = f32x4.mul(k0, k0);
        const q1 = f32x4.mul(k1, k1);
        let xa = v128.load(ar);
        let xb = v128.load(ai);
        let re = f32x4.sub(f32x4.mul(xa, r00), f32x4.mul(xb, i00));
        let im = f32x4.add(f32x4.mul(xa, i00), f32x4.mul(xb, r00));
        along0 = f32x4.add(along0, re);
        gradientX0 = mulAdd(k0, im, gradientX0);
        square0 = mulAdd(q0, re, square0);
        xa = v128.load(ar, 16);
        xb = v128.load(ai, 16);
        re = f32x4.sub(f32x4.mul(xa, r01), f32x4.mul(xb, i01));
        im = f32x4.add(f32x4.mul(xa, i01), f32x4.mul(xb, r01));
        along1 = f32x4.add(along1, re);
        gradientX1 = mulAdd(k0, im, gradientX1);
        square1 = mulAdd(q0, re, square1);
        xa = v128.load(ar, rowBytes);
        xb = v128.load(ai, rowBytes);
        re = f32x4.sub(f32x4.mul(xa, r10), f32x4.mul(xb, i10));
        im = f32x4.add(f32x4.mul(xa, i10), f32x4.mul(xb, r10));
        along0 = f32x4.add(along0, re);
        gradientX0 = mulAdd(k1, im, gradientX0);
        square0 = mulAdd(q1, re, square0);
        xa = v128.load(ar, rowBytes + 16);
        xb = v128.load(ai, rowBytes + 16);
        re = f32x4.sub(f32x4.mul(xa, r11), f32x4.mul(xb, i11));
        im = f32x4.add(f32x4.mul(xa, i11), f32x4.mul(xb, r11));
        along1 = f32x4.add(along1, re);
        gradientX1 = mulAdd(k1, im, gradientX1);
        square1 = mulAdd(q1, re, square1);
      }

      let gradientY0 = zero;
      let gradientY1 = zero;
      for (let ky = 0; ky <= rings; ky += 2) {
        const extent = load<i32>(job.extent + 4 * ky);
        let g = byY + <usize>ky * line;
        let ar = xr + i;
        let ai = xi + i;
        let p00 = zero;
        let q00 = zero;
        let p01 = zero;
        let q01 = zero;
        let p10 = zero;
        let q10 = zero;
        let p11 = zero;
        let q11 = zero;
        for (const stop = g + 16 * <usize>extent; g <= stop; g += 16) {
          const c0 = v128.load(ar);
          const s0 = v128.load(ai);
          const c1 = v128.load(ar, 16);
          const s1 = v128.load(ai, 16);
          let a = v128.load32_splat(g);
          p00 = mulAdd(a, c0, p00);
          p01 = mulAdd(a, c1, p01);
          a = v128.load32_splat(g, 4);
          p00 = f32x4.sub(p00, f32x4.mul(a, s0));
          p01 = f32x4.sub(p01, f32x4.mul(a, s1));
          a = v128.load32_splat(g, 8);
          q00 = mulAdd(a, c0, q00);
          q01 = mulAdd(a, c1, q01);
          a = v128.load32_splat(g, 12);
          q00 = f32x4.sub(q00, f32x4.mul(a, s0));
          q01 = f32x4.sub(q01, f32x4.mul(a, s1));
          const h = g + line;
          a = v128.load32_splat(h);
          p10 = mulAdd(a, c0, p10);
          p11 = mulAdd(a, c1, p11);
          a = v128.load32_splat(h, 4);
          p10 = f32x4.sub(p10, f32x4.mul(a, s0));
          p11 = f32x4.sub(p11, f32x4.mul(a, s1));
          a = v128.load32_splat(h, 8);
          q10 = mulAdd(a, c0, q10);
          q11 = mulAdd(a, c1, q11);
          a = v128.load32_splat(h, 12);
          q10 = f32x4.sub(q10, f32x4.mul(a, s0));
          q11 = f32x4.sub(q11, f32x4.mul(a, s1));
          ar += rowBytes;
          ai += rowBytes;
        }
        const br = yr + <usize>ky * rowBytes + i;
        const bi = yi + <usize>ky * rowBytes + i;
        const k0 = f32x4.splat(<f32>ky);
        const k1 = f32x4.splat(<f32>(ky + 1));
        const k00 = f32x4.mul(k0, k0);
        const k11 = f32x4.mul(k1, k1);
        let ya = v128.load(br);
        let yb = v128.load(bi);
        gradientY0 = mulAdd(k0, f32x4.sub(f32x4.mul(p00, yb), f32x4.mul(q00, ya)), gradientY0);
        square0 = mulAdd(k00, f32x4.add(f32x4.mul(p00, ya), f32x4.mul(q00, yb)), square0);
        ya = v128.load(br, 16);
        yb = v128.load(bi, 16);
        gradientY1 = mulAdd(k0, f32x4.sub(f32x4.mul(p01, yb), f32x4.mul(q01, ya)), gradientY1);
        square1 = mulAdd(k00, f32x4.add(f32x4.mul(p01, ya), f32x4.mul(q01, yb)), square1);
        ya = v128.load(br, rowBytes);
        yb = v128.load(bi, rowBytes);
        gradientY0 = mulAdd(k1, f32x4.sub(f32x4.mul(p10, yb), f32x4.mul(q10, ya)), gradientY0);
        square0 = mulAdd(k11, f32x4.add(f32x4.mul(p10, ya), f32x4.mul(q10, yb)), square0);
        ya = v128.load(br, rowBytes + 16);
        yb = v128.load(bi, rowBytes + 16);
        gradientY1 = mulAdd(k1, f32x4.sub(f32x4.mul(p11, yb), f32x4.mul(q11, ya)), gradientY1);
        square1 = mulAdd(k11, f32x4.add(f32x4.mul(p11, ya), f32x4.mul(q11, yb)), square1);
      }

      const twoPi = f32x4.splat(6.283185307179586);
      const out = at + i;
      v128.store(run(runs, n, Run.along) + out, along0);
      v128.store(run(runs, n, Run.along) + out, along1, 16);
      v128.store(run(runs, n, Run.gradientX) + out, f32x4.mul(twoPi, gradientX0));
      v128.store(run(runs, n, Run.gradientX) + out, f32x4.mul(twoPi, gradientX1), 16);
      v128.store(run(runs, n, Run.gradientY) + out, f32x4.mul(twoPi, gradientY0));
      v128.store(run(runs, n, Run.gradientY) + out, f32x4.mul(twoPi, gradientY1), 16);
      v128.store(run(runs, n, Run.square) + out, square0);
      v128.store(run(runs, n, Run.square) + out, square1, 16);
    }
  }
}
