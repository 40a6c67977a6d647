import { InputError } from "../errors";
import { disc } from "../fourier/disc";
import { fft3Real, halfWidth } from "../fourier/fft";
import type { Volume } from "./volume";

/** Options of {@link MapProjector}. */
export interface MapProjectorOptions {
  /** Factor by which the map is padded before its transform, an integer of 2 or more. Default 2. */
  padding?: number;
}

/** Width of the interpolation window, in Fourier pixels of the padded transform. */
const windowWidth = 6;
/** Shape of the window for that width at padding 2 (Barnett, Magland and af Klinteberg, SIAM J. Sci. Comput. 41, C479, 2019). */
const beta = 2.3 * windowWidth;

/** The window exp(β(√(1 − (2d/w)²) − 1)) at a distance of |d| ≤ w/2 Fourier pixels, 0 beyond. */
function window(distance: number): number {
  const x = (2 * distance) / windowWidth;
  const square = 1 - x * x;
  return square <= 0 ? 0 : Math.exp(beta * (Math.sqrt(square) - 1));
}

/** Transform of the window, by Simpson's rule, at `turns` cycles per Fourier pixel. */
function windowTransform(turns: number): number {
  const steps = 240;
  const h = windowWidth / 2 / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * window(i * h) * Math.cos(2 * Math.PI * turns * i * h);
  }
  return (2 * h * sum) / 3;
}

/**
 * Projections of a map as central slices of its 3-D transform: with q = kx·(row 1 of R) + ky·(row 2 of R),
 * P(k) = Σ_x M(x) exp(−2πi q·x / S), x measured from index ⌊S/2⌋ and R rotating the reference into the image.
 * This is the unnormalized transform of the projection of the rotated map: a map of Gaussians A exp(−r²/2σ²) gives
 * Σ A (2πσ²)^(3/2) exp(−2π²σ²|k|²/S²) exp(−2πi k·u). Values are interpolated with a window of 6³ samples, whose effect
 * in real space is divided out of the map beforehand. The error is below 1e-4 of the norm of every ring for anything
 * inside the box; trilinear interpolation reaches 2e-2.
 */
export class MapProjector {
  /** S, the box size in voxels. */
  readonly boxSize: number;
  /** Å per voxel. */
  readonly apix: number;
  /** The outermost ring that can be projected, ⌊(S − 1)/2⌋. */
  readonly maxRings: number;
  private readonly padding: number;
  /** Padded Fourier pixels stored on each side of the origin in y and z, and on the positive side in x. */
  private readonly reach: number;
  /** Columns stored at negative x, so that windows never cross the border of the half. */
  private readonly margin = windowWidth / 2;
  /** Complex samples [z][y][x], with the origin at (margin, reach, reach). */
  private readonly samples: Float32Array;

  /** @throws InputError unless the map is a cube of finite values and the padding an integer of 2 or more */
  constructor(volume: Volume, options: MapProjectorOptions = {}) {
    const [size, ny, nz] = volume.size;
    if (ny !== size || nz !== size) {
      throw new InputError("map to project", "a cube", `${size}×${ny}×${nz} voxels`);
    }
    this.boxSize = size;
    this.apix = volume.apix;
    this.maxRings = Math.floor((size - 1) / 2);
    this.padding = options.padding ?? 2;
    if (!Number.isInteger(this.padding) || this.padding < 2) {
      throw new InputError("padding", "an integer of 2 or more", String(this.padding));
    }
    // Ring r holds samples up to |k| = r + ½.
    this.reach = Math.ceil(this.padding * (this.maxRings + 0.5)) + windowWidth / 2;
    this.samples = this.storeTransform(this.paddedMap(volume.data));
  }

  /** The map divided by the window's transform and padded, with its origin at index 0. */
  private paddedMap(data: Float32Array): Float32Array {
    const size = this.boxSize;
    const padded = this.padding * size;
    const origin = Math.floor(size / 2);
    const place = new Int32Array(size);
    const correction = new Float64Array(size);
    for (let x = 0; x < size; x++) {
      place[x] = (x - origin + padded) % padded;
      correction[x] = 1 / windowTransform((x - origin) / padded);
    }
    const real = new Float32Array(padded ** 3);
    for (let z = 0, i = 0; z < size; z++) {
      for (let y = 0; y < size; y++) {
        const row = padded * (place[y]! + padded * place[z]!);
        const factor = correction[y]! * correction[z]!;
        for (let x = 0; x < size; x++, i++) {
          const value = data[i]!;
          if (!Number.isFinite(value)) {
            const where = `map to project: voxel (${x}, ${y}, ${z})`;
            throw new InputError(where, "a finite number", String(value));
          }
          real[row + place[x]!] = value * factor * correction[x]!;
        }
      }
    }
    return real;
  }

