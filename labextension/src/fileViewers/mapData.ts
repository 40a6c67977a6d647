import type { Box } from "../stage/geometry.js";
import type { Statistics } from "./statistics.js";

/** A map for drawing, axes in the order X, Y, Z. */
export interface MapData {
  /** [z][y][x], x fastest. */
  data: Float32Array;
  /** Voxels along X, Y, Z. */
  size: [number, number, number];
  /** Å per voxel along X, Y, Z; 1 if the header has none. */
  voxel: [number, number, number];
  /** Position of the first voxel in Å. */
  origin: [number, number, number];
  /** Of the values that were read, before any averaging. */
  statistics: Statistics;
}

/** A map averaged in blocks of 2×2×2 voxels. An odd last plane is left out. */
export function halved({ data, size, voxel, origin, statistics }: MapData): MapData {
  const [nx, ny] = size;
  const half = size.map((n) => Math.max(1, n >> 1)) as [number, number, number];
  const [hx, hy, hz] = half;
  // Along an axis of one voxel there is no second one
  const steps = size.map((n, axis) => (n > 1 ? [1, nx, nx * ny][axis]! : 0)) as [number, number, number];
  const [dx, dy, dz] = steps;
  const small = new Float32Array(hx * hy * hz);
  let to = 0;
  for (let z = 0; z < hz; z++) {
    for (let y = 0; y < hy; y++) {
      let at = nx * (2 * y + ny * 2 * z);
      for (let x = 0; x < hx; x++, at += 2) {
        const lower = data[at]! + data[at + dx]! + data[at + dy]! + data[at + dx + dy]!;
        const top = at + dz;
        const upper = data[top]! + data[top + dx]! + data[top + dy]! + data[top + dx + dy]!;
        small[to++] = (lower + upper) / 8;
      }
    }
  }
  return {
    data: small,
    size: half,
    voxel: voxel.map((edge) => 2 * edge) as [number, number, number],
    origin: origin.map((x, axis) => x + voxel[axis]! / 2) as [number, number, number],
    statistics,
  };
}

/**
 * The box in Å around all voxels beyond a level; undefined if there are none.
 * @param above whether voxels above the level count, or those at it and below
 */
export function boxBeyond(
  { data, size, voxel, origin }: MapData,
  level: number,
  above: boolean,
): Box | undefined {
  const [nx, ny, nz] = size;
  const lowest = [nx, ny, nz];
  const highest = [-1, -1, -1];
  let at = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++, at += nx) {
      let first = 0;
      while (first < nx && data[at + first]! > level !== above) first++;
      if (first === nx) continue;
      let last = nx - 1;
      while (data[at + last]! > level !== above) last--;
      lowest[0] = Math.min(lowest[0]!, first);
      highest[0] = Math.max(highest[0]!, last);
      lowest[1] = Math.min(lowest[1]!, y);
      highest[1] = Math.max(highest[1]!, y);
      lowest[2] = Math.min(lowest[2]!, z);
      highest[2] = Math.max(highest[2]!, z);
    }
  }
  if (highest[0]! < 0) return undefined;
  const place = (index: number, axis: number) => origin[axis]! + index * voxel[0];
  return {
    lowest: lowest.map(place) as [number, number, number],
    highest: highest.map(place) as [number, number, number],
  };
}
