/** Local resolutions as the kernel packs them. */
export interface ResolutionGrid {
  /** [z][y][x]: 0 where it is not known, else from 1 for `low` to 255 for `high`. */
  steps: Uint8Array;
  /** Voxels along x, y, z. */
  size: readonly number[];
  /** Å per voxel. */
  apix: number;
  /** Place of voxel (0, 0, 0) in Å. */
  origin: readonly number[];
  /** Å. */
  low: number;
  /** Å. */
  high: number;
}

/**
 * The local resolution at places [3V] in Å: linear between the voxels around each, as far as it is known there; the coarsest
 * where none of them is.
 * @returns [V] in Å
 */
export function resolutionAt(
  { steps, size, apix, origin, low, high }: ResolutionGrid,
  places: Float32Array,
): Float32Array {
  const [nx, ny, nz] = size as [number, number, number];
  const found = new Float32Array(places.length / 3);
  for (let v = 0; v < found.length; v++) {
    const [x, y, z] = [0, 1, 2].map((axis) => (places[3 * v + axis]! - origin[axis]!) / apix) as [
      number,
      number,
      number,
    ];
    const [x0, y0, z0] = [Math.floor(x), Math.floor(y), Math.floor(z)];
    let [sum, weights] = [0, 0];
    for (let corner = 0; corner < 8; corner++) {
      const [i, j, k] = [x0 + (corner & 1), y0 + ((corner >> 1) & 1), z0 + (corner >> 2)];
      if (i < 0 || j < 0 || k < 0 || i >= nx || j >= ny || k >= nz) continue;
      const step = steps[i + nx * (j + ny * k)]!;
      if (step === 0) continue;
      const weight = (1 - Math.abs(x - i)) * (1 - Math.abs(y - j)) * (1 - Math.abs(z - k));
      sum += weight * step;
      weights += weight;
    }
    found[v] = weights > 0 ? low + ((sum / weights - 1) * (high - low)) / 254 : high;
  }
  return found;
}
