import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { withFileName } from "../fileErrors";
import type { LeftOutImage } from "../particles/images/imageOutliers";

/** One of the parts that a pass over images is divided into, for several machines. */
export interface Part {
  /** Which one, from 1. */
  number: number;
  /** Number of all parts. */
  of: number;
}

/** @throws InputError unless it is one of the parts */
export function checkPart({ number, of }: Part): void {
  const isPart = Number.isInteger(number) && Number.isInteger(of) && number >= 1 && number <= of;
  if (!isPart) throw new InputError("part", "a number from 1 to that of all parts", `${number} of ${of}`);
}

const stateSchema = v.object({
  key: v.string(),
  chunks: v.number(),
  of: v.number(),
  counts: v.array(v.number()),
  leftOut: v.array(v.object({ index: v.number(), reason: v.string() })),
});

/** What kept sums are of. */
export interface KeptState {
  /** Chunks of images that were added, … */
  chunks: number;
  /** … of so many. */
  of: number;
  /** Particles in each sum. */
  counts: number[];
  leftOut: LeftOutImage[];
}

/** Floats that are read or written at a time: 16 MiB. */
const pieceLength = 1 << 22;

/**
 * The sums of a back-projection in a folder, so that a pass that was stopped goes on, and parts of a pass that were made by several
 * machines can be added: `pass_NAME.json`, and the grids in `pass_NAME_CHUNKS.f32`.
 */
export class KeptSums {
  private readonly base: string;

  /**
   * @param name of letters, digits and underscores
   * @param key differs for other sums
   */
  constructor(
    private readonly folder: string,
    name: string,
    private readonly key: string,
    part?: Part,
  ) {
    this.base = `pass_${name}${part ? `_part_${part.number}_of_${part.of}` : ""}`;
  }

  /** What is kept; undefined for nothing, or what has another key. */
  async find(): Promise<KeptState | undefined> {
    const text = await readFile(this.record, "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      const { key, ...state } = v.parse(stateSchema, JSON.parse(text));
      return key === this.key ? state : undefined;
    } catch {
      return undefined;
    }
  }

  /** Keeps sums in place of those of before; a stop in between leaves those. */
  async keep(state: KeptState, grids: readonly Float32Array[]): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const file = this.file(state.chunks);
    await writeAtomic(file, async (write) => {
      for (const grid of grids)
        for (let from = 0; from < grid.length; from += pieceLength)
          // A copy: the grids are in shared memory.
          await write(new Uint8Array(grid.slice(from, from + pieceLength).buffer));
    });
    await writeAtomic(this.record, `${JSON.stringify({ key: this.key, ...state })}\n`);
    await this.removeFiles((name) => name.endsWith(".f32") && name !== path.basename(file));
  }

  /** Adds what is kept to grids. @throws InputError for a file that is damaged */
  async addTo(grids: readonly Float32Array[], { chunks }: KeptState): Promise<void> {
    const file = this.file(chunks);
    const length = grids.reduce((sum, grid) => sum + grid.length, 0);
    try {
      const handle = await open(file, "r");
      try {
        const { size } = await handle.stat();
        if (size !== 4 * length) throw new InputError(file, `${4 * length} bytes`, `${size}`);
        const piece = new Float32Array(Math.min(pieceLength, length));
        let at = 0;
        for (const grid of grids) {
          for (let from = 0; from < grid.length; from += piece.length) {
            const own = piece.subarray(0, Math.min(piece.length, grid.length - from));
            const bytes = new Uint8Array(own.buffer, 0, own.byteLength);
            for (let read = 0; read < bytes.length; )
              read += (await handle.read(bytes, read, bytes.length - read, at + read)).bytesRead;
            at += bytes.length;
            for (let i = 0; i < own.length; i++) grid[from + i]! += own[i]!;
          }
        }
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw withFileName(file, error);
    }
  }

  /** Removes what is kept under this name. */
  async remove(): Promise<void> {
    await rm(this.record, { force: true });
    await this.removeFiles((name) => name.endsWith(".f32"));
  }

  private get record(): string {
    return path.join(this.folder, `${this.base}.json`);
  }

  private file(chunks: number): string {
    return path.join(this.folder, `${this.base}_${chunks}.f32`);
  }

  private async removeFiles(which: (name: string) => boolean): Promise<void> {
    const own = new RegExp(`^${this.base}_\\d+\\.f32$`);
    for (const name of await readdir(this.folder).catch(() => []))
      if (own.test(name) && which(name)) await rm(path.join(this.folder, name), { force: true });
  }
}

/** Into how many parts a pass was divided, of those with this key that have something; undefined for none. */
export async function partsOf(folder: string, name: string, key: string): Promise<number | undefined> {
  const pattern = new RegExp(`^pass_${name}_part_(\\d+)_of_(\\d+)\\.json$`);
  for (const file of (await readdir(folder).catch(() => [])).sort()) {
    const match = pattern.exec(file);
    if (!match) continue;
    const part = { number: Number(match[1]), of: Number(match[2]) };
    if (await new KeptSums(folder, name, key, part).find()) return part.of;
  }
  return undefined;
}

/** Removes the sums of a pass and of its parts. */
export async function removeSums(folder: string, name: string): Promise<void> {
  const own = new RegExp(`^pass_${name}(_part_\\d+_of_\\d+)?(_\\d+)?\\.(json|f32)$`);
  for (const file of await readdir(folder).catch(() => []))
    if (own.test(file)) await rm(path.join(folder, file), { force: true });
}
