import type { FloatVolume, VoxelBlock } from "./floatVolume.js";

/** A map without its small pieces. */
export interface Dusted {
  /** The given volume itself if nothing was hidden. */
  volume: FloatVolume;
  /** Pieces that are hidden. */
  hidden: number;
  /** Around the voxels beyond the level that are left; undefined if there are none. */
  block: VoxelBlock | undefined;
}

/**
 * Hides the pieces of a surface that are shorter than `dust` along every axis: connected voxels (26 neighbours) above the level, or
 * below a negative one. Their values are mirrored at the level. The longest piece always stays.
 * @param dust Å; 0: nothing is hidden
 */
export function withoutDust(volume: FloatVolume, level: number, dust: number): Dusted {
  if (!(dust > 0)) return { volume, hidden: 0, block: blockBeyond(volume, level) };
  const { pieces, voxels } = piecesBeyond(volume, level);
  const longest = pieces.reduce((most, piece) => Math.max(most, piece.voxels), 0);
  const least = Math.min(dust / volume.apix, longest);
  const kept = pieces.filter((piece) => piece.voxels >= least);
  const block = around(kept);
  if (kept.length === pieces.length) return { volume, hidden: 0, block };
  const data = volume.data.slice();
  for (const piece of pieces) {
    if (piece.voxels >= least) continue;
    for (let i = piece.start; i < piece.end; i++) data[voxels[i]!] = 2 * level - data[voxels[i]!]!;
  }
  return { volume: { ...volume, data }, hidden: pieces.length - kept.length, block };
}

/** Around all voxels beyond a level. */
function blockBeyond({ data, size: [nx, ny, nz] }: FloatVolume, level: number): VoxelBlock | undefined {
  const lowest: [number, number, number] = [nx, ny, nz];
  const highest: [number, number, number] = [-1, -1, -1];
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        // Voxels that are not numbers are not beyond a level
        if (!(level < 0 ? data[i]! < level : data[i]! > level)) continue;
        lowest[0] = Math.min(lowest[0], x);
        highest[0] = Math.max(highest[0], x);
        lowest[1] = Math.min(lowest[1], y);
        highest[1] = Math.max(highest[1], y);
        lowest[2] = Math.min(lowest[2], z);
        highest[2] = z;
      }
    }
  }
  return highest[0] < 0 ? undefined : { lowest, highest };
}

/** Connected voxels: a part of a list of voxels. */
interface Piece extends VoxelBlock {
  start: number;
  end: number;
  /** Along the axis along which it is longest. */
  voxels: number;
}

/** The pieces beyond a level and their voxels, piece after piece. */
function piecesBeyond({ data, size }: FloatVolume, level: number): { pieces: Piece[]; voxels: Int32Array } {
  const isBeyond = level < 0 ? (value: number) => value < level : (value: number) => value > level;
  const waiting = new Uint8Array(data.length);
  let count = 0;
  for (let i = 0; i < data.length; i++) {
    if (!isBeyond(data[i]!)) continue;
    waiting[i] = 1;
    count++;
  }
  const voxels = new Int32Array(count);
  const pieces: Piece[] = [];
  let end = 0;
  for (let i = 0; i < data.length && end < count; i++) {
    if (waiting[i] === 0) continue;
    const start = end;
    waiting[i] = 0;
    voxels[end++] = i;
    const piece = grow({ voxels, start, end, waiting, size });
    end = piece.end;
    pieces.push(piece);
  }
  return { pieces, voxels };
}

/** Adds all voxels that are connected with the first of a piece. */
function grow(begun: {
  voxels: Int32Array;
  start: number;
  end: number;
  waiting: Uint8Array;
  size: FloatVolume["size"];
}): Piece {
  const { voxels, start, waiting, size } = begun;
  const [nx, ny, nz] = size;
  let end = begun.end;
  const lowest: [number, number, number] = [nx, ny, nz];
  const highest: [number, number, number] = [-1, -1, -1];
  for (let next = start; next < end; next++) {
    const at = voxels[next]!;
    const [x, y, z] = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))];
    for (const [axis, place] of [x, y, z].entries()) {
      lowest[axis] = Math.min(lowest[axis]!, place);
      highest[axis] = Math.max(highest[axis]!, place);
    }
    for (let k = Math.max(0, z - 1); k <= Math.min(nz - 1, z + 1); k++) {
      for (let j = Math.max(0, y - 1); j <= Math.min(ny - 1, y + 1); j++) {
        for (let i = Math.max(0, x - 1); i <= Math.min(nx - 1, x + 1); i++) {
          const neighbour = i + nx * (j + ny * k);
          if (waiting[neighbour] === 0) continue;
          waiting[neighbour] = 0;
          voxels[end++] = neighbour;
        }
      }
    }
  }
  return {
    start,
    end,
    lowest,
    highest,
    voxels: 1 + Math.max(...highest.map((at, axis) => at - lowest[axis]!)),
  };
}

function around(blocks: readonly VoxelBlock[]): VoxelBlock | undefined {
  if (blocks.length === 0) return undefined;
  const along = (axis: number, end: "lowest" | "highest", pick: (...values: number[]) => number) =>
    blocks.reduce((best, block) => pick(best, block[end][axis]!), blocks[0]![end][axis]!);
  return {
    lowest: [along(0, "lowest", Math.min), along(1, "lowest", Math.min), along(2, "lowest", Math.min)],
    highest: [along(0, "highest", Math.max), along(1, "highest", Math.max), along(2, "highest", Math.max)],
  };
}
