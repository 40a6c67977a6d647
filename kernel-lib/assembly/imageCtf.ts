// The phase of the CTF on the disc, in double precision: it grows to hundreds of turns. See image.ts.

/**
 * (χ + asin Q)/2π = x²·xx + y²·yy + xy·xy + s⁴·fourth + constant, in Fourier pixels. The CTF is its sine, and CTF² is
 * the square of that times power·exp(decay·s²).
 */
@unmanaged
export class Ctf {
  xx: f64;
  yy: f64;
  xy: f64;
  fourth: f64;
  constant: f64;
  decay: f64;
  power: f64;
}

/** The fractional part of four phases in turns, minus ½, which negates their sine. */
function fractionMinusHalf(low: v128, high: v128): v128 {
  const half = f64x2.splat(0.5);
  const a = f64x2.sub(f64x2.sub(low, f64x2.floor(low)), half);
  const b = f64x2.sub(f64x2.sub(high, f64x2.floor(high)), half);
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 1, 4, 5);
}

/**
 * Phases of the CTF at kx = 4·quad and the next three: for every ky from 0 on, two vectors of `fractionMinusHalf`, at ky
 * and at −ky.
 */
export function ctfPhases(ctf: Ctf, quad: i32, extent: i32, to: usize): void {
  const x = f64x2.splat(<f64>(4 * quad));
  const x0 = f64x2.add(x, f64x2(0, 1));
  const x1 = f64x2.add(x, f64x2(2, 3));
  const xx0 = f64x2.mul(x0, x0);
  const xx1 = f64x2.mul(x1, x1);
  const constant = f64x2.splat(ctf.constant);
  const base0 = f64x2.add(f64x2.mul(xx0, f64x2.splat(ctf.xx)), constant);
  const base1 = f64x2.add(f64x2.mul(xx1, f64x2.splat(ctf.xx)), constant);
  const linear0 = f64x2.mul(x0, f64x2.splat(ctf.xy));
  const linear1 = f64x2.mul(x1, f64x2.splat(ctf.xy));
  const fourth = f64x2.splat(ctf.fourth);
  for (let ky = 0; ky <= extent; ky++) {
    const y = <f64>ky;
    const yy = f64x2.splat(y * y);
    const along = f64x2.splat(y * y * ctf.yy);
    const y2 = f64x2.splat(y);
    const s0 = f64x2.add(xx0, yy);
    const s1 = f64x2.add(xx1, yy);
    const even0 = f64x2.add(f64x2.add(base0, along), f64x2.mul(f64x2.mul(s0, s0), fourth));
    const even1 = f64x2.add(f64x2.add(base1, along), f64x2.mul(f64x2.mul(s1, s1), fourth));
    const odd0 = f64x2.mul(linear0, y2);
    const odd1 = f64x2.mul(linear1, y2);
    v128.store(to, fractionMinusHalf(f64x2.add(even0, odd0), f64x2.add(even1, odd1)));
    v128.store(to, fractionMinusHalf(f64x2.sub(even0, odd0), f64x2.sub(even1, odd1)), 16);
    to += 32;
  }
}
