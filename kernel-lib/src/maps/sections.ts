import { InputError } from "../errors";
import type { Volume } from "./volume";

/** An axis of a map. */
export type Axis = "x" | "y" | "z";

/** A 2-D image made from a map. */
export interface MapImage {
  /** Pixel values, [height][width] with width fastest. */
  data: Float32Array;
  /** Pixels across. */
  width: number;
  /** Pixels up. */
  height: number;
  /** Å per pixel. */
  apix: number;
}

/** The map's axes that run across and up an image seen along x, y or z. */
const imageAxes = { x: [1, 2], y: [0, 2], z: [0, 1] } as const;
const axisIndex = { x: 0, y: 1, z: 2 } as const;

/**
 * One section perpendicular to an axis. Images show (x, y), (x, z) or (y, z), across and up.
 * @param index section number from 0. Default ⌊n/2⌋, through the origin
 * @throws InputError when the index is outside the map
 * @example
 * ```ts
 * const middle = e2.maps.section(await e2.maps.read("consensus.mrc"), "z");
 * ```
 */
export function section(volume: Volume, axis: Axis, index?: number): MapImage {
  const depth = volume.size[axisIndex[axis]];
  const at = index ?? Math.floor(depth / 2);
  if (!Number.isInteger(at) || at < 0 || at >= depth) {
    throw new InputError(`section along ${axis}`, `an index from 0 to ${depth - 1}`, `${at}`);
  }
  return sumOfSections(volume, axis, at, at);
}

/**
 * Projection of a map: the sum of all voxels along an axis. Images show (x, y), (x, z) or (y, z), across and up.
 * @example
 * ```ts
 * const projection = e2.maps.projectAlong(await e2.maps.read("consensus.mrc"), "z");
 * ```
 */
export function projectAlong(volume: Volume, axis: Axis): MapImage {
  return sumOfSections(volume, axis, 0, volume.size[axisIndex[axis]] - 1);
}

function sumOfSections(volume: Volume, axis: Axis, from: number, to: number): MapImage {
  const { data, size, apix } = volume;
  const strides = [1, size[0], size[0] * size[1]];
  const [across, up] = imageAxes[axis];
  const [width, height] = [size[across], size[up]];
  const sums = new Float64Array(width * height);
  for (let d = from; d <= to; d++) {
    for (let v = 0, i = 0; v < height; v++) {
      let voxel = d * strides[axisIndex[axis]]! + v * strides[up]!;
      for (let u = 0; u < width; u++, i++, voxel += strides[across]!) sums[i]! += data[voxel]!;
    }
  }
  return { data: Float32Array.from(sums), width, height, apix };
}
