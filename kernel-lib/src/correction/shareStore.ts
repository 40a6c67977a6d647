import { mkdir, mkdtemp, open, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { withFileName } from "../fileErrors";
import { finalName } from "../partialName";
import type { LeftOutImage } from "../particles/images/imageOutliers";

/** What has been back-projected so far. */
export interface ShareProgress {
  /** What the shares are of: particles, poses, division, box; see `shareKey`. */
  key: string;
  /** Cells of each half whose particles are in the sums. */
  done: [number, number];
  /** Particles of each half that were added, without outliers. */
  counts: [number, number];
  leftOut: LeftOutImage[];
  /** Mean weights of each half in each padded shell, and of each of its cells. */
  means: [number[], number[]];
  cellMeans: [number[][], number[][]];
}

const recordName = "correction.json";
/** A file that is removed with the others, for what was made of the maps. */
export const stateListName = "states.json";
const version = 1;

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

  /** Progress of an earlier pass with this key, or undefined. */
  async progress(key: string): Promise<ShareProgress | undefined> {
    const text = await readFile(this.at(recordName), "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      const found = JSON.parse(text) as ShareProgress & { version: number };
      return found.version === version && found.key === key ? found : undefined;
    } catch {
      return undefined;
    }
  }

  /** Files of sums are those of the progress that is written last, so that a stop between both does no harm. */
  async keepProgress(progress: ShareProgress, sums: Record<string, Float32Array>): Promise<void> {
    const stamp = stampOf(progress);
    for (const [name, values] of Object.entries(sums)) await this.write(`${name}_${stamp}`, values);
    await writeAtomic(this.at(recordName), `${JSON.stringify({ version, ...progress }, finiteOnly)}\n`);
    for (const name of await readdir(this.folder)) {
      const match = /^sums_.*_(\d+_\d+)\.f32$/.exec(name);
      if (match && match[1] !== stamp) await rm(path.join(this.folder, name), { force: true });
    }
  }

  readSums(name: string, progress: ShareProgress, length: number): Promise<Float32Array> {
    return this.read(`${name}_${stampOf(progress)}`, length);
  }

  async write(name: string, values: Float32Array): Promise<void> {
    await writeAtomic(this.at(`${name}.f32`), async (write) => {
      for (let from = 0; from < values.length; from += partLength) {
        const { buffer, byteOffset, byteLength } = values.subarray(from, from + partLength);
        await write(new Uint8Array(buffer, byteOffset, byteLength));
      }
    });
  }

  /** @throws InputError for a file that is missing or has another length */
  async read(name: string, length: number): Promise<Float32Array> {
    const file = this.at(`${name}.f32`);
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

  private at(name: string): string {
    return path.join(this.folder, name);
  }

  /** Removes everything that belongs to the correction. */
  async remove(): Promise<void> {
    for (const name of await readdir(this.folder).catch(() => []))
      if (isOwnName(name)) await rm(this.at(name), { force: true });
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
  /^(correction\.json|states\.json|(cell|plain|sums)_\w+\.f32)$/.test(finalName(name));
const stampOf = ({ done }: ShareProgress) => done.join("_");
/** JSON has no other numbers. */
const finiteOnly = (_: string, value: unknown) =>
  typeof value === "number" && !Number.isFinite(value) ? 0 : value;
