import { fftPlan } from "./fftPlan";
import { originPhases } from "./originPhases";

/**
 * FFTs of real images and volumes of any size. Real data are [z][y][x], x fastest. A transform is the half
 * with kx ≥ 0, interleaved complex, [kz][ky][kx] with kx fastest: (kx, ky, kz) is at
 * 2·(kx + (⌊nx/2⌋ + 1)·(ky + ny·kz)), with ky and kz in FFT order: 0, 1, …, then the negative frequencies.
 * The forward transform is not scaled; the inverse divides by the number of voxels.
 */

/** Real or interleaved complex data. */
export type Real = Float32Array | Float64Array;
/** nx, ny, nz. */
export type Size3 = readonly [number, number, number];

/** Columns of a half transform, kx = 0 … ⌊nx/2⌋. */
export function halfWidth(nx: number): number {
  return Math.floor(nx / 2) + 1;
}

/** The signed frequency of index i of n, in −⌊n/2⌋ … ⌊(n − 1)/2⌋. */
export function frequency(i: number, n: number): number {
  return i < (n + 1) >> 1 ? i : i - n;
}

/** The smallest even size ≥ `n` with no prime factor above 5, for which FFTs are fast. */
export function goodFftSize(n: number): number {
  for (let size = Math.max(2, n + (n & 1)); ; size += 2) {
    let rest = size;
    for (const p of [2, 3, 5]) while (rest % p === 0) rest /= p;
    if (rest === 1) return size;
  }
}

/**
 * Half transform of a real image of nx × ny pixels, [ny][⌊nx/2⌋ + 1] complex.
 * @param out receives the result in its own precision. Default: a new Float32Array
 * @throws RangeError for arrays of the wrong length
 */
export function fft2Real(image: Real, nx: number, ny: number, out?: Float32Array): Float32Array;
export function fft2Real(image: Real, nx: number, ny: number, out: Float64Array): Float64Array;
export function fft2Real(image: Real, nx: number, ny: number, out?: Real): Real {
  return fft3Real(image, [nx, ny, 1], out as Float32Array);
}

/** Inverse of {@link fft2Real}. **Overwrites the transform**, which is used as working space. */
export function ifft2Real(half: Real, nx: number, ny: number, out?: Float32Array): Float32Array;
export function ifft2Real(half: Real, nx: number, ny: number, out: Float64Array): Float64Array;
export function ifft2Real(half: Real, nx: number, ny: number, out?: Real): Real {
  return ifft3Real(half, [nx, ny, 1], out as Float32Array);
}

/**
 * Half transform of a real volume of nx × ny × nz voxels, [nz][ny][⌊nx/2⌋ + 1] complex.
 * @param out receives the result in its own precision. Default: a new Float32Array
 * @throws RangeError for arrays of the wrong length
 */
export function fft3Real(volume: Real, size: Size3, out?: Float32Array): Float32Array;
export function fft3Real(volume: Real, size: Size3, out: Float64Array): Float64Array;
export function fft3Real(volume: Real, size: Size3, out?: Real): Real {
  const [nx, ny, nz] = size;
  const half = halfWidth(nx);
  const result = out ?? new Float32Array(2 * half * ny * nz);
  checkLengths(volume, result, size);
  rowsForward(volume, result, nx, ny * nz);
  const alongY = { lines: half, length: ny, stride: half };
  for (let z = 0; z < nz; z++) transformLines(result, { ...alongY, start: z * ny * half }, "forward");
  transformLines(result, { start: 0, lines: half * ny, length: nz, stride: half * ny }, "forward");
  return result;
}

/** Inverse of {@link fft3Real}. **Overwrites the transform**, which is used as working space. */
export function ifft3Real(half: Real, size: Size3, out?: Float32Array): Float32Array;
export function ifft3Real(half: Real, size: Size3, out: Float64Array): Float64Array;
export function ifft3Real(half: Real, size: Size3, out?: Real): Real {
  const [nx, ny, nz] = size;
  const width = halfWidth(nx);
  const result = out ?? new Float32Array(nx * ny * nz);
  checkLengths(result, half, size);
  transformLines(half, { start: 0, lines: width * ny, length: nz, stride: width * ny }, "inverse");
  const alongY = { lines: width, length: ny, stride: width };
  for (let z = 0; z < nz; z++) transformLines(half, { ...alongY, start: z * ny * width }, "inverse");
  rowsInverse(half, result, nx, ny * nz);
  return result;
}

/**
 * Multiplies a half transform by exp(±2πi k·o) with o = ⌊n/2⌋ on each axis, in place. `toCentre` (+) moves the origin from
 * index 0 to index ⌊n/2⌋, the library's convention; `toCorner` (−) is its inverse. For even sizes both multiply by
 * (−1)^(kx+ky+kz).
 */
export function shiftOrigin(half: Real, size: Size3, direction: "toCentre" | "toCorner"): void {
  const sign = direction === "toCentre" ? 1 : -1;
  const [nx, ny, nz] = size;
  const width = halfWidth(nx);
  const phases = (n: number) => originPhases(n, { last: n - 1, sign });
  const [px, py, pz] = [phases(nx), phases(ny), phases(nz)];
  let i = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const re = pz[2 * z]! * py[2 * y]! - pz[2 * z + 1]! * py[2 * y + 1]!;
      const im = pz[2 * z]! * py[2 * y + 1]! + pz[2 * z + 1]! * py[2 * y]!;
      for (let x = 0; x < width; x++, i += 2) {
        const cos = re * px[2 * x]! - im * px[2 * x + 1]!;
        const sin = re * px[2 * x + 1]! + im * px[2 * x]!;
        const a = half[i]!;
        const b = half[i + 1]!;
        half[i] = a * cos - b * sin;
        half[i + 1] = a * sin + b * cos;
      }
    }
  }
}

