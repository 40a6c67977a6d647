import { type PointGroup, turned } from "../optics/symmetry";
import type { Volume } from "./volume";

/** Most operators of a group that are tried, evenly spread over it. */
const maxOperators = 4;
/** Voxels along an edge from which every second, third, … voxel is compared. */
const comparedSize = 64;

/**
 * How far a map has a symmetry about index ⌊n/2⌋, in RELION's orientation: the smallest Pearson correlation between the map and
 * itself turned by one of some operators of the group, over the sphere that touches the faces of the box. Near 1 for a map that
 * was refined with this symmetry, about 0 for one without it; less in noisy maps, more in those of low resolution.
 * @param map a cubic map
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * console.log(e2.maps.symmetryCorrelation(map, e2.optics.pointGroup("C3")));
 * ```
 */
export function symmetryCorrelation(map: Volume, group: PointGroup): number {
  const { order, operators } = group;
  const tried = Math.min(maxOperators, order - 1);
  let least = 1;
  for (let k = 0; k < tried; k++) {
    const operator = operators[1 + Math.floor((k * (order - 1)) / tried)]!;
    least = Math.min(least, correlationTurned(map, operator));
  }
  return least;
}

function correlationTurned({ data, size }: Volume, operator: Float64Array): number {
  const n = size[0];
  const origin = Math.floor(n / 2);
  const radius = n / 2 - 1;
  const step = Math.max(1, Math.floor(n / comparedSize));
  let [count, a, b, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
  for (let z = -origin; z < n - origin; z += step) {
    for (let y = -origin; y < n - origin; y += step) {
      for (let x = -origin; x < n - origin; x += step) {
        if (Math.hypot(x, y, z) > radius) continue;
        const own = data[x + origin + n * (y + origin + n * (z + origin))]!;
        const other = interpolated(data, n, turned(operator, [x, y, z]));
        count++;
        a += own;
        b += other;
        aa += own * own;
        bb += other * other;
        ab += own * other;
      }
    }
  }
  return (ab - (a * b) / count) / Math.sqrt((aa - (a * a) / count) * (bb - (b * b) / count));
}

/** The density at a position in voxels from the origin, by trilinear interpolation. */
function interpolated(data: Float32Array, n: number, position: readonly number[]): number {
  const [px, py, pz] = position.map((c) => c + Math.floor(n / 2)) as [number, number, number];
  const [x, y, z] = [Math.floor(px), Math.floor(py), Math.floor(pz)];
  let sum = 0;
  for (let corner = 0; corner < 8; corner++) {
    const [ix, iy, iz] = [x + (corner & 1), y + ((corner >> 1) & 1), z + (corner >> 2)];
    if (ix < 0 || iy < 0 || iz < 0 || ix >= n || iy >= n || iz >= n) continue;
    const weight = (1 - Math.abs(px - ix)) * (1 - Math.abs(py - iy)) * (1 - Math.abs(pz - iz));
    sum += weight * data[ix + n * (iy + n * iz)]!;
  }
  return sum;
}
