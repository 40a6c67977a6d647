import { stat } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../../errors";
import { type ImageStack, openImageStack } from "../../formats/imageStack";
import type { ByteSign } from "../../formats/mrc";
import { roundedText } from "../../shortText";
import { projectFolders } from "../projectFolders";

/** Files that are kept open. */
const maxOpenFiles = 16;
/** Adjacent images are read together up to this many values. */
const maxRunValues = 1 << 21;

/** Relative difference of pixel sizes up to which one may be a recalibration of the other. */
const pixelSizeTolerance = 0.05;

/** Finds and reads the image stacks of one particle file. */
export class StackReader {
  private readonly files = new Map<string, { opening: Promise<ImageStack>; users: number }>();
  private readonly resolved = new Map<string, Promise<string | undefined>>();
  /** The stack name for which each file of the data folder was used. */
  private readonly inDataFolder = new Map<string, string>();
  private readonly folders: string[];
  private readonly found = new Set<string>();
  private pixelSizeWarned = false;
  /** Describes where the particle file names a stack, for messages. */
  namedIn: (name: string) => string = () => "";

  /**
   * @param metadataFile the particle file
   * @param dataFolder   folder in which stacks are looked for first
   * @param bytes        how stacks of bytes (mode 0) are read; see `openMrc`
   */
  constructor(
    private readonly metadataFile: string,
    private readonly dataFolder: string | undefined,
    private readonly bytes?: ByteSign,
  ) {
    this.folders = projectFolders(metadataFile);
  }

  /** Warnings about the stacks opened so far. */
  get warnings(): readonly string[] {
    return [...this.found];
  }

  /**
   * Path of a stack.
   * @throws InputError if it is not found, or may be another stack of the same name
   */
  async resolve(name: string): Promise<string> {
    const found = await this.find(name);
    if (found !== undefined) return found;
    const places = this.dataFolder === undefined ? "" : `the data folder ${this.dataFolder}, `;
    throw new InputError(
      this.metadataFile,
      `the image stack ${withoutMark(name)} in ${places}its own folder, one above it, or the working folder`,
      `no such file (--data-folder, in a notebook \`dataFolder\`, names another folder)${this.namedIn(name)}`,
    );
  }

  /** As {@link resolve}; undefined if it is not found. */
  find(name: string): Promise<string | undefined> {
    let found = this.resolved.get(name);
    if (!found) {
      found = this.search(withoutMark(name));
      this.resolved.set(name, found);
      // A missing stack may appear later.
      const forget = () => this.resolved.delete(name);
      found.then((file) => file ?? forget(), forget);
    }
    return found;
  }

  private async search(name: string): Promise<string | undefined> {
    if (this.dataFolder !== undefined) {
      const parts = path.normalize(name).split(path.sep).filter(Boolean);
      for (let left = 0; left < parts.length; left++) {
        const candidate = path.join(this.dataFolder, ...parts.slice(left));
        if (!(await isFile(candidate))) continue;
        this.requireSameStack(candidate, name);
        return candidate;
      }
    }
    const candidates = path.isAbsolute(name) ? [name] : this.folders.map((folder) => path.join(folder, name));
    for (const candidate of candidates) {
      if (!(await isFile(candidate))) continue;
      // A name without a folder fits a stack of any project above the particle file.
      if (path.basename(name) === name && candidate !== candidates[0]) {
        this.found.add(
          `${this.metadataFile}: the image stack ${name} is not in its folder; ${candidate} is used ` +
            "(--data-folder, in a notebook `dataFolder`, names another folder)",
        );
      }
      return candidate;
    }
    return undefined;
  }

  /**
   * Stacks of the same file name from different folders must not be read from one file of the data folder.
   * @throws InputError if two names with different folders lead to the same file
   */
  private requireSameStack(file: string, name: string): void {
    const before = this.inDataFolder.get(file);
    this.inDataFolder.set(file, before ?? name);
    if (before === undefined) return;
    const [a, b] = [before, name].map((one) => `/${path.normalize(one).replaceAll(path.sep, "/")}`) as [
      string,
      string,
    ];
    // An absolute and a relative name may mean the same file.
    if (a.endsWith(b) || b.endsWith(a)) return;
    throw new InputError(
      this.metadataFile,
      `a stack for each of ${[before, name].sort().join(" and ")} in the data folder ${this.dataFolder}`,
      `${file} alone`,
    );
  }

