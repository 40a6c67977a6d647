// Elementary functions of four floats at a time.

/** a·b + c, rounded twice. */
export function mulAdd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

function constant(x: f32): v128 {
  return f32x4.splat(x);
}

/** 1.5·2²³: adding it to a small number leaves the nearest integer in the low bits. */
const rounding: f32 = 12582912;

/** exp(x) for x ≤ 80; 0 below −60, where it is negligible in any sum. */
export function exp(x: v128): v128 {
  const t = f32x4.mul(f32x4.pmax(x, constant(-80)), constant(Mathf.LOG2E));
  const rounded = f32x4.add(t, constant(rounding));
  const f = f32x4.sub(t, f32x4.sub(rounded, constant(rounding)));
  // Taylor series of 2^f on [−½, ½], coefficients ln(2)^j / j!: truncation error 1e-8.
  let p = mulAdd(f, constant(1.540353039338161e-4), constant(1.3333558146428443e-3));
  p = mulAdd(p, f, constant(9.618129107628477e-3));
  p = mulAdd(p, f, constant(5.550410866482158e-2));
  p = mulAdd(p, f, constant(2.402265069591007e-1));
  p = mulAdd(p, f, constant(6.931471805599453e-1));
  p = mulAdd(p, f, constant(1));
  const power = i32x4.shl(i32x4.add(rounded, i32x4.splat(127)), 23);
  return v128.and(f32x4.mul(p, power), f32x4.gt(x, constant(-60)));
}

/** cos(2πt). */
export function cos2pi(t: v128): v128 {
  return sin2pi(f32x4.add(f32x4.sub(t, f32x4.nearest(t)), constant(0.25)));
}

/** sin(2πt). */
export function sin2pi(t: v128): v128 {
  // Reduce to |r| ≤ ¼: sin(2πr) = sin(2π(±½ − r)).
  let r = f32x4.sub(t, f32x4.nearest(t));
  const half = v128.or(v128.and(r, i32x4.splat(0x80000000)), constant(0.5));
  r = v128.bitselect(f32x4.sub(half, r), r, f32x4.gt(f32x4.abs(r), constant(0.25)));
  const q = f32x4.mul(r, r);
  // Taylor series of sin(2πr)/r; truncation error at r = ¼ is 6e-8.
  let p = mulAdd(q, constant(-15.094642576822984), constant(42.05869394489765));
  p = mulAdd(p, q, constant(-76.70585975306136));
  p = mulAdd(p, q, constant(81.60524927607504));
  p = mulAdd(p, q, constant(-41.34170224039976));
  p = mulAdd(p, q, constant(6.283185307179586));
  return f32x4.mul(p, r);
}

/** The lane sums of four vectors, as one vector. */
export function sumLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** The lane sum of one vector. */
export function laneSum(a: v128): f32 {
  return (
    f32x4.extract_lane(a, 0) +
    f32x4.extract_lane(a, 1) +
    (f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3))
  );
}

/** Stores the transpose of four vectors, its rows `step` bytes apart. */
export function storeTransposed(to: usize, step: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const CD = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(to + step, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
  v128.store(to + 2 * step, v128.shuffle<f32>(AB, CD, 0, 1, 4, 5));
  v128.store(to + 3 * step, v128.shuffle<f32>(AB, CD, 2, 3, 6, 7));
}
