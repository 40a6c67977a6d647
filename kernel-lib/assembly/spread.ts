// Projection by spreading: every Gaussian is added to an oversampled periodic grid of M² with its own width, and a fast
// Fourier transform gives P. All are widened by the same variance where they are too narrow for the grid, or narrowed where
// they are wider than necessary; the transform divides that out again (Greengard and Lee, SIAM Review 46, 443, 2004).
// Gaussians of different widths are divided into classes, each narrowed by what its members have in common and transformed
// separately: wide Gaussians then cover few cells, and their rounding errors do not mask narrow ones in the outer rings.
// The gradient is the adjoint: the gradient G is transformed back to a field on the grid, from which each Gaussian gathers
// its value, its derivatives and its second moment. O(N·w² + C·M² log M). The host chooses M, the classes, their extra
// variance and the radius (src/projection/spreadPlan.ts).

import { transform } from "./fft";
// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { Job } from "./job";
import { exp, mulAdd, storeTransposed, sumLanes } from "./math";
import { padded, Run, run } from "./pose";

const twoPi: f32 = Mathf.PI + Mathf.PI;

// Scratch: the grid with margins to the right and below for Gaussians that cross its border; half its transform along y, in
// tiles of four ky; two buffers; the kernel of one Gaussian along x and y; the placement of the Gaussians.

function pitchOf(job: Job): usize {
  return <usize>(4 * (job.grid + job.margin + 4));
}

function quads(rings: i32): i32 {
  return (rings + 4) >> 2;
}

function gridBytes(grid: i32, margin: i32): usize {
  const rows = grid + margin;
  return (<usize>(4 * rows * (rows + 4)) + 63) & ~(<usize>63);
}

function halfAt(job: Job, scratch: usize): usize {
  return scratch + gridBytes(job.grid, job.margin);
}

function bufferAt(job: Job, scratch: usize): usize {
  return halfAt(job, scratch) + <usize>(32 * quads(job.rings) * job.grid);
}

function otherBufferAt(job: Job, scratch: usize): usize {
  return bufferAt(job, scratch) + <usize>(32 * job.grid);
}

function kernelAt(job: Job, scratch: usize): usize {
  return otherBufferAt(job, scratch) + <usize>(32 * job.grid);
}

/** Scratch bytes. */
export function spreadBytes(gaussians: i32, rings: i32, grid: i32, margin: i32): usize {
  return (
    gridBytes(grid, margin) +
    <usize>(32 * quads(rings) * grid) +
    <usize>(64 * grid) +
    <usize>(16 * (margin + 8)) +
    <usize>(4 * 12 * padded(gaussians))
  );
}

