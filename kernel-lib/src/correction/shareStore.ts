import { mkdir, mkdtemp, open, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { withFileName } from "../fileErrors";
import { finalName } from "../partialName";
import type { LeftOutImage } from "../particles/images/imageOutliers";
import { type KeptState, KeptSums, type Part, removeSums } from "../reconstruction/keptSums";

/** What has been back-projected so far. */
export interface ShareProgress {
  /** What the shares are of: particles, poses, division, box; see `shareKey`. */
  key: string;
  /** Particles of each half that were added, without outliers. */
  counts: [number, number];
  leftOut: LeftOutImage[];
  /** Mean weights of each half in each padded shell. */
  means: [number[], number[]];
  /** The same of each of its cells; undefined for cells that are missing. */
  cellMeans: [(number[] | undefined)[], (number[] | undefined)[]];
}

/** Name of the sums of both halves. */
export const sumsName = "halves";
const recordName = "correction.json";
/** A file that is removed with the others, for what was made of the maps. */
export const stateListName = "states.json";
const version = 2;

/**
 * The folder in which the maps of cells are kept between the pass over the images and the states that are made from them. What an earlier
 * pass over the same particles left there is used; a pass that was stopped goes on.
 */
export class ShareStore {
  private constructor(
    readonly folder: string,
    private readonly temporary: boolean,
  ) {}

  /**
   * @param folder Default: a temporary one, which is removed by {@link close}
   * @throws InputError for a folder of other files
   */
  static async open(folder?: string): Promise<ShareStore> {
    if (folder === undefined)
      return new ShareStore(await mkdtemp(path.join(tmpdir(), "e2gmm-correct-")), true);
    await mkdir(folder, { recursive: true });
    const names = await readdir(folder);
    const other = names.find((name) => !isOwnName(name));
    if (other !== undefined && !names.includes(recordName))
      throw new InputError(folder, "a new or empty folder, or that of a correction", other);
    return new ShareStore(folder, false);
  }

  /** A folder that is known to be one. */
  static at(folder: string): ShareStore {
    return new ShareStore(folder, false);
  }

  /** What an earlier pass with this key has done, or undefined. */
  async progress(key: string): Promise<ShareProgress | undefined> {
    const found = await this.json<ShareProgress & { version: number }>(recordName);
    if (found?.version !== version || found.key !== key) return undefined;
    const { counts, leftOut, means } = found;
    const progress: ShareProgress = { key, counts, leftOut, means, cellMeans: [[], []] };
    for (const name of await readdir(this.folder)) {
      const match = /^cell_(\d+)_(\d+)\.json$/.exec(name);
      if (!match) continue;
      const cell = await this.json<{ key: string; means: number[] }>(name);
      if (cell?.key === key) progress.cellMeans[Number(match[1]) - 1]![Number(match[2]) - 1] = cell.means;
    }
    return progress;
  }

  private async json<T>(name: string): Promise<T | undefined> {
    const text = await readFile(this.path(name), "utf8").catch(() => undefined);
    try {
      return text === undefined ? undefined : (JSON.parse(text) as T);
    } catch {
      return undefined;
    }
  }

  /** Keeps what is done but for cells. */
  async keepProgress({ cellMeans: _, ...progress }: ShareProgress): Promise<void> {
    await writeAtomic(this.path(recordName), `${JSON.stringify({ version, ...progress }, finiteOnly)}\n`);
  }

  /** Says that the map of a cell is there. */
  async keepCell(name: string, cell: { key: string; means: number[] }): Promise<void> {
    await writeAtomic(this.path(`${name}.json`), `${JSON.stringify(cell, finiteOnly)}\n`);
  }

  /** Whether the sums of all images are kept. */
  async hasSums(key: string): Promise<boolean> {
    return isWhole(await new KeptSums(this.folder, sumsName, key).find());
  }

  /** Whether the sums of all parts are kept. */
  async hasParts(key: string, { of }: Part): Promise<boolean> {
    for (let number = 1; number <= of; number++)
      if (!isWhole(await new KeptSums(this.folder, sumsName, key, { number, of }).find())) return false;
    return true;
  }

  /** Removes the sums of halves. */
  removeSums(): Promise<void> {
    return removeSums(this.folder, sumsName);
  }

  async write(name: string, values: Float32Array): Promise<void> {
    await writeAtomic(this.path(`${name}.f32`), async (write) => {
      for (let from = 0; from < values.length; from += partLength) {
        const { buffer, byteOffset, byteLength } = values.subarray(from, from + partLength);
        await write(new Uint8Array(buffer, byteOffset, byteLength));
      }
    });
  }

  /** @throws InputError for a file that is missing or has another length */
  async read(name: string, length: number): Promise<Float32Array> {
    const file = this.path(`${name}.f32`);
    try {
      const handle = await open(file, "r");
      try {
        const { size } = await handle.stat();
        if (size !== 4 * length) throw new InputError(file, `${4 * length} bytes`, `${size}`);
        const values = new Float32Array(length);
        for (let from = 0; from < length; from += partLength) {
          const { buffer, byteOffset, byteLength } = values.subarray(from, from + partLength);
          await handle.read(new Uint8Array(buffer, byteOffset, byteLength), 0, byteLength, 4 * from);
        }
        return values;
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw withFileName(file, error);
    }
  }

  /** Whether what is kept can be used again. */
  get lasts(): boolean {
    return !this.temporary;
  }

  private path(name: string): string {
    return path.join(this.folder, name);
  }

  /** Removes everything that belongs to the correction. */
  async remove(): Promise<void> {
    for (const name of await readdir(this.folder).catch(() => []))
      if (isOwnName(name)) await rm(this.path(name), { force: true });
    if ((await readdir(this.folder).catch(() => ["?"])).length === 0)
      await rm(this.folder, { recursive: true });
  }

  async close(): Promise<void> {
    if (this.temporary) await rm(this.folder, { recursive: true, force: true });
  }
}

/** Floats that are read or written at a time: 64 MiB. */
const partLength = 1 << 24;

/** Also of files that were not finished. */
const isOwnName = (name: string) =>
  /^(correction\.json|states\.json|(cell|plain|pass)_\w+\.(f32|json))$/.test(finalName(name));
const isWhole = (state: KeptState | undefined) => state !== undefined && state.chunks === state.of;
/** JSON has no other numbers. */
const finiteOnly = (_: string, value: unknown) =>
  typeof value === "number" && !Number.isFinite(value) ? 0 : value;
