import { InputError } from "../errors";
import { squaredDistances } from "./distanceTransform";
import { type CubicBox, checkSameBoxLength, checkSameGrid, type Grid, toGrid } from "./grid";
import { type ReadMapOptions, readMap } from "./mapFile";
import type { Volume } from "./volume";

/** How far values of a mask may lie outside 0 … 1, because of interpolation and rounding. */
const valueTolerance = 0.01;

/** The mask value from which a place counts as inside, where only inside or outside matters. */
export const insideThreshold = 0.5;

/** Options of {@link readMask}. */
export interface ReadMaskOptions extends ReadMapOptions {
  /** Whether the mask needs as many voxels as the map that it is used with. Default false. */
  sameVoxels?: boolean;
}

/** Options of {@link checkMask}. */
export interface CheckMaskOptions {
  /** The map or the box (of a model, of particles) that the mask is to be used with. Default: any. */
  like?: Grid | CubicBox;
  /** What to call `like` in errors. */
  likeName?: string;
  /** Whether the mask needs as many voxels as `like`. Default false. */
  sameVoxels?: boolean;
  /** What to call the mask in errors, such as its file. Default `mask`. */
  name?: string;
}

/**
 * Reads a mask from a map file and checks it: values in 0 … 1 (to 0.01), at least 0.5 somewhere, and a box of the same
 * lengths in Å as `like` (to 0.5 %).
 * @param like the map or box that it is to be used with. Default: any
 * @throws InputError for what {@link readMap} refuses, and for a map that is not such a mask
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const mask = await e2.maps.readMask("mask.mrc", map);
 * ```
 */
export async function readMask(
  file: string,
  like?: Grid | CubicBox,
  options: ReadMaskOptions = {},
): Promise<Volume> {
  const { sameVoxels = false, ...reading } = options;
  const mask = await readMap(file, reading);
  checkMask(mask, { name: file, sameVoxels, ...(like && { like }) });
  return mask;
}

/**
 * Checks that a map can serve as a mask: values in 0 … 1 (to 0.01), at least 0.5 somewhere, and a box of the same
 * lengths in Å as `like` (to 0.5 %). A density map given by mistake fails on its values.
 * @throws InputError
 */
export function checkMask(mask: Volume, options: CheckMaskOptions = {}): void {
  const { name = "mask", like, likeName, sameVoxels } = options;
  if (like) {
    const { size } = toGrid(like);
    if (sameVoxels && mask.size.some((n, i) => n !== size[i])) {
      throw new InputError(name, `${size.join("×")} voxels like the map`, `${mask.size.join("×")} voxels`);
    }
    checkSameBoxLength(mask, like, name, likeName);
  }
  let largest = 0;
  for (let i = 0; i < mask.data.length; i++) {
    const value = mask.data[i]!;
    if (!(value >= -valueTolerance && value <= 1 + valueTolerance)) {
      const [nx, ny] = mask.size;
      const voxel = `voxel (${i % nx}, ${Math.floor(i / nx) % ny}, ${Math.floor(i / (nx * ny))})`;
      throw new InputError(`${name}: ${voxel}`, "a value from 0 to 1", `${value}`);
    }
    largest = Math.max(largest, value);
  }
  if (largest < insideThreshold) {
    const found = largest <= valueTolerance ? "only zeros" : `${Number(largest.toPrecision(3))} at most`;
    throw new InputError(name, `values above 0, at least ${insideThreshold} somewhere`, found);
  }
}

/**
 * Value of a mask at a position in box units (−0.5 ≤ c < 0.5, origin at index ⌊n/2⌋), by trilinear interpolation;
 * 0 outside the box.
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

/** Options of {@link applyMask}. */
export interface ApplyMaskOptions {
  /**
   * Density outside the mask: 0, or `mean` for the mean of the map where the mask is 0, which leaves no step at the
   * border. Default 0.
   */
  outside?: 0 | "mean";
}

/**
 * A map with everything outside a mask replaced by a constant: mask · map + (1 − mask) · outside.
 * @throws InputError when the grids differ
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const masked = e2.maps.applyMask(map, e2.maps.densityMask(map), { outside: "mean" });
 * ```
 */
export function applyMask(volume: Volume, mask: Volume, options: ApplyMaskOptions = {}): Volume {
  checkSameGrid(volume, mask, "map", "mask");
  let constant = 0;
  if (options.outside === "mean") {
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

/** Options of {@link sphericalMask}. */
export interface SphericalMaskOptions {
  /** In Å. */
  diameter: number;
  /** Width of the raised-cosine border, in voxels. Default 5. */
  softEdge?: number;
}

/**
 * A sphere around index ⌊n/2⌋: 1 within `diameter`, falling to 0 as a raised cosine outside it.
 * @param like the grid of the mask, such as a map
 * @throws InputError unless the diameter is above 0
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const mask = e2.maps.sphericalMask(map, { diameter: 70 });
 * ```
 */
export function sphericalMask(like: Grid, options: SphericalMaskOptions): Volume {
  const { diameter, softEdge = 5 } = options;
  if (!(diameter > 0)) throw new InputError("mask diameter", "a length in Å above 0", `${diameter}`);
  const radius = diameter / 2 / like.apix;
  const [nx, ny, nz] = like.size;
  const data = new Float32Array(nx * ny * nz);
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const r = Math.hypot(x - Math.floor(nx / 2), y - Math.floor(ny / 2), z - Math.floor(nz / 2));
        data[i] = raisedCosine(r - radius, softEdge);
      }
    }
  }
  return { data, size: [nx, ny, nz], apix: like.apix };
}

/** Options of {@link densityMask}. */
export interface DensityMaskOptions {
  /** Density above which a voxel is inside, in the map's units. Default: mean + 3 standard deviations of the map. */
  threshold?: number;
  /** How far the mask extends beyond those voxels, in voxels. Default 3. */
  extend?: number;
  /** Width of the raised-cosine border around that, in voxels. Default 5. */
  softEdge?: number;
}

/**
 * A mask around the density of a map: the voxels above a threshold, extended and given a soft border.
 * @throws InputError when no voxel is above the threshold
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * await e2.maps.write("around.mrc", e2.maps.densityMask(map, { extend: 2, softEdge: 4 }));
 * ```
 */
export function densityMask(volume: Volume, options: DensityMaskOptions = {}): Volume {
  const { extend = 3, softEdge = 5 } = options;
  const threshold = options.threshold ?? meanPlusDeviations(volume.data, 3);
  const inside = Uint8Array.from(volume.data, (value) => (value > threshold ? 1 : 0));
  if (!inside.includes(1)) {
    throw new InputError("mask threshold", "a value below the map's maximum", `${threshold}`);
  }
  const squared = squaredDistances(inside, volume.size);
  const data = Float32Array.from(squared, (square) => raisedCosine(Math.sqrt(square) - extend, softEdge));
  return { data, size: [...volume.size], apix: volume.apix };
}

/** 1 up to distance 0, falling to 0 at distance `width`. */
function raisedCosine(distance: number, width: number): number {
  if (distance <= 0) return 1;
  if (distance >= width) return 0;
  return 0.5 + 0.5 * Math.cos((Math.PI * distance) / width);
}

/** Mean of a map plus this many of its standard deviations. */
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
