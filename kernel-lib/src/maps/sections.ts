import { InputError } from "../errors";
import type { Volume } from "./volume";

export type Axis = "x" | "y" | "z";

/** A picture of a map: `data` is [height][width], width fastest. */
export interface MapImage {
  data: Float32Array;
  width: number;
  height: number;
  /** Å per pixel. */
  apix: number;
}

/** The axes of the pictures that look along x, y and z: across, then up. */
const ACROSS = { x: [1, 2], y: [0, 2], z: [0, 1] } as const;
const NUMBER = { x: 0, y: 1, z: 2 } as const;

/** One plane of voxels across an axis, by default that of the origin, ⌊n/2⌋. Pictures are (x, y), (x, z) or (y, z). */
export function section(volume: Volume, axis: Axis, index?: number): MapImage {
  const depth = volume.size[NUMBER[axis]];
  const at = index ?? Math.floor(depth / 2);
  if (!Number.isInteger(at) || at < 0 || at >= depth) {
    throw new InputError(`section across ${axis}`, `an index from 0 to ${depth - 1}`, `${at}`);
  }
  return sumOfSections(volume, axis, at, at);
}

/** Sum of all voxels along an axis. Pictures are (x, y), (x, z) or (y, z). */
export function projectAlong(volume: Volume, axis: Axis): MapImage {
  return sumOfSections(volume, axis, 0, volume.size[NUMBER[axis]] - 1);
}

function sumOfSections(volume: Volume, axis: Axis, from: number, to: number): MapImage {
  const { data, size, apix } = volume;
  const strides = [1, size[0], size[0] * size[1]];
  const [across, up] = ACROSS[axis];
  const [width, height] = [size[across], size[up]];
  const sums = new Float64Array(width * height);
  for (let d = from; d <= to; d++) {
    for (let v = 0, i = 0; v < height; v++) {
      let voxel = d * strides[NUMBER[axis]]! + v * strides[up]!;
      for (let u = 0; u < width; u++, i++, voxel += strides[across]!) sums[i]! += data[voxel]!;
    }
  }
  return { data: Float32Array.from(sums), width, height, apix };
}