/** Placement of the Gaussians on the grid: runs of `padded` 32-bit numbers after the kernels. */
enum Placement {
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

/** The part of the plan for a class: its smallest variance, the extra variance, then a correction for each k. */
function classAt(job: Job, index: i32): usize {
  return job.plan + 4 + <usize>(4 * index * (job.rings + 3));
}

function placementAt(job: Job, scratch: usize, which: i32): usize {
  const kernels = <usize>(16 * (job.margin + 8));
  return kernelAt(job, scratch) + kernels + <usize>(4 * which * padded(job.gaussians));
}

/** Position on the grid in cells, 0 ≤ g < M. */
function gridPosition(u: v128, grid: v128): v128 {
  const g = f32x4.mul(f32x4.sub(u, f32x4.floor(u)), grid);
  // For a tiny negative u the difference rounds to 1.
  return v128.and(g, f32x4.lt(g, grid));
}

/** Fills the runs of Placement. */
function placeOnGrid(job: Job, runs: usize, scratch: usize): void {
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
function kernels(values: usize, step: usize, kernelX: usize, width: i32, kernelY: usize, height: i32): void {
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
function hasMembers(job: Job, widthClass: i32, scratch: usize): bool {
  const classes = placementAt(job, scratch, Placement.widthClass);
  for (let at = classes, end = classes + <usize>(4 * job.gaussians); at < end; at += 4) {
    if (load<i32>(at) === widthClass) return true;
  }
  return false;
}

/** Adds the Gaussians of a class to the grid. */
function spread(job: Job, runs: usize, widthClass: i32, scratch: usize): void {
  const n = job.gaussians;
  const pitch = pitchOf(job);
  const kernelX = kernelAt(job, scratch);
  const kernelY = kernelX + <usize>(4 * (job.margin + 8));
  const placements = placementAt(job, scratch, 0);
  const step = 4 * padded(n);
  const weights = run(runs, n, Run.weight);
  memory.fill(scratch, 0, <usize>(job.grid + job.margin) * pitch);
  for (let i = 0; i < n; i++) {
    const at = <usize>i * 4;
    const weight = load<f32>(weights + at);
    const here = placements + at;
    if (weight === 0 || load<i32>(here + <usize>(Placement.widthClass * step)) !== widthClass) continue;
    const width = load<i32>(here + <usize>(Placement.width * step));
    const height = load<i32>(here + <usize>(Placement.height * step));
    const inverse = load<f32>(here + <usize>(Placement.inverse * step));
    kernels(here + <usize>(Placement.valueX * step), <usize>step, kernelX, width, kernelY, height);
    const factor = f32x4.splat((weight * inverse) / Mathf.PI);
    let cell = scratch + <usize>load<i32>(here);
    let column = 0;
    for (; column + 8 <= width; column += 8) {
      const e0 = f32x4.mul(factor, v128.load(kernelX + <usize>(4 * column)));
      const e1 = f32x4.mul(factor, v128.load(kernelX + <usize>(4 * column), 16));
      let to = cell;
      for (let k = kernelY, end = kernelY + <usize>(4 * height); k < end; k += 4) {
        const row = v128.load32_splat(k);
        v128.store(to, mulAdd(row, e0, v128.load(to)));
        v128.store(to, mulAdd(row, e1, v128.load(to, 16)), 16);
        to += pitch;
      }
      cell += 32;
    }
    if (column < width) {
      const e0 = f32x4.mul(factor, v128.load(kernelX + <usize>(4 * column)));
      let to = cell;
      for (let k = kernelY, end = kernelY + <usize>(4 * height); k < end; k += 4) {
        v128.store(to, mulAdd(v128.load32_splat(k), e0, v128.load(to)));
        to += pitch;
      }
    }
  }
}

/** Adds the margins to the opposite sides of the grid. */
function foldMargins(job: Job, scratch: usize): void {
  const pitch = pitchOf(job);
  const size = job.grid;
  for (let y = 0; y < size + job.margin; y++) {
    const row = scratch + <usize>y * pitch;
    const over = row + <usize>(4 * size);
    for (let x: usize = 0; x < <usize>(4 * job.margin); x += 16) {
      v128.store(row + x, f32x4.add(v128.load(row + x), v128.load(over + x)));
    }
  }
  for (let y = 0; y < job.margin; y++) {
    const row = scratch + <usize>y * pitch;
    const over = row + <usize>size * pitch;
    for (let x: usize = 0; x < <usize>(4 * size); x += 16) {
      v128.store(row + x, f32x4.add(v128.load(row + x), v128.load(over + x)));
    }
  }
}

/** The adjoint: copies the opposite sides of the grid to the margins. */
function copyMargins(job: Job, scratch: usize): void {
  const pitch = pitchOf(job);
  const size = job.grid;
  for (let y = 0; y < size; y++) {
    const row = scratch + <usize>y * pitch;
    memory.copy(row + <usize>(4 * size), row, <usize>(4 * job.margin));
  }
  memory.copy(scratch + <usize>size * pitch, scratch, <usize>job.margin * pitch);
}

/** Transforms the grid along y, eight real columns as four complex ones; keeps the half ky ≥ 0. */
function columnsForward(job: Job, scratch: usize): void {
  const pitch = pitchOf(job);
  const size = job.grid;
  const half = halfAt(job, scratch);
  const buffer = bufferAt(job, scratch);
  const other = otherBufferAt(job, scratch);
  const tile = <usize>(32 * size);
  const count = 4 * quads(job.rings);
  const both = f32x4.splat(0.5);
  for (let x = 0; x < size; x += 8) {
    let from = scratch + <usize>(4 * x);
    for (let to = buffer; to < other; to += 32) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      from += pitch;
    }
    const z = transform(buffer, other, size, job.twiddles);
    // The free buffer receives the unpacked spectra, (re, im) of the first four and of the last four columns.
    const free = z === buffer ? other : buffer;
    for (let k = 0; k < count; k += 4) {
      for (let j = 0; j < 4; j++) {
        const plus = z + <usize>(32 * (k + j));
        const minus = k + j === 0 ? z : z + <usize>(32 * (size - k - j));
        const pr = v128.load(plus);
        const pi = v128.load(plus, 16);
        const mr = v128.load(minus);
        const mi = v128.load(minus, 16);
        const to = free + <usize>(16 * j);
        v128.store(to, f32x4.mul(both, f32x4.add(pr, mr)));
        v128.store(to + 64, f32x4.mul(both, f32x4.sub(pi, mi)));
        v128.store(to + 128, f32x4.mul(both, f32x4.add(pi, mi)));
        v128.store(to + 192, f32x4.mul(both, f32x4.sub(mr, pr)));
      }
      const to = half + <usize>(k >> 2) * tile + <usize>(32 * x);
      for (let j: usize = 0; j < 4; j++) {
        const at = free + 64 * j;
        storeTransposed(
          to + 16 * (j & 1) + 128 * (j >> 1),
          32,
          v128.load(at),
          v128.load(at, 16),
          v128.load(at, 32),
          v128.load(at, 48),
        );
      }
    }
  }
}

/** Projects the Gaussians in `runs` to `image`, in the disc's layout. */
export function projectSpread(job: Job, runs: usize, image: usize, scratch: usize): void {
  placeOnGrid(job, runs, scratch);
  const rings = job.rings;
  memory.fill(image, 0, <usize>(8 * (rings + 1) * (2 * rings + 1)));
  for (let c = 0; c < job.classes; c++) {
    if (hasMembers(job, c, scratch)) addClass(job, runs, c, image, scratch);
  }
}

/** Adds the projection of a class of Gaussians. */
function addClass(job: Job, runs: usize, widthClass: i32, image: usize, scratch: usize): void {
  spread(job, runs, widthClass, scratch);
  foldMargins(job, scratch);
  columnsForward(job, scratch);
  const rings = job.rings;
  const size = job.grid;
  const width = 2 * rings + 1;
  const half = halfAt(job, scratch);
  const correction = classAt(job, widthClass) + 8;
  for (let quad = 0; quad < quads(rings); quad++) {
    const z = transform(half + <usize>(32 * size * quad), bufferAt(job, scratch), size, job.twiddles);
    for (let lane = 0; lane < 4; lane++) {
      const ky = 4 * quad + lane;
      if (ky > rings) break;
      const extent = load<i32>(job.extent + <usize>(4 * ky));
      const dy = load<f32>(correction + <usize>(4 * ky));
      const origin = z + <usize>(4 * lane);
      for (let kx = 0; kx <= extent; kx++) {
        const d = dy * load<f32>(correction + <usize>(4 * kx));
        const plus = origin + <usize>(32 * kx);
        const centre = image + <usize>(8 * (kx * width + rings));
        const up = centre + <usize>(8 * ky);
        store<f32>(up, load<f32>(up) + d * load<f32>(plus));
        store<f32>(up, load<f32>(up, 4) + d * load<f32>(plus, 16), 4);
        if (ky === 0) continue;
        // P(kx, −ky) is the conjugate of P(−kx, ky).
        const minus = kx === 0 ? origin : origin + <usize>(32 * (size - kx));
        const down = centre - <usize>(8 * ky);
        store<f32>(down, load<f32>(down) + d * load<f32>(minus));
        store<f32>(down, load<f32>(down, 4) - d * load<f32>(minus, 16), 4);
      }
    }
  }
}

/**
 * From the gradient G to the field Re Σ G(k)·e^{2πi k·x/M} on the grid, with the corrections of a class. Inverse transforms
 * have re and im exchanged.
 */
function field(job: Job, gradient: usize, widthClass: i32, scratch: usize): void {
  const rings = job.rings;
  const size = job.grid;
  const width = 2 * rings + 1;
  const half = halfAt(job, scratch);
  const buffer = bufferAt(job, scratch);
  const other = otherBufferAt(job, scratch);
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
  for (let i = 0; i < padded(n); i++) store4(runs, n, i, 0, 0, 0, 0);
  for (let c = 0; c < job.classes; c++) {
    if (!hasMembers(job, c, scratch)) continue;
    field(job, gradient, c, scratch);
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
    store4(
      runs,
      n,
      i,
      along,
      derivative * f32x4.extract_lane(sums, 1),
      derivative * f32x4.extract_lane(sums, 2),
      perSquare * (along - second),
    );
  }
}

function store4(runs: usize, n: i32, i: i32, along: f32, gradientX: f32, gradientY: f32, square: f32): void {
  const at = <usize>i * 4;
  store<f32>(run(runs, n, Run.along) + at, along);
  store<f32>(run(runs, n, Run.gradientX) + at, gradientX);
  store<f32>(run(runs, n, Run.gradientY) + at, gradientY);
  store<f32>(run(runs, n, Run.square) + at, square);
}
