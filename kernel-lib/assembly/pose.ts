// From Gaussians to their positions in the image, and the gradient there back to Gaussians, rotation and shift.

// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { Job } from "./job";
import { laneSum, mulAdd } from "./math";

/** (2π)^{3/2}, from the integral over a Gaussian's density. */
const volumeFactor: f32 = 15.749609945722419;
const pi: f32 = Mathf.PI;

/** Number of Gaussians padded to pairs of vectors; the padding has weight 0. */
export function padded(gaussians: i32): i32 {
  return (gaussians + 7) & ~7;
}

/** Nine runs of `padded` floats for each particle. The first five are inputs of a projection: */
export enum Run {
  /** Image position in box units. */
  x = 0,
  y = 1,
  /** A·(2π)^{3/2}σ³. */
  weight = 2,
  /** 2π²σ²/S²: the envelope is exp(−s·|k|²). */
  s = 3,
  /** σ. */
  sigma = 4,
  /** Outputs of the contraction with the image gradient G, with h = exp(−s|k|² − 2πi k·u): Σ Re(G*·h). */
  along = 5,
  /** Σ Re(G*·(−2πi kx)·h). */
  gradientX = 6,
  gradientY = 7,
  /** Σ |k|²·Re(G*·h). */
  square = 8,
}

/** Bytes of the runs. */
export function poseBytes(gaussians: i32): usize {
  return 9 * 4 * <usize>padded(gaussians);
}

/** Address of one of the runs. */
export function run(runs: usize, gaussians: i32, which: i32): usize {
  return runs + <usize>(which * 4 * padded(gaussians));
}

/** Fills the runs x, y, weight, s and sigma from a model in the pose of particle b. */
export function place(job: Job, b: i32, model: usize, runs: usize): void {
  const n = job.gaussians;
  const row = <usize>n * 4;
  const rotation = job.rotations + <usize>b * 36;
  const shift = job.shifts + <usize>b * 8;
  const pitch = <usize>padded(n) * 4;
  const r0 = v128.load32_splat(rotation);
  const r1 = v128.load32_splat(rotation, 4);
  const r2 = v128.load32_splat(rotation, 8);
  const r3 = v128.load32_splat(rotation, 12);
  const r4 = v128.load32_splat(rotation, 16);
  const r5 = v128.load32_splat(rotation, 20);
  const tx = v128.load32_splat(shift);
  const ty = v128.load32_splat(shift, 4);
  const box = <f32>job.boxSize;
  const scale = f32x4.splat((2 * pi * pi) / (box * box));
  const last = padded(n) - 4;
  for (let i = 0; i <= last; i += 4) {
    const at = <usize>i * 4;
    const from = model + at;
    const to = runs + at;
    let x: v128;
    let y: v128;
    let z: v128;
    let amplitude: v128;
    let sigma: v128;
    if (i + 4 <= n) {
      x = v128.load(from);
      y = v128.load(from + row);
      z = v128.load(from + 2 * row);
      amplitude = v128.load(from + 3 * row);
      sigma = v128.load(from + 4 * row);
    } else {
      x = tail(from, n - i, 0);
      y = tail(from + row, n - i, 0);
      z = tail(from + 2 * row, n - i, 0);
      amplitude = tail(from + 3 * row, n - i, 0);
      sigma = tail(from + 4 * row, n - i, 1);
    }
    v128.store(to, mulAdd(r0, x, mulAdd(r1, y, mulAdd(r2, z, tx))));
    v128.store(to + pitch, mulAdd(r3, x, mulAdd(r4, y, mulAdd(r5, z, ty))));
    const square = f32x4.mul(sigma, sigma);
    const volume = f32x4.mul(f32x4.splat(volumeFactor), f32x4.mul(square, sigma));
    v128.store(to + 2 * pitch, f32x4.mul(amplitude, volume));
    v128.store(to + 3 * pitch, f32x4.mul(square, scale));
    v128.store(to + 4 * pitch, sigma);
  }
}

/** The first `left` floats, padded with `fill`. */
function tail(from: usize, left: i32, fill: f32): v128 {
  return f32x4(
    left > 0 ? load<f32>(from) : fill,
    left > 1 ? load<f32>(from, 4) : fill,
    left > 2 ? load<f32>(from, 8) : fill,
    fill,
  );
}

/** Stores the first `left` floats of a vector. */
function storeTail(to: usize, left: i32, value: v128): void {
  if (left > 0) store<f32>(to, f32x4.extract_lane(value, 0));
  if (left > 1) store<f32>(to, f32x4.extract_lane(value, 1), 4);
  if (left > 2) store<f32>(to, f32x4.extract_lane(value, 2), 8);
}

