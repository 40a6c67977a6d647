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
import { mulAdd, storeTransposed } from "./math";
import { padded, Run, run } from "./pose";
import {
  bufferAt,
  classAt,
  foldMargins,
  halfAt,
  kernelAt,
  otherBufferAt,
  pitchOf,
  placementAt,
  quads,
} from "./spreadGrid";
import { hasMembers, kernels, Placement, placeOnGrid } from "./spreadPlacement";

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
