/**
 * A 3-D density. `data` is in file order, [z][y][x] with x fastest: voxel (x, y, z) is at x + nx·(y + ny·z).
 * The origin of rotations and of box coordinates is at index ⌊n/2⌋ of each axis.
 */
export interface Volume {
  /** Densities, nx · ny · nz values. */
  data: Float32Array;
  /** nx, ny, nz in voxels. */
  size: [number, number, number];
  /** Å per voxel. */
  apix: number;
  /** Position of voxel (0, 0, 0) in Å, from the file's header. Default [0, 0, 0]. */
  origin?: [number, number, number];
}
