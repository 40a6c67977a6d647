// Complex fast Fourier transforms of four independent signals at a time, one per lane, by Stockham's self-sorting
// algorithm with radices 4, 2, 3, 5, and any other prime. A signal of n samples is n pairs of vectors (re, im), 32 bytes
// each.
//
// All arguments are separate scalars, since AssemblyScript has no parameter objects without memory accesses.

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
      storeTwiddled(to + step, r, i, w1r, w1i);
      r = f32x4.sub(apcR, bpdR);
      i = f32x4.sub(apcI, bpdI);
      storeTwiddled(to + 2 * step, r, i, w2r, w2i);
      r = f32x4.sub(amcR, jR);
      i = f32x4.sub(amcI, jI);
      storeTwiddled(to + 3 * step, r, i, w3r, w3i);
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
      storeTwiddled(to + step, r, i, w1r, w1i);
      r = f32x4.sub(uR, vR);
      i = f32x4.sub(uI, vI);
      storeTwiddled(to + 2 * step, r, i, w2r, w2i);
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
      storeTwiddled(to + step, r, i, wr, wi);
      to += 32;
    }
  }
}

function radix5(x: usize, y: usize, n: i32, s: i32, table: usize): void {
  const m = n / 5;
  const fifth = <usize>(s * m * 32);
  const step = <usize>(s * 32);
  // cos and sin of 2π/5 and 4π/5.
  const c1 = f32x4.splat(0.30901699437494745);
  const s1 = f32x4.splat(0.9510565162951535);
  const c2 = f32x4.splat(-0.8090169943749475);
  const s2 = f32x4.splat(0.5877852522924731);
  for (let p = 0; p < m; p++) {
    const t = table + <usize>(8 * p * s);
    const more = <usize>(8 * p * s);
    const w1r = v128.load32_splat(t);
    const w1i = v128.load32_splat(t, 4);
    const w2r = v128.load32_splat(t + more);
    const w2i = v128.load32_splat(t + more, 4);
    const w3r = v128.load32_splat(t + 2 * more);
    const w3i = v128.load32_splat(t + 2 * more, 4);
    const w4r = v128.load32_splat(t + 3 * more);
    const w4i = v128.load32_splat(t + 3 * more, 4);
    let from = x + <usize>(p * s * 32);
    let to = y + <usize>(5 * p * s * 32);
    for (const end = from + step; from < end; from += 32) {
      const ar = v128.load(from);
      const ai = v128.load(from, 16);
      const br = v128.load(from + fifth);
      const bi = v128.load(from + fifth, 16);
      const cr = v128.load(from + 2 * fifth);
      const ci = v128.load(from + 2 * fifth, 16);
      const dr = v128.load(from + 3 * fifth);
      const di = v128.load(from + 3 * fifth, 16);
      const er = v128.load(from + 4 * fifth);
      const ei = v128.load(from + 4 * fifth, 16);
      // Outputs k and 5 − k share the sums and differences of branches j and 5 − j.
      const sum1R = f32x4.add(br, er);
      const sum1I = f32x4.add(bi, ei);
      const sum2R = f32x4.add(cr, dr);
      const sum2I = f32x4.add(ci, di);
      const dif1R = f32x4.sub(br, er);
      const dif1I = f32x4.sub(bi, ei);
      const dif2R = f32x4.sub(cr, dr);
      const dif2I = f32x4.sub(ci, di);
      v128.store(to, f32x4.add(ar, f32x4.add(sum1R, sum2R)));
      v128.store(to, f32x4.add(ai, f32x4.add(sum1I, sum2I)), 16);
      let evenR = f32x4.add(ar, f32x4.add(f32x4.mul(c1, sum1R), f32x4.mul(c2, sum2R)));
      let evenI = f32x4.add(ai, f32x4.add(f32x4.mul(c1, sum1I), f32x4.mul(c2, sum2I)));
      // −i times the differences.
      let oddR = f32x4.add(f32x4.mul(s1, dif1I), f32x4.mul(s2, dif2I));
      let oddI = f32x4.add(f32x4.mul(s1, dif1R), f32x4.mul(s2, dif2R));
      let r = f32x4.add(evenR, oddR);
      let i = f32x4.sub(evenI, oddI);
      storeTwiddled(to + step, r, i, w1r, w1i);
      r = f32x4.sub(evenR, oddR);
      i = f32x4.add(evenI, oddI);
      storeTwiddled(to + 4 * step, r, i, w4r, w4i);
      evenR = f32x4.add(ar, f32x4.add(f32x4.mul(c2, sum1R), f32x4.mul(c1, sum2R)));
      evenI = f32x4.add(ai, f32x4.add(f32x4.mul(c2, sum1I), f32x4.mul(c1, sum2I)));
      oddR = f32x4.sub(f32x4.mul(s2, dif1I), f32x4.mul(s1, dif2I));
      oddI = f32x4.sub(f32x4.mul(s2, dif1R), f32x4.mul(s1, dif2R));
      r = f32x4.add(evenR, oddR);
      i = f32x4.sub(evenI, oddI);
      storeTwiddled(to + 2 * step, r, i, w2r, w2i);
      r = f32x4.sub(evenR, oddR);
      i = f32x4.add(evenI, oddI);
      storeTwiddled(to + 3 * step, r, i, w3r, w3i);
      to += 32;
    }
  }
}

