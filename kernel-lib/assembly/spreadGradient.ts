// The gradient of projection by spreading, the adjoint of spread.ts.

import { transform } from "./fft";
// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { Job } from "./job";
import { mulAdd, storeTransposed, sumLanes } from "./math";
import { padded, Run, run } from "./pose";
import {
  bufferAt,
  classAt,
  copyMargins,
  halfAt,
  kernelAt,
  otherBufferAt,
  pitchOf,
  placementAt,
  quads,
} from "./spreadGrid";
import { hasMembers, kernels, Placement } from "./spreadPlacement";

const twoPi: f32 = Mathf.PI + Mathf.PI;

/**
 * From the gradient G, with the corrections of a class, to the half transform along y of the field
 * Re Σ G(k)·e^{2πi k·x/M}. Inverse transforms have re and im exchanged.
 */
function halfField(job: Job, gradient: usize, widthClass: i32, scratch: usize): void {
  const rings = job.rings;
  const size = job.grid;
  const width = 2 * rings + 1;
  const half = halfAt(job, scratch);
  const buffer = bufferAt(job, scratch);
  const tile = <usize>(32 * size);
  const correction = classAt(job, widthClass) + 8;
  memory.fill(half, 0, tile * <usize>quads(rings));
  for (let quad = 0; quad < quads(rings); quad++) {
    const here = half + tile * <usize>quad;
    for (let lane = 0; lane < 4; lane++) {
      const ky = 4 * quad + lane;
      if (ky > rings) break;
      const extent = load<i32>(job.extent + <usize>(4 * ky));
      const dy = load<f32>(correction + <usize>(4 * ky));
      const origin = here + <usize>(4 * lane);
      for (let kx = 0; kx <= extent; kx++) {
        const d = dy * load<f32>(correction + <usize>(4 * kx));
        const plus = origin + <usize>(32 * kx);
        const minus = kx === 0 ? origin : origin + <usize>(32 * (size - kx));
        const centre = gradient + <usize>(8 * (kx * width + rings));
        const up = centre + <usize>(8 * ky);
        const down = centre - <usize>(8 * ky);
        store<f32>(plus, d * load<f32>(up, 4));
        store<f32>(plus, d * load<f32>(up), 16);
        // Re(G·e^{2πi(kx·x − ky·y)}) equals that of the conjugate at (−kx, ky).
        if (ky > 0) {
          store<f32>(minus, load<f32>(minus) - d * load<f32>(down, 4));
          store<f32>(minus, load<f32>(minus, 16) + d * load<f32>(down), 16);
        }
      }
    }
    if (transform(here, buffer, size, job.twiddles) !== here) memory.copy(here, buffer, tile);
  }
}

/** From the half transform along y to the field on the grid. */
function columnsBackward(job: Job, scratch: usize): void {
  const rings = job.rings;
  const size = job.grid;
  const half = halfAt(job, scratch);
  const buffer = bufferAt(job, scratch);
  const other = otherBufferAt(job, scratch);
  const tile = <usize>(32 * size);
  const both = f32x4.splat(0.5);
  const pitch = pitchOf(job);
  for (let x = 0; x < size; x += 8) {
    memory.fill(buffer, 0, tile);
    for (let quad = 0; quad < quads(rings); quad++) {
      // (im, re) of four ky at each of eight x, turned into (im, re) of eight x at each ky.
      const from = half + tile * <usize>quad + <usize>(32 * x);
      for (let j: usize = 0; j < 4; j++) {
        const at = from + 16 * (j & 1) + 128 * (j >> 1);
        storeTransposed(
          other + 16 * j,
          64,
          v128.load(at),
          v128.load(at, 32),
          v128.load(at, 64),
          v128.load(at, 96),
        );
      }
      for (let lane = 0; lane < 4; lane++) {
        const ky = 4 * quad + lane;
        if (ky > rings) break;
        const at = other + <usize>(64 * lane);
        const firstI = v128.load(at);
        const firstR = v128.load(at, 16);
        const secondI = v128.load(at, 32);
        const secondR = v128.load(at, 48);
        const plus = buffer + <usize>(32 * ky);
        if (ky === 0) {
          v128.store(plus, secondR);
          v128.store(plus, firstR, 16);
          continue;
        }
        const minus = buffer + <usize>(32 * (size - ky));
        v128.store(plus, f32x4.mul(both, f32x4.add(firstI, secondR)));
        v128.store(plus, f32x4.mul(both, f32x4.sub(firstR, secondI)), 16);
        v128.store(minus, f32x4.mul(both, f32x4.sub(secondR, firstI)));
        v128.store(minus, f32x4.mul(both, f32x4.add(firstR, secondI)), 16);
      }
    }
    const z = transform(buffer, other, size, job.twiddles);
    let to = scratch + <usize>(4 * x);
    for (let from = z, end = z + tile; from < end; from += 32) {
      v128.store(to, v128.load(from, 16));
      v128.store(to, v128.load(from), 16);
      to += pitch;
    }
  }
}

