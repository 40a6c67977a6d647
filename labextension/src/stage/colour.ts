/** Red, green and blue, each 0 … 1. */
export type Rgb = readonly [number, number, number];

/** The components of a colour #rrggbb. */
export function rgbOf(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** One colour for each of `count` vertices, [3 · count]. */
export function repeated(colour: Rgb, count: number): Float32Array {
  const all = new Float32Array(3 * count);
  for (let i = 0; i < all.length; i++) all[i] = colour[i % 3]!;
  return all;
}