/** From the runs along, gradientX, gradientY and square to the gradients that the job requests. */
export function gather(job: Job, b: i32, runs: usize): void {
  const n = job.gaussians;
  const row = <usize>n * 4;
  const rotation = job.rotations + <usize>b * 36;
  const model = job.model + <usize>b * <usize>(4 * job.modelStride);
  const gradient = job.modelGradient + <usize>b * <usize>(20 * n);
  const wantModel = job.modelGradient !== 0;
  const pitch = <usize>padded(n) * 4;
  const r0 = v128.load32_splat(rotation);
  const r1 = v128.load32_splat(rotation, 4);
  const r2 = v128.load32_splat(rotation, 8);
  const r3 = v128.load32_splat(rotation, 12);
  const r4 = v128.load32_splat(rotation, 16);
  const r5 = v128.load32_splat(rotation, 20);
  const box = <f32>job.boxSize;
  const widening = f32x4.splat((4 * pi * pi) / (box * box));
  let d0 = f32x4.splat(0);
  let d1 = d0;
  let d2 = d0;
  let d3 = d0;
  let d4 = d0;
  let d5 = d0;
  let dx = d0;
  let dy = d0;
  const last = padded(n) - 4;
  for (let i = 0; i <= last; i += 4) {
    const at = <usize>i * 4;
    const from = model + at;
    const whole = i + 4 <= n;
    const weight = v128.load(runs + at + 2 * pitch);
    const sigma = v128.load(runs + at + 4 * pitch);
    const along = v128.load(runs + at + 5 * pitch);
    const sx = f32x4.mul(weight, v128.load(runs + at + 6 * pitch));
    const sy = f32x4.mul(weight, v128.load(runs + at + 7 * pitch));
    const x = whole ? v128.load(from) : tail(from, n - i, 0);
    const y = whole ? v128.load(from + row) : tail(from + row, n - i, 0);
    const z = whole ? v128.load(from + 2 * row) : tail(from + 2 * row, n - i, 0);
    d0 = mulAdd(sx, x, d0);
    d1 = mulAdd(sx, y, d1);
    d2 = mulAdd(sx, z, d2);
    d3 = mulAdd(sy, x, d3);
    d4 = mulAdd(sy, y, d4);
    d5 = mulAdd(sy, z, d5);
    dx = f32x4.add(dx, sx);
    dy = f32x4.add(dy, sy);
    if (!wantModel) continue;
    const to = gradient + at;
    const gx = mulAdd(r0, sx, f32x4.mul(r3, sy));
    const gy = mulAdd(r1, sx, f32x4.mul(r4, sy));
    const gz = mulAdd(r2, sx, f32x4.mul(r5, sy));
    const volume = f32x4.mul(f32x4.splat(volumeFactor), f32x4.mul(f32x4.mul(sigma, sigma), sigma));
    const ga = f32x4.mul(volume, along);
    const square = v128.load(runs + at + 8 * pitch);
    const gs = f32x4.mul(
      weight,
      f32x4.sub(
        f32x4.div(f32x4.mul(f32x4.splat(3), along), sigma),
        f32x4.mul(f32x4.mul(widening, sigma), square),
      ),
    );
    if (whole) {
      v128.store(to, gx);
      v128.store(to + row, gy);
      v128.store(to + 2 * row, gz);
      v128.store(to + 3 * row, ga);
      v128.store(to + 4 * row, gs);
    } else {
      storeTail(to, n - i, gx);
      storeTail(to + row, n - i, gy);
      storeTail(to + 2 * row, n - i, gz);
      storeTail(to + 3 * row, n - i, ga);
      storeTail(to + 4 * row, n - i, gs);
    }
  }
  if (job.rotationGradient !== 0) {
    const out = job.rotationGradient + <usize>b * 36;
    store<f32>(out, laneSum(d0));
    store<f32>(out, laneSum(d1), 4);
    store<f32>(out, laneSum(d2), 8);
    store<f32>(out, laneSum(d3), 12);
    store<f32>(out, laneSum(d4), 16);
    store<f32>(out, laneSum(d5), 20);
    store<f32>(out, 0, 24);
    store<f32>(out, 0, 28);
    store<f32>(out, 0, 32);
    store<f32>(job.shiftGradient + <usize>b * 8, laneSum(dx));
    store<f32>(job.shiftGradient + <usize>b * 8, laneSum(dy), 4);
  }
}