/** From the gradient G in the disc's layout to the runs along, gradientX, gradientY and square. */
export function contractSpread(job: Job, runs: usize, gradient: usize, scratch: usize): void {
  const n = job.gaussians;
  // The four output runs follow one another.
  memory.fill(run(runs, n, Run.along), 0, <usize>(16 * padded(n)));
  for (let c = 0; c < job.classes; c++) {
    if (!hasMembers(job, c, scratch)) continue;
    halfField(job, gradient, c, scratch);
    columnsBackward(job, scratch);
    copyMargins(job, scratch);
    gatherClass(job, runs, c, scratch);
  }
}

/** Gathers the runs of a class of Gaussians from the field on the grid. */
function gatherClass(job: Job, runs: usize, widthClass: i32, scratch: usize): void {
  const n = job.gaussians;
  const m = <f32>job.grid;
  const pitch = pitchOf(job);
  const kernelX = kernelAt(job, scratch);
  const kernelY = kernelX + <usize>(4 * (job.margin + 8));
  const placements = placementAt(job, scratch, 0);
  const step = 4 * padded(n);
  const zero = f32x4.splat(0);
  for (let i = 0; i < n; i++) {
    const here = placements + <usize>i * 4;
    if (load<i32>(here + <usize>(Placement.widthClass * step)) !== widthClass) continue;
    const width = load<i32>(here + <usize>(Placement.width * step));
    const height = load<i32>(here + <usize>(Placement.height * step));
    const inverse = load<f32>(here + <usize>(Placement.inverse * step));
    const left = load<f32>(here + <usize>(Placement.left * step));
    const top = load<f32>(here + <usize>(Placement.top * step));
    kernels(here + <usize>(Placement.valueX * step), <usize>step, kernelX, width, kernelY, height);
    let cell = scratch + <usize>load<i32>(here);
    let dx = f32x4.add(f32x4.splat(left), f32x4(0, 1, 2, 3));
    const four = f32x4.splat(4);
    let value = zero;
    let alongX = zero;
    let alongY = zero;
    let square = zero;
    const end = kernelY + <usize>(4 * height);
    for (let column = 0; column < width; column += 8) {
      // Moments along y of two vectors of columns; the second may lie beyond the last column and is skipped below.
      let a0 = zero;
      let a1 = zero;
      let a2 = zero;
      let b0 = zero;
      let b1 = zero;
      let b2 = zero;
      let dy = f32x4.splat(top);
      const one = f32x4.splat(1);
      let from = cell;
      for (let k = kernelY; k < end; k += 4) {
        const e0 = v128.load32_splat(k);
        const e1 = f32x4.mul(e0, dy);
        const e2 = f32x4.mul(e1, dy);
        const a = v128.load(from);
        const b = v128.load(from, 16);
        a0 = mulAdd(e0, a, a0);
        b0 = mulAdd(e0, b, b0);
        a1 = mulAdd(e1, a, a1);
        b1 = mulAdd(e1, b, b1);
        a2 = mulAdd(e2, a, a2);
        b2 = mulAdd(e2, b, b2);
        dy = f32x4.add(dy, one);
        from += pitch;
      }
      let e = v128.load(kernelX + <usize>(4 * column));
      value = mulAdd(e, a0, value);
      alongY = mulAdd(e, a1, alongY);
      let ex = f32x4.mul(e, dx);
      alongX = mulAdd(ex, a0, alongX);
      square = f32x4.add(square, mulAdd(f32x4.mul(ex, dx), a0, f32x4.mul(e, a2)));
      dx = f32x4.add(dx, four);
      if (column + 4 < width) {
        e = v128.load(kernelX + <usize>(4 * column), 16);
        value = mulAdd(e, b0, value);
        alongY = mulAdd(e, b1, alongY);
        ex = f32x4.mul(e, dx);
        alongX = mulAdd(ex, b0, alongX);
        square = f32x4.add(square, mulAdd(f32x4.mul(ex, dx), b0, f32x4.mul(e, b2)));
        dx = f32x4.add(dx, four);
      }
      cell += 32;
    }
    const sums = sumLanes(value, alongX, alongY, square);
    const precision = inverse + inverse;
    const norm = precision / twoPi;
    const along = norm * f32x4.extract_lane(sums, 0);
    const derivative = precision * norm * m;
    // −d/ds of N·Σ e·field with s = 2π²·variance/M².
    const second = norm * f32x4.extract_lane(sums, 3) * inverse;
    const perSquare = (precision * m * m) / (Mathf.PI * twoPi);
    const at = <usize>i * 4;
    store<f32>(run(runs, n, Run.along) + at, along);
    store<f32>(run(runs, n, Run.gradientX) + at, derivative * f32x4.extract_lane(sums, 1));
    store<f32>(run(runs, n, Run.gradientY) + at, derivative * f32x4.extract_lane(sums, 2));
    store<f32>(run(runs, n, Run.square) + at, perSquare * (along - second));
  }
}
