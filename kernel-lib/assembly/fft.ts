// Complex fast Fourier transforms of four independent signals at a time, one per lane. Stockham's self-sorting scheme
// with radices 4, 3 and 2. A signal of n samples is n pairs of vectors (re, im), 32 bytes each.

// A radix-r stage of length n and stride s takes x[q + s(p + (n/r)j)] to y[q + s(rp + k)] =
// ω_n^{pk}·Σ_j ω_r^{jk}·x[…], with ω_n^{pk} = table[p·k·s] for the table of e^{−2πij/M}, M = n·s.

function radix4(x: usize, y: usize, n: i32, s: i32, table: usize): void {
  const m = n >> 2;
  const quarter = <usize>(s * m * 32);
  const step = <usize>(s * 32);
  for (let p = 0; p < m; p++) {
    const t1 = table + <usize>(8 * p * s);
    const t2 = table + <usize>(16 * p * s);
    const t3 = table + <usize>(24 * p * s);
    const w1r = v128.load32_splat(t1);
    const w1i = v128.load32_splat(t1, 4);
    const w2r = v128.load32_splat(t2);
    const w2i = v128.load32_splat(t2, 4);
    const w3r = v128.load32_splat(t3);
    const w3i = v128.load32_splat(t3, 4);
    let from = x + <usize>(p * s * 32);
    let to = y + <usize>(4 * p * s * 32);
    for (const end = from + step; from < end; from += 32) {
      const ar = v128.load(from);
      const ai = v128.load(from, 16);
      const br = v128.load(from + quarter);
      const bi = v128.load(from + quarter, 16);
      const cr = v128.load(from + 2 * quarter);
      const ci = v128.load(from + 2 * quarter, 16);
      const dr = v128.load(from + 3 * quarter);
      const di = v128.load(from + 3 * quarter, 16);
      const apcR = f32x4.add(ar, cr);
      const apcI = f32x4.add(ai, ci);
      const amcR = f32x4.sub(ar, cr);
      const amcI = f32x4.sub(ai, ci);
      const bpdR = f32x4.add(br, dr);
      const bpdI = f32x4.add(bi, di);
      // −i(b − d)
      const jR = f32x4.sub(bi, di);
      const jI = f32x4.sub(dr, br);
      v128.store(to, f32x4.add(apcR, bpdR));
      v128.store(to, f32x4.add(apcI, bpdI), 16);
      let r = f32x4.add(amcR, jR);
      let i = f32x4.add(amcI, jI);
      v128.store(to + step, f32x4.sub(f32x4.mul(r, w1r), f32x4.mul(i, w1i)));
      v128.store(to + step, f32x4.add(f32x4.mul(r, w1i), f32x4.mul(i, w1r)), 16);
      r = f32x4.sub(apcR, bpdR);
      i = f32x4.sub(apcI, bpdI);
      v128.store(to + 2 * step, f32x4.sub(f32x4.mul(r, w2r), f32x4.mul(i, w2i)));
      v128.store(to + 2 * step, f32x4.add(f32x4.mul(r, w2i), f32x4.mul(i, w2r)), 16);
      r = f32x4.sub(amcR, jR);
      i = f32x4.sub(amcI, jI);
      v128.store(to + 3 * step, f32x4.sub(f32x4.mul(r, w3r), f32x4.mul(i, w3i)));
      v128.store(to + 3 * step, f32x4.add(f32x4.mul(r, w3i), f32x4.mul(i, w3r)), 16);
      to += 32;
    }
  }
}