/** Any odd prime, by (prime − 1)²/4 products of pairs of branches. */
function radixOdd(x: usize, y: usize, prime: i32, n: i32, s: i32, table: usize): void {
  const m = n / prime;
  const branch = <usize>(s * m * 32);
  const step = <usize>(s * 32);
  const half = prime >> 1;
  // ω_prime^j = table[j · root]
  const root = <usize>(8 * m * s);
  for (let p = 0; p < m; p++) {
    const twiddle = <usize>(8 * p * s);
    let from = x + <usize>(p * s * 32);
    let to = y + <usize>(prime * p * s * 32);
    for (const end = from + step; from < end; from += 32) {
      const ar = v128.load(from);
      const ai = v128.load(from, 16);
      let totalR = ar;
      let totalI = ai;
      for (let q = 1; q <= half; q++) {
        let evenR = ar;
        let evenI = ai;
        let oddR = f32x4.splat(0);
        let oddI = f32x4.splat(0);
        let up = from;
        let down = from + <usize>prime * branch;
        let j = 0;
        for (let r = 1; r <= half; r++) {
          up += branch;
          down -= branch;
          j += q;
          if (j >= prime) j -= prime;
          const cos = v128.load32_splat(table + <usize>j * root);
          const sin = v128.load32_splat(table + <usize>j * root, 4);
          const br = v128.load(up);
          const bi = v128.load(up, 16);
          const cr = v128.load(down);
          const ci = v128.load(down, 16);
          const sumR = f32x4.add(br, cr);
          const sumI = f32x4.add(bi, ci);
          if (q === 1) {
            totalR = f32x4.add(totalR, sumR);
            totalI = f32x4.add(totalI, sumI);
          }
          evenR = f32x4.add(evenR, f32x4.mul(cos, sumR));
          evenI = f32x4.add(evenI, f32x4.mul(cos, sumI));
          oddR = f32x4.sub(oddR, f32x4.mul(sin, f32x4.sub(bi, ci)));
          oddI = f32x4.add(oddI, f32x4.mul(sin, f32x4.sub(br, cr)));
        }
        storeTwiddled(
          to + <usize>q * step,
          f32x4.add(evenR, oddR),
          f32x4.add(evenI, oddI),
          v128.load32_splat(table + <usize>q * twiddle),
          v128.load32_splat(table + <usize>q * twiddle, 4),
        );
        const mate = prime - q;
        storeTwiddled(
          to + <usize>mate * step,
          f32x4.sub(evenR, oddR),
          f32x4.sub(evenI, oddI),
          v128.load32_splat(table + <usize>mate * twiddle),
          v128.load32_splat(table + <usize>mate * twiddle, 4),
        );
      }
      v128.store(to, totalR);
      v128.store(to, totalI, 16);
      to += 32;
    }
  }
}

/** Stores the complex product of (re, im) and the twiddle factor (cos, sin). */
function storeTwiddled(to: usize, re: v128, im: v128, cos: v128, sin: v128): void {
  v128.store(to, f32x4.sub(f32x4.mul(re, cos), f32x4.mul(im, sin)));
  v128.store(to, f32x4.add(f32x4.mul(re, sin), f32x4.mul(im, cos)), 16);
}

/**
 * Σ_x signal(x)·e^{−2πikx/M} of the four signals at `x`. Fast for M = 2^a·3^b·5^c, and acceptable with further primes up
 * to 13. Both buffers are overwritten. Exchanging real and imaginary parts before and after gives the inverse times M.
 * @returns the address of the buffer with the result, `x` or `y`
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
    } else if (n % 3 === 0) {
      radix = 3;
      radix3(x, y, n, s, table);
    } else if (n % 5 === 0) {
      radix = 5;
      radix5(x, y, n, s, table);
    } else {
      radix = 7;
      while (n % radix !== 0) radix += 2;
      radixOdd(x, y, radix, n, s, table);
    }
    n /= radix;
    s *= radix;
    const other = x;
    x = y;
    y = other;
  }
  return x;
}
