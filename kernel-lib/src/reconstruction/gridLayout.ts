import { padding } from "./paddedGrid";

/** Some planes of constant z of the padded grids of all sums, in one memory. */
export interface GridPart {
  /** Index of the first plane. */
  first: number;
  /** Index after the last one. */
  end: number;
}

/**
 * The layout of sums on the padded half grid of a 3-D transform: [z][y][x] with x ≥ 0 and the origin at (0, reach, reach), three numbers a
 * point, Σ c·re, Σ c·im and Σ c² of samples re + i·im with CTF c. Planes of constant z are divided into parts, which fit into a WebAssembly memory each; a part holds its planes of all sums.
 */
export interface GridLayout {
  /** S, voxels along each edge of the map. */
  readonly boxSize: number;
  /** Index of the origin along y and z. */
  readonly reach: number;
  /** Numbers from one row, and one plane, of the grid to the next. */
  readonly strideY: number;
  readonly strideZ: number;
  /** Number of sums. */
  readonly sums: number;
  readonly parts: readonly GridPart[];
}

/** Most bytes of the grids of one part; a memory has at most 4 GiB, and holds samples beside them. */
const partBytes = 3 * 2 ** 30;

/** Bytes of one sum for a map of `boxSize` voxels along each edge. */
export function sumBytes(boxSize: number): number {
  const { strideZ, reach } = strides(boxSize);
  return 4 * strideZ * (2 * reach + 1);
}

function strides(boxSize: number): { reach: number; strideY: number; strideZ: number } {
  // One more grid point, since a sample at radius < S/2 is distributed over the points around it.
  const reach = Math.ceil((padding * boxSize) / 2) + 1;
  const strideY = 3 * (reach + 1);
  return { reach, strideY, strideZ: strideY * (2 * reach + 1) };
}

/**
 * @param sums number of sums
 * @param most most bytes of a part, for tests. Default: 3 GiB
 */
export function gridLayout(boxSize: number, sums: number, most = partBytes): GridLayout {
  const { reach, strideY, strideZ } = strides(boxSize);
  const planes = 2 * reach + 1;
  const each = Math.max(1, Math.floor(most / (4 * strideZ * sums)));
  const parts: GridPart[] = [];
  for (let first = 0; first < planes; first += each)
    parts.push({ first, end: Math.min(planes, first + each) });
  return { boxSize, reach, strideY, strideZ, sums, parts };
}

/** Columns of samples of K rings, kx = 0 … K, rounded up to a multiple of four. */
export const columnsOf = (rings: number): number => 4 * Math.floor(rings / 4 + 1);

/** Numbers of the samples of an image with K rings. */
export const sampleLength = (rings: number): number => 4 * columnsOf(rings) * (2 * rings + 1);
