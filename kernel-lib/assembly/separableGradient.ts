// The gradient of projection by separable factors, see separable.ts.

// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { Job } from "./job";
import { mulAdd } from "./math";
import { padded, Run, run } from "./pose";
import { block, factors, rowBytes, rows } from "./separable";

const twoPi: f32 = 6.283185307179586;

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
  const byX = yi + height * rowBytes;
  const byY = byX + 16 * height * height;
  arrangeGradient(job, gradient, byX, byY);
  memory.fill(xr + (height - 1) * rowBytes, 0, rowBytes);
  memory.fill(xi + (height - 1) * rowBytes, 0, rowBytes);
  memory.fill(yr + (height - 1) * rowBytes, 0, rowBytes);
  memory.fill(yi + (height - 1) * rowBytes, 0, rowBytes);
  for (let start = 0; start < total; start += block) {
    const count = min(block, total - start);
    const at = <usize>start * 4;
    factors(run(runs, n, Run.x) + at, run(runs, n, Run.s) + at, 0, count, rings, xr, xi);
    factors(run(runs, n, Run.y) + at, run(runs, n, Run.s) + at, 0, count, rings, yr, yi);
    for (let i: usize = 0, end = <usize>count * 4; i < end; i += 32) {
      contractX(job, byX, scratch + i, runs + at + i);
      contractY(job, byY, scratch + i, runs + at + i);
    }
  }
}

/**
 * Arranges the gradient for both contractions: per sample (G*(ky) + G*(−ky), i·(G*(ky) − G*(−ky))), real and imaginary
 * parts, in rows of ky at `byX` and in rows of kx at `byY`.
 */
function arrangeGradient(job: Job, gradient: usize, byX: usize, byY: usize): void {
  const rings = job.rings;
  const height = rows(rings);
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
}

/**
 * Contracts the gradient of eight Gaussians over ky, then kx: the runs along and gradientX, and the x part of square.
 * @param tables the tables of factors, from the first of these Gaussians on
 * @param to     their place in the first run
 */
function contractX(job: Job, byX: usize, tables: usize, to: usize): void {
  const rings = job.rings;
  const height = rows(rings);
  const line: usize = 16 * height;
  const xr = tables;
  const xi = xr + height * rowBytes;
  const yr = xi + height * rowBytes;
  const yi = yr + height * rowBytes;
  const zero = f32x4.splat(0);
  let along0 = zero;
  let along1 = zero;
  let gradientX0 = zero;
  let gradientX1 = zero;
  let square0 = zero;
  let square1 = zero;
  for (let kx = 0; kx <= rings; kx += 2) {
    const extent = load<i32>(job.extent + 4 * kx);
    let g = byX + <usize>kx * line;
    let br = yr;
    let bi = yi;
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
    const ar = xr + <usize>kx * rowBytes;
    const ai = xi + <usize>kx * rowBytes;
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
  const n = job.gaussians;
  const factor = f32x4.splat(twoPi);
  v128.store(run(to, n, Run.along), along0);
  v128.store(run(to, n, Run.along), along1, 16);
  v128.store(run(to, n, Run.gradientX), f32x4.mul(factor, gradientX0));
  v128.store(run(to, n, Run.gradientX), f32x4.mul(factor, gradientX1), 16);
  v128.store(run(to, n, Run.square), square0);
  v128.store(run(to, n, Run.square), square1, 16);
}

/** Contracts the gradient of eight Gaussians over kx, then ky: the run gradientY, and the y part of square. */
function contractY(job: Job, byY: usize, tables: usize, to: usize): void {
  const rings = job.rings;
  const n = job.gaussians;
  const height = rows(rings);
  const line: usize = 16 * height;
  const xr = tables;
  const xi = xr + height * rowBytes;
  const yr = xi + height * rowBytes;
  const yi = yr + height * rowBytes;
  const zero = f32x4.splat(0);
  let square0 = v128.load(run(to, n, Run.square));
  let square1 = v128.load(run(to, n, Run.square), 16);
  let gradientY0 = zero;
  let gradientY1 = zero;
  for (let ky = 0; ky <= rings; ky += 2) {
    const extent = load<i32>(job.extent + 4 * ky);
    let g = byY + <usize>ky * line;
    let ar = xr;
    let ai = xi;
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
    const br = yr + <usize>ky * rowBytes;
    const bi = yi + <usize>ky * rowBytes;
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
  const factor = f32x4.splat(twoPi);
  v128.store(run(to, n, Run.gradientY), f32x4.mul(factor, gradientY0));
  v128.store(run(to, n, Run.gradientY), f32x4.mul(factor, gradientY1), 16);
  v128.store(run(to, n, Run.square), square0);
  v128.store(run(to, n, Run.square), square1, 16);
}
