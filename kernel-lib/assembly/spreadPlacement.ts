// Placement of Gaussians on the grid of projection by spreading, and their kernels. See spread.ts.

// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { Job } from "./job";
import { exp } from "./math";
import { padded, Run, run } from "./pose";
import { classAt, pitchOf, placementAt } from "./spreadGrid";

/** Placement of the Gaussians on the grid: runs of `padded` 32-bit numbers after the kernels. */
export enum Placement {
  /** Offset of the first cell in bytes. */
  cell = 0,
  /** Cells along x, a multiple of 4, and along y. */
  width = 1,
  height = 2,
  /** 1/2σ² in cells. */
  inverse = 3,
  /** Distance from the centre to the first cell, in cells. */
  left = 4,
  top = 5,
  /** exp(−d²/2σ²) and exp(−2d/2σ²) for d = left and d = top; exp(−1/2σ²). */
  valueX = 6,
  ratioX = 7,
  valueY = 8,
  ratioY = 9,
  fall = 10,
  /** Index of its class. */
  widthClass = 11,
}

/** Position on the grid in cells, 0 ≤ g < M. */
function gridPosition(u: v128, grid: v128): v128 {
  const g = f32x4.mul(f32x4.sub(u, f32x4.floor(u)), grid);
  // For a tiny negative u the difference rounds to 1.
  return v128.and(g, f32x4.lt(g, grid));
}

/** Fills the runs of Placement. */
export function placeOnGrid(job: Job, runs: usize, scratch: usize): void {
  const n = job.gaussians;
  const radius = v128.load32_splat(job.plan);
  const firstExtra = v128.load32_splat(classAt(job, 0), 4);
  const grid = f32x4.splat(<f32>job.grid);
  const scale = f32x4.splat((<f32>job.grid * <f32>job.grid) / (<f32>job.boxSize * <f32>job.boxSize));
  const margin = i32x4.splat(job.margin);
  const most = f32x4.splat(<f32>job.margin * 0.5 - 2);
  const pitch = i32x4.splat(<i32>pitchOf(job));
  const zero = f32x4.splat(0);
  const runX = run(runs, n, Run.x);
  const runY = run(runs, n, Run.y);
  const runSigma = run(runs, n, Run.sigma);
  const step = <usize>(4 * padded(n));
  const placements = placementAt(job, scratch, 0);
  for (let at: usize = 0; at < step; at += 16) {
    const sigma = v128.load(runSigma + at);
    const own = f32x4.mul(sigma, sigma);
    let extra = firstExtra;
    let widthClass = i32x4.splat(0);
    for (let c = 1; c < job.classes; c++) {
      const plan = classAt(job, c);
      const wider = f32x4.ge(own, v128.load32_splat(plan));
      extra = v128.bitselect(v128.load32_splat(plan, 4), extra, wider);
      widthClass = i32x4.sub(widthClass, wider);
    }
    const variance = f32x4.mul(f32x4.add(own, extra), scale);
    const inverse = f32x4.div(f32x4.splat(0.5), variance);
    // The margin holds the widest Gaussian; the bound only keeps NaN and infinite widths inside the memory.
    const reach = f32x4.pmin(f32x4.mul(radius, f32x4.sqrt(variance)), most);
    const gx = gridPosition(v128.load(runX + at), grid);
    const gy = gridPosition(v128.load(runY + at), grid);
    const x0 = f32x4.ceil(f32x4.sub(gx, reach));
    const y0 = f32x4.ceil(f32x4.sub(gy, reach));
    const left = f32x4.sub(x0, gx);
    const top = f32x4.sub(y0, gy);
    const spanX = f32x4.sub(f32x4.floor(f32x4.add(gx, reach)), x0);
    const spanY = f32x4.sub(f32x4.floor(f32x4.add(gy, reach)), y0);
    const width = v128.and(i32x4.add(i32x4.trunc_sat_f32x4_s(spanX), i32x4.splat(4)), i32x4.splat(~3));
    const height = i32x4.add(i32x4.trunc_sat_f32x4_s(spanY), i32x4.splat(1));
    const column = i32x4.trunc_sat_f32x4_s(f32x4.add(x0, v128.and(grid, f32x4.lt(x0, zero))));
    const row = i32x4.trunc_sat_f32x4_s(f32x4.add(y0, v128.and(grid, f32x4.lt(y0, zero))));
    const minus = f32x4.neg(inverse);
    const twice = f32x4.add(minus, minus);
    let to = placements + at;
    v128.store(to, i32x4.add(i32x4.mul(row, pitch), i32x4.shl(column, 2)));
    to += step;
    v128.store(to, i32x4.min_s(width, margin));
    to += step;
    v128.store(to, i32x4.min_s(height, margin));
    to += step;
    v128.store(to, inverse);
    to += step;
    v128.store(to, left);
    to += step;
    v128.store(to, top);
    to += step;
    v128.store(to, exp(f32x4.mul(minus, f32x4.mul(left, left))));
    to += step;
    v128.store(to, exp(f32x4.mul(twice, left)));
    to += step;
    v128.store(to, exp(f32x4.mul(minus, f32x4.mul(top, top))));
    to += step;
    v128.store(to, exp(f32x4.mul(twice, top)));
    v128.store(to + step, exp(minus));
    v128.store(to + 2 * step, widthClass);
  }
}

/**
 * The kernels of one Gaussian along x and y, exp(−(d + j)²/2σ²) = v·r^j·q^{j²} with v, r and q of Placement, by recurrence
 * from each four values to the next. `values` is the Gaussian's address in the run Placement.valueX.
 */
export function kernels(
  values: usize,
  step: usize,
  kernelX: usize,
  width: i32,
  kernelY: usize,
  height: i32,
): void {
  const q = load<f32>(values + 4 * step);
  const q4 = q * q * (q * q);
  const q8 = q4 * q4;
  const q16 = q8 * q8;
  const squares = f32x4(1, q, q4, q8 * q);
  const eights = f32x4(q16, q16 * q8, q16 * q16, q16 * q16 * q8);
  const fall = f32x4.splat(q16 * q16);
  kernel(kernelX, width, load<f32>(values), load<f32>(values + step), squares, eights, fall);
  kernel(kernelY, height, load<f32>(values + 2 * step), load<f32>(values + 3 * step), squares, eights, fall);
}

/** One kernel of `count` values, v·r^j·q^{j²}. */
function kernel(at: usize, count: i32, v: f32, r: f32, squares: v128, eights: v128, fall: v128): void {
  const r2 = r * r;
  let value = f32x4.mul(f32x4.mul(f32x4.splat(v), f32x4(1, r, r2, r2 * r)), squares);
  let ratio = f32x4.mul(f32x4.splat(r2 * r2), eights);
  for (let j = 0; j < count; j += 4) {
    v128.store(at, value);
    at += 16;
    value = f32x4.mul(value, ratio);
    ratio = f32x4.mul(ratio, fall);
  }
}

/** Whether a class has members; Gaussians of weight 0 count, since they have a gradient, too. */
export function hasMembers(job: Job, widthClass: i32, scratch: usize): bool {
  const classes = placementAt(job, scratch, Placement.widthClass);
  for (let at = classes, end = classes + <usize>(4 * job.gaussians); at < end; at += 4) {
    if (load<i32>(at) === widthClass) return true;
  }
  return false;
}
