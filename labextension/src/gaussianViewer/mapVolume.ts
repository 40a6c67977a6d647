import type { Axis, Vector } from "../stage/geometry.js";
import type { Picture } from "../stage/meshes.js";
import type { FloatVolume } from "../stage/surface/floatVolume.js";

/** A map as the kernel packs it. */
export interface PackedMap {
  /** Steps of 1/65535 from `low` to `high`, [z][y][x]. */
  data: Uint16Array;
  /** Voxels along x, y, z. */
  size: readonly number[];
  /** Å per voxel. */
  apix: number;
  /** Place of voxel (0, 0, 0) in Å. */
  origin: readonly number[];
  /** Value of step 0. */
  low: number;
  /** Value of step 65535. */
  high: number;
}

/** The values of a packed map. */
export function unpackedMap({ data, size, apix, origin, low, high }: PackedMap): FloatVolume {
  const step = (high - low) / 65535;
  const values = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) values[i] = low + step * data[i]!;
  return { data: values, size: size as unknown as Vector, apix, origin: origin as unknown as Vector };
}

/** Which plane of a map is shown, and in which greys. */
export interface SliceOptions {
  axis: Axis;
  /** 0 … 1 along the axis, clamped. */
  position: number;
  /** The value that is black. */
  black: number;
  /** The value that is white. */
  white: number;
}

/** A plane of a map in grey. */
export interface SlicePicture extends Picture {
  /** Index of the section along the axis, from 0. */
  section: number;
  /** Its place along the axis in Å. */
  place: number;
}

const axes = { x: 0, y: 1, z: 2 } as const;

/** A plane of a map in grey: y–z, x–z or x–y. */
export function slicePicture(
  volume: FloatVolume,
  { axis, position, black, white }: SliceOptions,
): SlicePicture {
  const { data, size, origin, apix } = volume;
  const along = axes[axis];
  const [u, v] = [along === 0 ? 1 : 0, along === 2 ? 1 : 2];
  const strides = [1, size[0], size[0] * size[1]];
  const section = Math.round(Math.min(1, Math.max(0, position)) * (size[along]! - 1));
  const [width, height] = [size[u]!, size[v]!];
  const colour = new Float32Array(3 * width * height);
  const range = white > black ? white - black : 1;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const value = data[section * strides[along]! + column * strides[u]! + row * strides[v]!]!;
      const at = 3 * (row * width + column);
      colour.fill(Math.min(1, Math.max(0, (value - black) / range)), at, at + 3);
    }
  }
  const place = origin[along]! + section * apix;
  const corner = [...origin] as [number, number, number];
  corner[along] = place;
  const step = (axis: number) => [0, 1, 2].map((a) => (a === axis ? apix : 0)) as unknown as Vector;
  return { corner, across: step(u), up: step(v), width, height, colour, section, place };
}