  /**
   * Calls `work` with a stack, which stays open until it ends.
   * @param signal stops the opening, which takes long for compressed stacks
   */
  async use<T>(name: string, work: (stack: ImageStack) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const file = await this.resolve(name);
    let entry = this.files.get(file);
    if (entry) this.files.delete(file);
    else entry = { opening: this.open(file, signal), users: 0 };
    // Most recently used files are last.
    this.files.set(file, entry);
    entry.users++;
    try {
      return await work(await entry.opening);
    } catch (error) {
      // Try again next time if the stack could not be opened.
      if (!(await entry.opening.catch(() => undefined)) && this.files.get(file) === entry)
        this.files.delete(file);
      throw error;
    } finally {
      entry.users--;
      await this.closeSurplus();
    }
  }

  /**
   * Adds a warning for the first stack whose pixel size differs from that of the particle file. 1 Å is ignored: many programs
   * write it for an unknown pixel size.
   */
  checkPixelSize(stack: ImageStack, used: number): void {
    const { apix } = stack;
    if (this.pixelSizeWarned || apix === undefined || Math.abs(apix - 1) < 1e-3) return;
    if (Math.abs(apix / used - 1) <= pixelSizeTolerance) return;
    this.pixelSizeWarned = true;
    const [there, here] = [apix, used].map((size) => `${roundedText(size, 4)} Å`);
    this.found.add(
      `${stack.file} has a pixel size of ${there} in its header, ${this.metadataFile} one of ${here}, which is used (--apix gives another)`,
    );
  }

  private async open(file: string, signal: AbortSignal | undefined): Promise<ImageStack> {
    const stack = await openImageStack(file, { bytes: this.bytes, signal });
    for (const warning of stack.warnings) this.found.add(warning);
    return stack;
  }

  private async closeSurplus(): Promise<void> {
    for (const [file, entry] of this.files) {
      if (this.files.size <= maxOpenFiles) break;
      if (entry.users > 0) continue;
      this.files.delete(file);
      await (await entry.opening).close();
    }
  }

  /** Closes all files that are not in use. The reader can still be used afterwards. */
  async close(): Promise<void> {
    for (const [file, entry] of [...this.files]) {
      if (entry.users > 0) continue;
      this.files.delete(file);
      await (await entry.opening).close();
    }
  }
}

/**
 * Reads sections of a stack in any order, adjacent ones together, and passes each on: its index in `sections`, and an array
 * that holds it from index `from`, valid during the call only.
 */
export async function readSections(
  stack: ImageStack,
  sections: readonly number[],
  visit: (i: number, values: Float32Array, from: number) => void,
): Promise<void> {
  const pixels = stack.size[0] * stack.size[1];
  const order = sections.map((_, i) => i).sort((a, b) => sections[a]! - sections[b]!);
  const sectionAt = (i: number) => sections[order[i]!]!;
  const longest = Math.max(1, Math.floor(maxRunValues / pixels));
  let space: ArrayBuffer | undefined;
  for (let i = 0; i < order.length; ) {
    const first = sectionAt(i);
    let j = i;
    while (j + 1 < order.length && sectionAt(j + 1) - sectionAt(j) <= 1 && sectionAt(j + 1) - first < longest)
      j++;
    const count = sectionAt(j) - first + 1;
    const bytes = 4 * count * pixels;
    if (!space || space.byteLength < bytes) space = new ArrayBuffer(bytes);
    const values = await stack.readSections(first, count, space);
    for (; i <= j; i++) visit(order[i]!, values, (sectionAt(i) - first) * pixels);
  }
}

/** A name without RELION's mark of a .mrc file as a stack, `:mrcs`. */
export function withoutMark(name: string): string {
  return name.replace(/\.(mrc|map|st):mrcs$/i, ".$1");
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() ?? false;
}
