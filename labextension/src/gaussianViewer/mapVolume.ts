import type { FloatVolume, Vector } from "./stage.js";

/** A map as the kernel packs it. */
export interface PackedMap {
  /** Steps of 1/65535 from `low` to `high`, [z][y][x]. */
  data: Uint16Array;
  size: readonly number[];
  apix: number;
  origin: readonly number[];
  low: number;
  high: number;
}

export function unpackedMap({ data, size, apix, origin, low, high }: PackedMap): FloatVolume {
  const step = (high - low) / 65535;
  const values = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) values[i] = low + step * data[i]!;
  return { data: values, size: size as unknown as Vector, apix, origin: origin as unknown as Vector };
}

const AXES = { x: 0, y: 1, z: 2 } as const;

export interface SlicePicture {
  /** Place of the first pixel and the steps along rows and from row to row, in Å. */
  corner: Vector;
  across: Vector;
  up: Vector;
  width: number;
  height: number;
  /** Grey values [3 · width · height], row after row. */
  colour: Float32Array;
  /** Which section it is, from 0, and its place along the axis in Å. */
  section: number;
  place: number;
}

/**
 * A plane through a map in grey: y–z, x–z or x–y.
 * @param position 0 … 1 along the axis
 * @param range values that are black and white
 */
export function slicePicture(
  volume: FloatVolume,
  axis: "x" | "y" | "z",
  position: number,
  { black, white }: { black: number; white: number },
): SlicePicture {
  const along = AXES[axis];
  const [u, v] = [along === 0 ? 1 : 0, along === 2 ? 1 : 2];
  const strides = [1, volume.size[0], volume.size[0] * volume.size[1]];
  const section = Math.round(Math.min(1, Math.max(0, position)) * (volume.size[along]! - 1));
  const [width, height] = [volume.size[u]!, volume.size[v]!];
  const colour = new Float32Array(3 * width * height);
  const range = white > black ? white - black : 1;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const value = volume.data[section * strides[along]! + column * strides[u]! + row * strides[v]!]!;
      colour.fill(
        Math.min(1, Math.max(0, (value - black) / range)),
        3 * (row * width + column),
        3 * (row * width + column) + 3,
      );
    }
  }
  const place = volume.origin[along]! + section * volume.apix;
  const corner = [...volume.origin] as [number, number, number];
  corner[along] = place;
  const step = (axis: number) => [0, 1, 2].map((a) => (a === axis ? volume.apix : 0)) as unknown as Vector;
  return { corner, across: step(u), up: step(v), width, height, colour, section, place };
}
