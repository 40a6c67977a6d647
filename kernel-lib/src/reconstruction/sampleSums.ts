import { fft3Real, halfWidth, ifft3Real } from "../fourier/fft";
import type { Volume } from "../maps/volume";

/** Factor by which the transform is oversampled: RELION's default. */
export const padding = 2;
/** Weights are kept above this fraction of the mean weight of their shell, as RELION does. */
export const minWeight = 1e-3;
/** The same of shares of a map. */
const minShareWeight = 0.1;

/** Sums of CTF-weighted image transforms, and of their weights, on the padded half grid of a 3-D transform. */
export interface SampleSums {
  /** Interleaved (Σ c·re, Σ c·im, Σ c²), [z][y][x] with x ≥ 0 and the origin at (0, reach, reach). */
  readonly grid: Float32Array;
  /** Index of the origin along y and z. */
  readonly reach: number;
  /** S, voxels along each edge of the map. */
  readonly boxSize: number;
  /** Å per voxel. */
  readonly apix: number;
}

/**
 * A change of the map that is added to that of sums: its transform is multiplied by `weights` and divided by the mean weight of the
 * sums in each shell. It may have samples where the images have none, so that their own weights do not apply.
 */
export interface AddedMap {
  /** [S · S · S] */
  data: Float32Array;
  /** Factor in each padded shell, [S + 1]. */
  weights: Float64Array;
}

/**
 * The map of sums: divided by their weights, transformed back, and corrected for the gridding.
 * @param added what is added to it. Default: nothing
 */
export function dividedMap(sums: SampleSums, added: readonly AddedMap[] = []): Volume {
  const half = divided(sums);
  const means = added.length > 0 ? shellMeans(sums) : undefined;
  for (const one of added) {
    const change = transformOf(sums, one);
    visit(sums, (_from, _mirror, to, shell) => {
      const mean = means![shell]!;
      if (mean === 0) return;
      half[to]! += change[to]! / mean;
      half[to + 1]! += change[to + 1]! / mean;
    });
  }
  return mapOf(sums, half);
}

/**
 * The share of sums in a map: divided by the weights of the whole, of which these sums are a part. The shares of all parts add up to the
 * map of the whole, but for samples that are hardly seen: weights are kept above a tenth of the mean of their shell, since noise there
 * would be spread over others when a share is moved.
 */
export function shareOfMap(sums: SampleSums, whole: SampleSums): Volume {
  return mapOf(sums, divided(sums, whole, minShareWeight));
}

/** Mean weight in each padded shell, [S + 1]. */
export function shellMeans(sums: SampleSums): Float64Array {
  const { grid, boxSize } = sums;
  const shells = (padding * boxSize) / 2 + 1;
  const [weight, count] = [new Float64Array(shells), new Float64Array(shells)];
  visit(sums, (from, mirror, _, shell) => {
    weight[shell]! += grid[from + 2]! + (mirror < 0 ? 0 : grid[mirror + 2]!);
    count[shell]! += 1;
  });
  return weight.map((sum, shell) => (count[shell]! > 0 ? sum / count[shell]! : 0));
}

function emptyHalf({ boxSize }: SampleSums): Float32Array {
  const padded = padding * boxSize;
  return new Float32Array(2 * halfWidth(padded) * padded * padded);
}

/** Indices of the map's voxels, along one axis, in a padded map with the origin in its corner. */
export function placesInPadded(size: number): Int32Array {
  const padded = padding * size;
  const origin = Math.floor(size / 2);
  return Int32Array.from({ length: size }, (_, x) => (x - origin + padded) % padded);
}

/** Trilinear weights are a triangle in the transform, sinc² in the map: its inverse along one axis. */
export function griddingCorrection(size: number): Float64Array {
  const origin = Math.floor(size / 2);
  return Float64Array.from({ length: size }, (_, x) => {
    const turns = (Math.PI * (x - origin)) / (padding * size);
    return turns === 0 ? 1 : (turns / Math.sin(turns)) ** 2;
  });
}

