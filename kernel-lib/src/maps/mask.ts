import { InputError } from "../errors";
import { type Grid, requireSameBox, requireSameGrid } from "./grid";
import { type ReadMapOptions, readMap } from "./mapFile";
import type { Volume } from "./volume";

/** How far outside 0 … 1 the values of a mask may lie: interpolation and rounding take them there. */
const VALUE_TOLERANCE = 0.01;

/** From where on a place counts as inside, for whoever asks yes or no. */
export const INSIDE = 0.5;

export interface MaskUse {
  /** The map, or the particles' box, that it is to be used with. */
  like?: Grid;
  /** Whether it needs as many voxels as `like`. */
  sameVoxels?: boolean;
}

/** Reads a mask from a map file and checks it: see {@link checkMask}. */
export async function readMask(
  file: string,
  like?: Grid,
  options: Pick<MaskUse, "sameVoxels"> & ReadMapOptions = {},
): Promise<Volume> {
  const { sameVoxels = false, ...reading } = options;
  const mask = await readMap(file, reading);
  checkMask(mask, { name: file, sameVoxels, ...(like && { like }) });
  return mask;
}

/**
 * Checks that a map can serve as a mask: values in 0 … 1 (to 0.01), somewhere at least 0.5, and a box of the same edges
 * in Å as `like` (to 0.5 %). A consensus map that is given by mistake has values beyond.
 * @throws InputError
 */
export function checkMask(mask: Volume, options: MaskUse & { name?: string } = {}): void {
  const { name = "mask", like, sameVoxels } = options;
  if (like && sameVoxels && mask.size.some((n, i) => n !== like.size[i])) {
    throw new InputError(name, `${like.size.join("×")} voxels like the map`, `${mask.size.join("×")} voxels`);
  }
  let largest = 0;
  for (let i = 0; i < mask.data.length; i++) {
    const value = mask.data[i]!;
    if (!(value >= -VALUE_TOLERANCE && value <= 1 + VALUE_TOLERANCE)) {
      const [nx, ny] = mask.size;
      const voxel = `voxel (${i % nx}, ${Math.floor(i / nx) % ny}, ${Math.floor(i / (nx * ny))})`;
      throw new InputError(`${name}: ${voxel}`, "a value from 0 to 1", `${value}`);
    }
    largest = Math.max(largest, value);
  }
  if (largest < INSIDE) {
    const found =
      largest <= VALUE_TOLERANCE ? "nothing but zeros" : `${Number(largest.toPrecision(3))} at most`;
    throw new InputError(name, `values above 0, of at least ${INSIDE} somewhere`, found);
  }
  if (like) requireSameBox(mask, like, name);
}

/**
 * Value of a mask at a place in box units (−0.5 ≤ c < 0.5, origin at index ⌊n/2⌋), interpolated linearly between
 * voxels; 0 outside the box.
 */
export function maskAt(mask: Volume, x: number, y: number, z: number): number {
  const [nx, ny, nz] = mask.size;
  const px = x * nx + Math.floor(nx / 2);
  const py = y * ny + Math.floor(ny / 2);
  const pz = z * nz + Math.floor(nz / 2);
  const [x0, y0, z0] = [Math.floor(px), Math.floor(py), Math.floor(pz)];
  let sum = 0;
  for (let corner = 0; corner < 8; corner++) {
    const ix = x0 + (corner & 1);
    const iy = y0 + ((corner >> 1) & 1);
    const iz = z0 + (corner >> 2);
    if (ix < 0 || iy < 0 || iz < 0 || ix >= nx || iy >= ny || iz >= nz) continue;
    const weight = (1 - Math.abs(px - ix)) * (1 - Math.abs(py - iy)) * (1 - Math.abs(pz - iz));
    sum += weight * mask.data[ix + nx * (iy + ny * iz)]!;
  }
  return sum;
}

/**
 * A map with what lies outside a mask on the same grid replaced by a constant: mask · map + (1 − mask) · outside.
 * @param outside 0 (default), or `mean` for the mean of the map where the mask is 0, which leaves no step
 * @throws InputError when the grids differ
 */
export function applyMask(volume: Volume, mask: Volume, outside: 0 | "mean" = 0): Volume {
  requireSameGrid(volume, mask, "map", "mask");
  let constant = 0;
  if (outside === "mean") {
    let count = 0;
    for (let i = 0; i < mask.data.length; i++) {
      if (mask.data[i] !== 0) continue;
      constant += volume.data[i]!;
      count++;
    }
    if (count > 0) constant /= count;
  }
  const data = volume.data.map((value, i) => constant + mask.data[i]! * (value - constant));
  return { ...volume, data };
}

/**
 * A sphere around index ⌊n/2⌋: 1 within `diameter` (Å), falling to 0 as a raised cosine over `softEdge` voxels
 * (default 5).
 */
