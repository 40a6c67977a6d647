import { fftPlan } from "./fftPlan";

/**
 * Transforms of real images and volumes of any size. Real data are [z][y][x], x fastest. A transform is the half
 * with kx ≥ 0, interleaved complex, [kz][ky][kx] with kx fastest: (kx, ky, kz) is at
 * 2·(kx + (⌊nx/2⌋ + 1)·(ky + ny·kz)), where ky and kz count as usual for FFTs: 0, 1, …, then the negative ones.
 * Nothing is scaled forward; the inverse divides by the number of voxels.
 */

export type Real = Float32Array | Float64Array;
export type Size2 = readonly [number, number];
export type Size3 = readonly [number, number, number];

/** kx = 0 … ⌊nx/2⌋: the columns of a half transform. */
export function halfWidth(nx: number): number {
  return Math.floor(nx / 2) + 1;
}

/** The signed frequency of index i of n, in −⌊n/2⌋ … ⌊(n − 1)/2⌋. */
export function frequency(i: number, n: number): number {
  return i < (n + 1) >> 1 ? i : i - n;
}

/** The smallest even size of at least `n` with no prime factor above 5, where transforms are quick. */
export function goodFftSize(n: number): number {
  for (let size = Math.max(2, n + (n & 1)); ; size += 2) {
    let rest = size;
    for (const p of [2, 3, 5]) while (rest % p === 0) rest /= p;
    if (rest === 1) return size;
  }
}

/**
 * Half transform of a real image of nx × ny pixels, [ny][⌊nx/2⌋ + 1] complex.
 * @param out receives the result (its type decides the precision kept); Float32 by default
 */
export function fft2Real(image: Real, nx: number, ny: number, out?: Float32Array): Float32Array;
export function fft2Real(image: Real, nx: number, ny: number, out: Float64Array): Float64Array;
export function fft2Real(image: Real, nx: number, ny: number, out?: Real): Real {
  return fft3Real(image, [nx, ny, 1], out as Float32Array);
}

/** Real image of a half transform, **overwriting the transform**, which serves as working space. */
export function ifft2Real(half: Real, nx: number, ny: number, out?: Float32Array): Float32Array;
export function ifft2Real(half: Real, nx: number, ny: number, out: Float64Array): Float64Array;
export function ifft2Real(half: Real, nx: number, ny: number, out?: Real): Real {
  return ifft3Real(half, [nx, ny, 1], out as Float32Array);
}

/**
 * Half transform of a real volume of nx × ny × nz voxels, [nz][ny][⌊nx/2⌋ + 1] complex.
 * @param out receives the result (its type decides the precision kept); Float32 by default
 */
export function fft3Real(volume: Real, size: Size3, out?: Float32Array): Float32Array;
export function fft3Real(volume: Real, size: Size3, out: Float64Array): Float64Array;
export function fft3Real(volume: Real, size: Size3, out?: Real): Real {
  const [nx, ny, nz] = size;
  const half = halfWidth(nx);
  const result = out ?? new Float32Array(2 * half * ny * nz);
  checkLengths(volume, result, size);
  rowsForward(volume, result, nx, ny * nz);
  for (let z = 0; z < nz; z++) transformLines(result, z * ny * half, half, ny, half, "forward");
  transformLines(result, 0, half * ny, nz, half * ny, "forward");
  return result;
}

/** Real volume of a half transform, **overwriting the transform**, which serves as working space. */
export function ifft3Real(half: Real, size: Size3, out?: Float32Array): Float32Array;
export function ifft3Real(half: Real, size: Size3, out: Float64Array): Float64Array;
export function ifft3Real(half: Real, size: Size3, out?: Real): Real {
  const [nx, ny, nz] = size;
  const width = halfWidth(nx);
  const result = out ?? new Float32Array(nx * ny * nz);
  checkLengths(result, half, size);
  transformLines(half, 0, width * ny, nz, width * ny, "inverse");
  for (let z = 0; z < nz; z++) transformLines(half, z * ny * width, width, ny, width, "inverse");
  rowsInverse(half, result, nx, ny * nz);
  return result;
}

/**
 * Multiplies a half transform by exp(±2πi k·o) with o = ⌊n/2⌋ on each axis, in place. `toCentre` (+) turns the
 * transform of an array into the one whose origin is at index ⌊n/2⌋, as this project's conventions have it;
 * `toCorner` (−) is the way back. For even sizes both are the sign (−1)^(kx+ky+kz).
 */
export function shiftOrigin(half: Real, size: Size3, direction: "toCentre" | "toCorner"): void {
  const sign = direction === "toCentre" ? 1 : -1;
  const [nx, ny, nz] = size;
  const width = halfWidth(nx);
  const [px, py, pz] = [nx, ny, nz].map((n) => originPhases(n, sign)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
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

function originPhases(n: number, sign: number): Float64Array {
  const phases = new Float64Array(2 * n);
  const origin = Math.floor(n / 2);
  for (let k = 0; k < n; k++) {
    if (2 * origin === n) {
      phases[2 * k] = k % 2 === 0 ? 1 : -1;
    } else {
      const angle = (sign * 2 * Math.PI * ((k * origin) % n)) / n;
      phases[2 * k] = Math.cos(angle);
      phases[2 * k + 1] = Math.sin(angle);
    }
  }
  return phases;
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

/** Real rows to half spectra, two rows in each complex transform. */
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

/** Half spectra to real rows; imaginary parts that a real row cannot have (k = 0 and n/2) are dropped. */
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
      // The conjugate of a + ib, since a forward transform of the conjugate makes the inverse one.
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

/** Lines gathered together: one cache line of float32 complex numbers. */
const BLOCK = 8;
const lineBuffers = new Map<number, { inputs: Float64Array[]; outputs: Float64Array[] }>();

function buffersFor(n: number): { inputs: Float64Array[]; outputs: Float64Array[] } {
  let buffers = lineBuffers.get(n);
  if (!buffers) {
    const make = () => Array.from({ length: BLOCK }, () => new Float64Array(2 * n));
    buffers = { inputs: make(), outputs: make() };
    lineBuffers.set(n, buffers);
  }
  return buffers;
}

/**
 * Complex transforms along one axis of an interleaved array, in place: `lines` neighbouring lines from complex
 * number `start` on, each of n numbers `stride` apart. The inverse is scaled by 1/n.
 */
function transformLines(
  data: Real,
  start: number,
  lines: number,
  n: number,
  stride: number,
  direction: "forward" | "inverse",
): void {
  if (n === 1) return;
  const plan = fftPlan(n);
  const { inputs, outputs } = buffersFor(n);
  // An inverse transform is the conjugate of the forward transform of the conjugate.
  const conjugate = direction === "inverse" ? -1 : 1;
  const scale = direction === "inverse" ? 1 / n : 1;
  for (let line = 0; line < lines; line += BLOCK) {
    const count = Math.min(BLOCK, lines - line);
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