function radix3(x: usize, y: usize, n: i32, s: i32, table: usize): void {
  const m = n / 3;
  const third = <usize>(s * m * 32);
  const step = <usize>(s * 32);
  const half = f32x4.splat(0.5);
  const height = f32x4.splat(0.8660254037844386);
  for (let p = 0; p < m; p++) {
    const t1 = table + <usize>(8 * p * s);
    const t2 = table + <usize>(16 * p * s);
    const w1r = v128.load32_splat(t1);
    const w1i = v128.load32_splat(t1, 4);
    const w2r = v128.load32_splat(t2);
    const w2i = v128.load32_splat(t2, 4);
    let from = x + <usize>(p * s * 32);
    let to = y + <usize>(3 * p * s * 32);
    for (const end = from + step; from < end; from += 32) {
      const ar = v128.load(from);
      const ai = v128.load(from, 16);
      const br = v128.load(from + third);
      const bi = v128.load(from + third, 16);
      const cr = v128.load(from + 2 * third);
      const ci = v128.load(from + 2 * third, 16);
      const sumR = f32x4.add(br, cr);
      const sumI = f32x4.add(bi, ci);
      const uR = f32x4.sub(ar, f32x4.mul(half, sumR));
      const uI = f32x4.sub(ai, f32x4.mul(half, sumI));
      // −i·(√3/2)·(b − c)
      const vR = f32x4.mul(height, f32x4.sub(bi, ci));
      const vI = f32x4.mul(height, f32x4.sub(cr, br));
      v128.store(to, f32x4.add(ar, sumR));
      v128.store(to, f32x4.add(ai, sumI), 16);
      let r = f32x4.add(uR, vR);
      let i = f32x4.add(uI, vI);
      v128.store(to + step, f32x4.sub(f32x4.mul(r, w1r), f32x4.mul(i, w1i)));
      v128.store(to + step, f32x4.add(f32x4.mul(r, w1i), f32x4.mul(i, w1r)), 16);
      r = f32x4.sub(uR, vR);
      i = f32x4.sub(uI, vI);
      v128.store(to + 2 * step, f32x4.sub(f32x4.mul(r, w2r), f32x4.mul(i, w2i)));
      v128.store(to + 2 * step, f32x4.add(f32x4.mul(r, w2i), f32x4.mul(i, w2r)), 16);
      to += 32;
    }
  }
}

function radix2(x: usize, y: usize, n: i32, s: i32, table: usize): void {
  const m = n >> 1;
  const half = <usize>(s * m * 32);
  const step = <usize>(s * 32);
  for (let p = 0; p < m; p++) {
    const t = table + <usize>(8 * p * s);
    const wr = v128.load32_splat(t);
    const wi = v128.load32_splat(t, 4);
    let from = x + <usize>(p * s * 32);
    let to = y + <usize>(2 * p * s * 32);
    for (const end = from + step; from < end; from += 32) {
      const ar = v128.load(from);
      const ai = v128.load(from, 16);
      const br = v128.load(from + half);
      const bi = v128.load(from + half, 16);
      v128.store(to, f32x4.add(ar, br));
      v128.store(to, f32x4.add(ai, bi), 16);
      const r = f32x4.sub(ar, br);
      const i = f32x4.sub(ai, bi);
      v128.store(to + step, f32x4.sub(f32x4.mul(r, wr), f32x4.mul(i, wi)));
      v128.store(to + step, f32x4.add(f32x4.mul(r, wi), f32x4.mul(i, wr)), 16);
      to += 32;
    }
  }
}

/**
 * Σ_x signal(x)·e^{−2πikx/M} of the four signals at `x`, M = 2^a·3^b. Both buffers are overwritten; the address of the
 * one that holds the result is returned. With real and imaginary parts exchanged on the way in and out it is the
 * inverse, times M.
 */
export function transform(x: usize, y: usize, size: i32, table: usize): usize {
  let n = size;
  let s = 1;
  while (n > 1) {
    let radix: i32;
    if ((n & 3) === 0) {
      radix = 4;
      radix4(x, y, n, s, table);
    } else if ((n & 1) === 0) {
      radix = 2;
      radix2(x, y, n, s, table);
    } else {
      radix = 3;
      radix3(x, y, n, s, table);
    }
    n /= radix;
    s *= radix;
    const other = x;
    x = y;
    y = other;
  }
  return x;
}