/** The map of a padded half transform. */
function mapOf({ boxSize: size, apix }: SampleSums, half: Float32Array): Volume {
  const padded = padding * size;
  const real = ifft3Real(half, [padded, padded, padded]);
  const place = placesInPadded(size);
  const correction = griddingCorrection(size);
  const data = new Float32Array(size ** 3);
  for (let z = 0, i = 0; z < size; z++) {
    for (let y = 0; y < size; y++) {
      const from = padded * (place[y]! + padded * place[z]!);
      const factor = correction[y]! * correction[z]!;
      for (let x = 0; x < size; x++, i++) data[i] = real[from + place[x]!]! * factor * correction[x]!;
    }
  }
  return { data, size: [size, size, size], apix };
}

/** The padded half transform of a map without its correction for the gridding, times its weights: the inverse of {@link mapOf}. */
function transformOf(sums: SampleSums, { data, weights }: AddedMap): Float32Array {
  const { boxSize: size } = sums;
  const padded = padding * size;
  const place = placesInPadded(size);
  const correction = griddingCorrection(size);
  const real = new Float32Array(padded ** 3);
  for (let z = 0, i = 0; z < size; z++) {
    for (let y = 0; y < size; y++) {
      const to = padded * (place[y]! + padded * place[z]!);
      const factor = correction[y]! * correction[z]!;
      for (let x = 0; x < size; x++, i++) real[to + place[x]!] = data[i]! / (factor * correction[x]!);
    }
  }
  const half = fft3Real(real, [padded, padded, padded]);
  visit(sums, (_from, _mirror, to, shell) => {
    half[to]! *= weights[shell]!;
    half[to + 1]! *= weights[shell]!;
  });
  return half;
}

/**
 * Sums divided by weights, as a padded half transform with the origin in its corner.
 * @param whole sums of the same grid whose weights divide. Default: their own
 * @param least fraction of the mean of their shell that weights are kept above
 */
function divided(sums: SampleSums, whole: SampleSums = sums, least = minWeight): Float32Array {
  const { grid } = sums;
  const weights = whole.grid;
  const means = shellMeans(whole);
  const half = emptyHalf(sums);
  visit(sums, (from, mirror, to, shell) => {
    let re = grid[from]!;
    let im = grid[from + 1]!;
    let weight = weights[from + 2]!;
    if (mirror >= 0) {
      re += grid[mirror]!;
      im -= grid[mirror + 1]!;
      weight += weights[mirror + 2]!;
    }
    if (weight === 0) return;
    const divisor = Math.max(weight, least * means[shell]!);
    half[to] = re / divisor;
    half[to + 1] = im / divisor;
  });
  return half;
}

/**
 * Calls `use` for every grid point within the sphere of radius S/2.
 *
 * `from` is the index of its sums in `grid`; `mirror` that of its mirror image in the plane x = 0, where samples that
 * were reflected to x ≥ 0 left their share, else −1; `to` the index of its value in a half transform.
 */
function visit(
  { reach, boxSize }: SampleSums,
  use: (from: number, mirror: number, to: number, shell: number) => void,
): void {
  const padded = padding * boxSize;
  const columns = halfWidth(padded);
  const height = 2 * reach + 1;
  const index = (y: number, z: number) => 3 * (reach + 1) * (y + reach + height * (z + reach));
  const limit = padded / 2;
  for (let z = 1 - limit; z < limit; z++) {
    for (let y = 1 - limit; y < limit; y++) {
      const square = limit * limit - z * z - y * y;
      if (square <= 0) continue;
      const end = Math.ceil(Math.sqrt(square)) - 1;
      const to = 2 * columns * ((y < 0 ? y + padded : y) + padded * (z < 0 ? z + padded : z));
      const from = index(y, z);
      for (let x = 0; x <= end; x++) {
        const shell = Math.round(Math.sqrt(x * x + y * y + z * z));
        use(from + 3 * x, x === 0 ? index(-y, -z) : -1, to + 2 * x, shell);
      }
    }
  }
}