export function sphericalMask(like: Grid, options: { diameter: number; softEdge?: number }): Volume {
  const { diameter, softEdge = 5 } = options;
  if (!(diameter > 0)) throw new InputError("mask diameter", "a length in Å above 0", `${diameter}`);
  const radius = diameter / 2 / like.apix;
  const [nx, ny, nz] = like.size;
  const data = new Float32Array(nx * ny * nz);
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const r = Math.hypot(x - Math.floor(nx / 2), y - Math.floor(ny / 2), z - Math.floor(nz / 2));
        data[i] = fallOff(r - radius, softEdge);
      }
    }
  }
  return { data, size: [nx, ny, nz], apix: like.apix };
}

/**
 * A mask around the density of a map: what lies above `threshold`, grown by `extend` voxels, with a raised cosine of
 * `softEdge` voxels around it.
 *
 * @param options.threshold in the map's units; default: mean + 3 standard deviations of the map
 * @param options.extend    in voxels, default 3
 * @param options.softEdge  in voxels, default 5
 * @throws InputError when nothing lies above the threshold
 */
export function densityMask(
  volume: Volume,
  options: { threshold?: number; extend?: number; softEdge?: number } = {},
): Volume {
  const { extend = 3, softEdge = 5 } = options;
  const threshold = options.threshold ?? meanPlusDeviations(volume.data, 3);
  const inside = Uint8Array.from(volume.data, (value) => (value > threshold ? 1 : 0));
  if (!inside.includes(1)) {
    throw new InputError("mask threshold", "a value below the map's maximum", `${threshold}`);
  }
  const squared = squaredDistances(inside, volume.size);
  const data = Float32Array.from(squared, (square) => fallOff(Math.sqrt(square) - extend, softEdge));
  return { data, size: [...volume.size], apix: volume.apix };
}

/** 1 up to distance 0, a raised cosine to 0 at distance `width`. */
function fallOff(distance: number, width: number): number {
  if (distance <= 0) return 1;
  if (distance >= width) return 0;
  return 0.5 + 0.5 * Math.cos((Math.PI * distance) / width);
}

/** Mean of a map plus so many of its standard deviations. */
export function meanPlusDeviations(data: Float32Array, deviations: number): number {
  let sum = 0;
  let squares = 0;
  for (const value of data) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / data.length;
  return mean + deviations * Math.sqrt(Math.max(0, squares / data.length - mean * mean));
}

/** Squared distance in voxels of each voxel from the nearest one that is set (Felzenszwalb and Huttenlocher 2012). */
function squaredDistances(inside: Uint8Array, size: readonly [number, number, number]): Float64Array {
  const [nx, ny, nz] = size;
  // Larger than any distance in the box, and finite, so that differences of two such values are 0 and not NaN.
  const far = nx * nx + ny * ny + nz * nz + 1;
  const squared = Float64Array.from(inside, (set) => (set ? 0 : far));
  const transform = new LowerEnvelope(Math.max(nx, ny, nz));
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) transform.apply(squared, nx * (y + ny * z), 1, nx);
    for (let x = 0; x < nx; x++) transform.apply(squared, x + nx * ny * z, nx, ny);
  }
  for (let i = 0; i < nx * ny; i++) transform.apply(squared, i, nx * ny, nz);
  return squared;
}

/** d(p) = min over q of (p − q)² + f(q) along one line: the lower envelope of parabolas standing at each q. */
class LowerEnvelope {
  private readonly values: Float64Array;
  private readonly at: Int32Array;
  private readonly from: Float64Array;

  constructor(longest: number) {
    this.values = new Float64Array(longest);
    this.at = new Int32Array(longest);
    this.from = new Float64Array(longest + 1);
  }

  apply(data: Float64Array, start: number, stride: number, n: number): void {
    const { values, at, from } = this;
    for (let q = 0; q < n; q++) values[q] = data[start + q * stride]!;
    let last = 0;
    at[0] = 0;
    from[0] = Number.NEGATIVE_INFINITY;
    from[1] = Number.POSITIVE_INFINITY;
    for (let q = 1; q < n; q++) {
      let crossing = this.crossing(q, at[last]!);
      while (crossing <= from[last]!) {
        last--;
        crossing = this.crossing(q, at[last]!);
      }
      last++;
      at[last] = q;
      from[last] = crossing;
      from[last + 1] = Number.POSITIVE_INFINITY;
    }
    for (let p = 0, k = 0; p < n; p++) {
      while (from[k + 1]! < p) k++;
      data[start + p * stride] = (p - at[k]!) ** 2 + values[at[k]!]!;
    }
  }

  private crossing(q: number, p: number): number {
    return (this.values[q]! + q * q - this.values[p]! - p * p) / (2 * (q - p));
  }
}
