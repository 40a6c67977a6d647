import { stat } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../errors";
import { type MrcFile, openMrc } from "../maps/mrc";

/** Files that stay open at a time. */
const openLimit = 16;
/** Images that lie together are read together, up to this many values. */
const runLimit = 1 << 22;

/** Finds and reads the image stacks of one particle file. */
export class StackReader {
  /** Open stacks, the one used last at the end. */
  private readonly files = new Map<string, Promise<MrcFile>>();
  private readonly resolved = new Map<string, Promise<string>>();
  private readonly folders: string[];

  /**
   * @param metadataFile  the file that names the stacks
   * @param dataFolder    where to look first
   */
  constructor(
    private readonly metadataFile: string,
    private readonly dataFolder: string | undefined,
  ) {
    // The file's own folder, then its ancestors, one of which is RELION's project folder.
    this.folders = [];
    let folder = path.dirname(path.resolve(metadataFile));
    for (;;) {
      this.folders.push(folder);
      const parent = path.dirname(folder);
      if (parent === folder) break;
      folder = parent;
    }
    this.folders.push(process.cwd());
  }

  /** Path of a stack. @throws InputError when it is in none of the places where it may be */
  resolve(name: string): Promise<string> {
    let found = this.resolved.get(name);
    if (!found) {
      found = this.search(name);
      this.resolved.set(name, found);
    }
    return found;
  }

  private async search(name: string): Promise<string> {
    const candidates: string[] = [];
    if (this.dataFolder !== undefined) {
      if (!path.isAbsolute(name)) candidates.push(path.join(this.dataFolder, name));
      candidates.push(path.join(this.dataFolder, path.basename(name)));
    }
    if (path.isAbsolute(name)) candidates.push(name);
    else candidates.push(...this.folders.map((folder) => path.join(folder, name)));
    for (const candidate of candidates) {
      const found = await stat(candidate).catch(() => undefined);
      if (found?.isFile()) return candidate;
    }
    const places = this.dataFolder === undefined ? "" : `the data folder ${this.dataFolder}, `;
    throw new InputError(
      this.metadataFile,
      `the image stack ${name} in ${places}its own folder, one above it, or the working folder`,
      "no such file",
    );
  }

  /** Opens a stack, or takes it from those that are open. */
  async open(name: string): Promise<MrcFile> {
    const file = await this.resolve(name);
    let opening = this.files.get(file);
    if (opening) this.files.delete(file);
    else opening = openStack(file);
    this.files.set(file, opening);
    try {
      const opened = await opening;
      await this.closeSurplus();
      return opened;
    } catch (error) {
      this.files.delete(file);
      throw error;
    }
  }

  private async closeSurplus(): Promise<void> {
    for (const [file, opened] of this.files) {
      if (this.files.size <= openLimit) break;
      this.files.delete(file);
      await (await opened).close();
    }
  }

  /**
   * Reads images of one stack in the order asked for and hands each on as (place in `sections`, values, first value).
   * Neighbours are read in one go.
   */
  async read(
    name: string,
    sections: readonly number[],
    visit: (index: number, values: Float32Array, from: number) => void,
  ): Promise<void> {
    const stack = await this.open(name);
    const pixels = stack.size[0] * stack.size[1];
    const order = sections.map((_, i) => i).sort((a, b) => sections[a]! - sections[b]!);
    const longest = Math.max(1, Math.floor(runLimit / pixels));
    for (let i = 0; i < order.length; ) {
      const first = sections[order[i]!]!;
      let j = i;
      while (
        j + 1 < order.length &&
        sections[order[j + 1]!]! - sections[order[j]!]! <= 1 &&
        sections[order[j + 1]!]! - first < longest
      ) {
        j++;
      }
      const values = await stack.readSections(first, sections[order[j]!]! - first + 1);
      for (; i <= j; i++) visit(order[i]!, values, (sections[order[i]!]! - first) * pixels);
    }
  }

  /** Closes all files. The reader can be used again afterwards. */
  async close(): Promise<void> {
    const files = [...this.files.values()];
    this.files.clear();
    for (const file of files) await (await file.catch(() => undefined))?.close();
  }
}

async function openStack(file: string): Promise<MrcFile> {
  const stack = await openMrc(file);
  const [nx, ny, nz] = stack.size;
  try {
    if (nx !== ny) throw new InputError(file, "square images", `${nx}×${ny} pixels`);
    if (stack.header.spaceGroup >= 401) {
      throw new InputError(file, "a stack of images", `${nz} sections of a stack of volumes`);
    }
    return stack;
  } catch (error) {
    await stack.close();
    throw error;
  }
}