  /** The transform of the padded map in the layout of `samples`. */
  private storeTransform(real: Float32Array): Float32Array {
    const padded = this.padding * this.boxSize;
    const half = fft3Real(real, [padded, padded, padded]);
    const columns = halfWidth(padded);
    const { reach, margin } = this;
    const width = reach + margin + 1;
    const height = 2 * reach + 1;
    const samples = new Float32Array(2 * width * height * height);
    let to = 0;
    for (let z = -reach; z <= reach; z++) {
      for (let y = -reach; y <= reach; y++) {
        for (let x = -margin; x <= reach; x++, to += 2) {
          // The transform is periodic, and the half that is not stored is the conjugate of its mirror image.
          const mirrored = x < 0 || x >= columns;
          const sign = mirrored ? -1 : 1;
          const column = sign * x + (x >= columns ? padded : 0);
          const row = (sign * y + 2 * padded) % padded;
          const section = (sign * z + 2 * padded) % padded;
          const from = 2 * (column + columns * (row + padded * section));
          samples[to] = half[from]!;
          samples[to + 1] = sign * half[from + 1]!;
        }
      }
    }
    return samples;
  }

  /**
   * Transforms of projections in the layout of {@link disc}, [n · samples · 2], not ring-normalized.
   * @param rotations reference → image, [n · 9], row-major
   * @param rings     K of the result, at most ⌊(S − 1)/2⌋
   * @throws InputError unless `rings` is in range and `rotations` has 9 numbers for each projection
   */
  project(rotations: Float32Array, rings: number): Float32Array {
    if (!Number.isInteger(rings) || rings < 1 || rings > this.maxRings) {
      throw new InputError("rings", `an integer from 1 to ${this.maxRings}`, String(rings));
    }
    if (rotations.length % 9 !== 0) {
      throw new InputError("rotations", "9 numbers for each projection", `${rotations.length} numbers`);
    }
    const layout = disc(rings);
    const count = rotations.length / 9;
    const result = new Float32Array(2 * count * layout.samples);
    const value = new Float64Array(2);
    for (let n = 0; n < count; n++) {
      const r = rotations.subarray(9 * n, 9 * n + 9);
      let to = 2 * n * layout.samples;
      let sample = 0;
      for (let kx = 0; kx <= rings; kx++) {
        for (let ky = -rings; ky <= rings; ky++, sample++, to += 2) {
          if (layout.multiplicity[sample] === 0) continue;
          this.interpolate(
            this.padding * (kx * r[0]! + ky * r[3]!),
            this.padding * (kx * r[1]! + ky * r[4]!),
            this.padding * (kx * r[2]! + ky * r[5]!),
            value,
          );
          result[to] = value[0]!;
          result[to + 1] = value[1]!;
        }
      }
    }
    return result;
  }

  private readonly weightsX = new Float64Array(windowWidth);
  private readonly weightsY = new Float64Array(windowWidth);
  private readonly weightsZ = new Float64Array(windowWidth);

  /** The transform at a position in padded Fourier pixels, as (re, im) in `out`. */
  private interpolate(qx: number, qy: number, qz: number, out: Float64Array): void {
    const sign = qx < 0 ? -1 : 1;
    const x0 = fillWeights(sign * qx, this.weightsX);
    const y0 = fillWeights(sign * qy, this.weightsY);
    const z0 = fillWeights(sign * qz, this.weightsZ);
    const width = this.reach + this.margin + 1;
    const height = 2 * this.reach + 1;
    const { samples, weightsX, weightsY, weightsZ } = this;
    let re = 0;
    let im = 0;
    for (let z = 0; z < windowWidth; z++) {
      for (let y = 0; y < windowWidth; y++) {
        const row = y0 + y + this.reach + height * (z0 + z + this.reach);
        let from = 2 * (x0 + this.margin + width * row);
        let rowRe = 0;
        let rowIm = 0;
        for (let x = 0; x < windowWidth; x++, from += 2) {
          rowRe += weightsX[x]! * samples[from]!;
          rowIm += weightsX[x]! * samples[from + 1]!;
        }
        const weight = weightsY[y]! * weightsZ[z]!;
        re += weight * rowRe;
        im += weight * rowIm;
      }
    }
    out[0] = re;
    out[1] = sign * im;
  }
}

/** Window weights of the samples around `position`; returns the index of the first of them. */
function fillWeights(position: number, weights: Float64Array): number {
  const first = Math.ceil(position - windowWidth / 2);
  for (let i = 0; i < windowWidth; i++) weights[i] = window(first + i - position);
  return first;
}