function checkLengths(real: Real, half: Real, [nx, ny, nz]: Size3): void {
  const voxels = nx * ny * nz;
  if (real.length !== voxels) {
    throw new RangeError(`real data of ${nx}×${ny}×${nz}: expected ${voxels} numbers, found ${real.length}`);
  }
  const samples = 2 * halfWidth(nx) * ny * nz;
  if (half.length !== samples) {
    throw new RangeError(
      `half transform of ${nx}×${ny}×${nz}: expected ${samples} numbers, found ${half.length}`,
    );
  }
}

/** Transforms real rows, two rows in each complex FFT. */
function rowsForward(real: Real, half: Real, nx: number, rows: number): void {
  const plan = fftPlan(nx);
  const input = new Float64Array(2 * nx);
  const output = new Float64Array(2 * nx);
  const width = halfWidth(nx);
  for (let row = 0; row < rows; row += 2) {
    const first = row * nx;
    const paired = row + 1 < rows;
    const second = paired ? first + nx : first;
    for (let x = 0; x < nx; x++) {
      input[2 * x] = real[first + x]!;
      input[2 * x + 1] = real[second + x]!;
    }
    plan.forward(output, input);
    let to = 2 * row * width;
    for (let k = 0; k < width; k++, to += 2) {
      const mirrored = k === 0 ? 0 : 2 * (nx - k);
      const re = output[2 * k]!;
      const im = output[2 * k + 1]!;
      const mirrorRe = output[mirrored]!;
      const mirrorIm = output[mirrored + 1]!;
      half[to] = (re + mirrorRe) / 2;
      half[to + 1] = (im - mirrorIm) / 2;
      if (paired) {
        half[to + 2 * width] = (im + mirrorIm) / 2;
        half[to + 2 * width + 1] = (mirrorRe - re) / 2;
      }
    }
  }
}

/** Inverse of {@link rowsForward}; imaginary parts at k = 0 and n/2, which real rows do not have, are ignored. */
function rowsInverse(half: Real, real: Real, nx: number, rows: number): void {
  const plan = fftPlan(nx);
  const input = new Float64Array(2 * nx);
  const output = new Float64Array(2 * nx);
  const width = halfWidth(nx);
  for (let row = 0; row < rows; row += 2) {
    const paired = row + 1 < rows;
    let from = 2 * row * width;
    for (let k = 0; k < width; k++, from += 2) {
      const own = k === 0 || 2 * k === nx;
      const aRe = half[from]!;
      const aIm = own ? 0 : half[from + 1]!;
      const bRe = paired ? half[from + 2 * width]! : 0;
      const bIm = paired && !own ? half[from + 2 * width + 1]! : 0;
      // The conjugate of a + ib: the inverse FFT is the conjugate of the forward FFT of the conjugate.
      input[2 * k] = aRe - bIm;
      input[2 * k + 1] = -(aIm + bRe);
      if (!own) {
        input[2 * (nx - k)] = aRe + bIm;
        input[2 * (nx - k) + 1] = aIm - bRe;
      }
    }
    plan.forward(output, input);
    const first = row * nx;
    for (let x = 0; x < nx; x++) {
      real[first + x] = output[2 * x]! / nx;
      if (paired) real[first + nx + x] = -output[2 * x + 1]! / nx;
    }
  }
}

/** Lines transformed together: one cache line of float32 complex numbers. */
const blockLines = 8;
const lineBuffers = new Map<number, { inputs: Float64Array[]; outputs: Float64Array[] }>();

function buffersFor(n: number): { inputs: Float64Array[]; outputs: Float64Array[] } {
  let buffers = lineBuffers.get(n);
  if (!buffers) {
    const make = () => Array.from({ length: blockLines }, () => new Float64Array(2 * n));
    buffers = { inputs: make(), outputs: make() };
    lineBuffers.set(n, buffers);
  }
  return buffers;
}

/** Adjacent lines of complex numbers along one axis of an array. */
interface Lines {
  /** Complex index of the first number of the first line. */
  start: number;
  lines: number;
  /** Complex numbers in a line. */
  length: number;
  /** Complex numbers between neighbours in a line. */
  stride: number;
}

/** Complex FFTs of lines, in place. The inverse is scaled by 1/length. */
function transformLines(
  data: Real,
  { start, lines, length: n, stride }: Lines,
  direction: "forward" | "inverse",
): void {
  if (n === 1) return;
  const plan = fftPlan(n);
  const { inputs, outputs } = buffersFor(n);
  // The inverse FFT is the conjugate of the forward FFT of the conjugate.
  const conjugate = direction === "inverse" ? -1 : 1;
  const scale = direction === "inverse" ? 1 / n : 1;
  for (let line = 0; line < lines; line += blockLines) {
    const count = Math.min(blockLines, lines - line);
    for (let b = 0; b < count; b++) {
      const input = inputs[b]!;
      for (let k = 0, i = 2 * (start + line + b); k < 2 * n; k += 2, i += 2 * stride) {
        input[k] = data[i]!;
        input[k + 1] = conjugate * data[i + 1]!;
      }
    }
    for (let b = 0; b < count; b++) plan.forward(outputs[b]!, inputs[b]!);
    for (let b = 0; b < count; b++) {
      const output = outputs[b]!;
      for (let k = 0, i = 2 * (start + line + b); k < 2 * n; k += 2, i += 2 * stride) {
        data[i] = scale * output[k]!;
        data[i + 1] = scale * conjugate * output[k + 1]!;
      }
    }
  }
}
