import type { MapData } from "./mapData.js";

/** A plane of a map or an image of a stack. */
export interface Plane {
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
  /** [height][width] */
  values: Float32Array;
}

/** The plane at `index` across an axis (0 X, 1 Y, 2 Z). Its rows run along the first of the other two axes. */
export function planeOf(map: Pick<MapData, "data" | "size">, axis: 0 | 1 | 2, index: number): Plane {
  const { data, size } = map;
  const stride = [1, size[0], size[0] * size[1]];
  const [across, up] = ([[1, 2], [0, 2], [0, 1]] as const)[axis]; // biome-ignore format: a table
  const width = size[across];
  const height = size[up];
  const values = new Float32Array(width * height);
  const base = index * stride[axis]!;
  for (let row = 0, to = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      values[to++] = data[base + row * stride[up]! + column * stride[across]!]!;
    }
  }
  return { width, height, values };
}

/** A plane averaged in blocks to at most `edge` pixels along its longer side. An incomplete last block is left out. */
export function shrunk(plane: Plane, edge: number): Plane {
  const factor = Math.ceil(Math.max(plane.width, plane.height) / edge);
  if (factor <= 1) return plane;
  const width = Math.max(1, Math.floor(plane.width / factor));
  const height = Math.max(1, Math.floor(plane.height / factor));
  const values = new Float32Array(width * height);
  const rows = Math.min(plane.height, height * factor);
  const columns = Math.min(plane.width, width * factor);
  for (let row = 0; row < rows; row++) {
    const to = Math.min(height - 1, Math.floor(row / factor)) * width;
    const from = row * plane.width;
    for (let column = 0; column < columns; column++) {
      const at = to + Math.floor(column / factor);
      values[at] = values[at]! + plane.values[from + column]!;
    }
  }
  const count = (rows / height) * (columns / width);
  for (let i = 0; i < values.length; i++) values[i] = values[i]! / count;
  return { width, height, values };
}

/** How values become greys. */
export interface GreyOptions {
  /** The value that is black. */
  low: number;
  /** The value that is white. */
  high: number;
  /** Whether the first row is at the bottom. */
  upwards: boolean;
}

/** Grey values as the bytes of an `ImageData`. */
export function greyPixels(
  { width, height, values }: Plane,
  { low, high, upwards }: GreyOptions,
): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray(4 * width * height);
  const scale = high > low ? 255 / (high - low) : 0;
  for (let row = 0, at = 0; row < height; row++) {
    const from = (upwards ? height - 1 - row : row) * width;
    for (let column = 0; column < width; column++, at += 4) {
      const grey = (values[from + column]! - low) * scale;
      pixels[at] = pixels[at + 1] = pixels[at + 2] = grey;
      pixels[at + 3] = 255;
    }
  }
  return pixels;
}
