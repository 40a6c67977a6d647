import type { Box, Vector } from "../geometry.js";

/** A map as floats. */
export interface FloatVolume {
  /** [z][y][x], x fastest. */
  data: Float32Array;
  /** Voxels along x, y, z. */
  size: Vector;
  /** Å per voxel. */
  apix: number;
  /** Place of voxel (0, 0, 0) in Å. */
  origin: Vector;
}

/** Voxels from `lowest` to `highest`, both included, along x, y, z. */
export interface VoxelBlock {
  lowest: [number, number, number];
  highest: [number, number, number];
}

/** The box in Å around the centres of all voxels. */
export function boxOfVolume({ origin, size, apix }: FloatVolume): Box {
  return {
    lowest: origin,
    highest: origin.map((place, axis) => place + (size[axis]! - 1) * apix) as unknown as Vector,
  };
}

/** The part of a volume in a block that is enlarged by `margin` voxels, as far as the volume goes. */
export function cutOut(
  { data, size, apix, origin }: FloatVolume,
  block: VoxelBlock,
  margin: number,
): FloatVolume {
  const first = block.lowest.map((at) => Math.max(0, at - margin));
  const last = block.highest.map((at, axis) => Math.min(size[axis]! - 1, at + margin));
  const [nx, ny, nz] = first.map((at, axis) => last[axis]! - at + 1) as [number, number, number];
  const part = new Float32Array(nx * ny * nz);
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const from = first[0]! + size[0] * (first[1]! + y + size[1] * (first[2]! + z));
      part.set(data.subarray(from, from + nx), nx * (y + ny * z));
    }
  }
  return {
    data: part,
    size: [nx, ny, nz],
    apix,
    origin: origin.map((place, axis) => place + first[axis]! * apix) as unknown as Vector,
  };
}

/** The value at a place in voxels by trilinear interpolation; 0 outside. */
export function valueAt({ data, size }: FloatVolume): (x: number, y: number, z: number) => number {
  const [nx, ny, nz] = size;
  return (x, y, z) => {
    if (!(x >= 0 && y >= 0 && z >= 0 && x <= nx - 1 && y <= ny - 1 && z <= nz - 1)) return 0;
    const [x0, y0, z0] = [
      Math.min(nx - 2, Math.floor(x)),
      Math.min(ny - 2, Math.floor(y)),
      Math.min(nz - 2, Math.floor(z)),
    ];
    const [u, v, w] = [x - x0, y - y0, z - z0];
    const i = x0 + nx * (y0 + ny * z0);
    const [dy, dz] = [nx, nx * ny];
    const row = (j: number) => data[j]! * (1 - u) + data[j + 1]! * u;
    return (
      (row(i) * (1 - v) + row(i + dy) * v) * (1 - w) + (row(i + dz) * (1 - v) + row(i + dy + dz) * v) * w
    );
  };
}
