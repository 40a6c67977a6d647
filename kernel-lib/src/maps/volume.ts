/**
 * A 3-D density. `data` is in file order, [z][y][x] with x fastest: voxel (x, y, z) is at x + nx·(y + ny·z).
 * The origin of rotation and of box coordinates is at index n/2 (integer division) of each axis.
 */
export interface Volume {
  data: Float32Array;
  /** nx, ny, nz. */
  size: [number, number, number];
  /** Edge of a voxel in Å. */
  apix: number;
  /** Position of voxel (0, 0, 0) in Å, from the file's header; [0, 0, 0] unless a file says otherwise. */
  origin?: [number, number, number];
}
