import { constants, existsSync } from "node:fs";
import { access, chmod, chown, link, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { isSameFile, partialName, resolveTarget, type WriteTarget } from "../atomicWrite";
import { InputError, throwIfStopped } from "../errors";
import { withFileName } from "../fileErrors";
import { jobsFolderName } from "../jobsFolderName";
import { writeResultGroup } from "../particles/metadata/cryosparcGroup";
import { setOfSelection } from "../particles/tilts/optimisationSet";

/** Where an output goes. */
interface Output extends WriteTarget {
  /** Temporary file, until the command succeeds. */
  partial: string;
}

/**
 * The outputs of a command: checked before the work starts, written under temporary names, and renamed all at once when
 * everything is complete. A command that fails leaves nothing behind.
 */
export class Outputs {
  /** Outputs that have not been renamed yet, by target. */
  private readonly waiting = new Map<string, Output>();
  private readonly placed = new Set<string>();

  private constructor(places: readonly [target: string, place: WriteTarget][]) {
    for (const [target, place] of places) {
      this.waiting.set(target, { ...place, partial: partialName(place.file) });
    }
  }

  /**
   * Announces output files.
   * @param targets files to write; existing ones are replaced at the end
   * @param inputs  files that the command reads, which must not be replaced
   * @throws InputError if a target cannot be written, or is an input
   */
  static async files(targets: readonly string[], inputs: readonly (string | undefined)[]): Promise<Outputs> {
    const places: [string, WriteTarget][] = [];
    for (const [i, target] of targets.entries()) {
      for (const other of targets.slice(0, i)) {
        if (await isSameFile(other, target)) throw new InputError(target, "two outputs of different names");
      }
      const place = await resolveTarget(target);
      places.push([target, place]);
      await requireWritable(path.dirname(path.resolve(place.file)), target);
    }
    const outputs = new Outputs(places);
    await outputs.spare(inputs);
    return outputs;
  }

  /** Checks further input files. @throws InputError if one of them would be replaced */
  async spare(inputs: readonly (string | undefined)[]): Promise<void> {
    for (const target of this.waiting.keys()) {
      for (const input of inputs) {
        if (input !== undefined && (await isSameFile(input, target))) {
          throw new InputError(target, "an output other than the input files", "one of them");
        }
      }
    }
  }

  /**
   * Announces an output folder.
   * @throws InputError unless it is new or empty, and can be created
   */
  static async folder(target: string): Promise<Outputs> {
    await requireNewFolder(target);
    await mkdir(path.dirname(path.resolve(target)), { recursive: true });
    return new Outputs([[target, { file: target, before: undefined }]]);
  }

  /** Temporary path for a target. The caller must write it, or fail. */
  place(target: string): string {
    const output = this.waiting.get(target);
    if (output === undefined) throw new Error(`${target} was not announced as an output`);
    this.placed.add(target);
    return output.partial;
  }

  /**
   * Renames all outputs that were placed since the last call to their targets. If one fails, all others are undone and existing files
   * are restored.
   * @throws StoppedError if aborted; InputError naming the output that failed
   */
  async keep(signal?: AbortSignal): Promise<void> {
    throwIfStopped(signal);
    for (const target of [...this.placed]) await this.placeSet(target);
    const undo: (() => Promise<unknown>)[] = [];
    const clear: (() => Promise<unknown>)[] = [];
    for (const target of this.placed) {
      const { partial, file, before } = this.waiting.get(target)!;
      try {
        const old = partialName(file);
        if (before) {
          await chown(partial, before.uid, before.gid).catch(() => undefined);
          await chmod(partial, before.mode).catch(() => undefined);
        }
        if (before && (await setAside(file, old))) {
          clear.push(() => rm(old, { force: true }));
          // If both are hard links to one file, rename does nothing and leaves both.
          undo.push(() => rename(old, file).then(() => rm(old, { force: true })));
          await rename(partial, file);
        } else {
          await rename(partial, file);
          undo.push(() => rm(file, { recursive: true, force: true }));
        }
      } catch (error) {
        for (const step of undo.reverse()) await step().catch(() => undefined);
        throw withFileName(target, error);
      }
    }
    for (const target of this.placed) this.waiting.delete(target);
    // A .cs file is written under its final name for the first time here.
    for (const target of this.placed) {
      if (target.toLowerCase().endsWith(".cs")) await writeResultGroup(target);
    }
    this.placed.clear();
    await Promise.all(clear.map((step) => step().catch(() => undefined)));
  }

  /** Announces the optimisation set that was written beside particles of tilt series. */
  private async placeSet(target: string): Promise<void> {
    const partial = setOfSelection(this.waiting.get(target)!.partial);
    if (!/\.star$/i.test(target) || !existsSync(partial)) return;
    const own = setOfSelection(target);
    // Beside particles that are replaced, their set is, too; another one is not touched.
    if (existsSync(own) && !existsSync(target))
      throw new InputError(own, `no file, since it is to belong to ${path.basename(target)}`, "a file");
    this.waiting.set(own, { ...(await resolveTarget(own)), partial });
    this.placed.add(own);
  }

  /** Removes outputs that were not renamed. */
  async drop(): Promise<void> {
    for (const { partial } of this.waiting.values()) {
      await rm(partial, { recursive: true, force: true });
      await rm(setOfSelection(partial), { force: true });
    }
    this.waiting.clear();
  }
}

/**
 * Keeps an existing file under a second name by a hard link, or by renaming it if the file system has no links.
 * @returns whether the file exists
 */
async function setAside(file: string, old: string): Promise<boolean> {
  try {
    await link(file, old).catch((error) =>
      error.code === "ENOENT" ? Promise.reject(error) : rename(file, old),
    );
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** @throws InputError unless the folder is empty, or can be created */
export async function requireNewFolder(folder: string): Promise<void> {
  const there = await stat(folder).catch(() => undefined);
  if (there?.isDirectory()) {
    const names = (await readdir(folder)).filter((name) => name !== jobsFolderName);
    if (names.length > 0)
      throw new InputError(
        folder,
        "a new or empty folder",
        names.length === 1 ? `${names[0]} in it` : `${names.length} files in it`,
      );
  } else if (there) {
    throw new InputError(folder, "a new or empty folder", "a file of this name");
  }
  // The folder and its missing parents are created later: the nearest existing parent must be writable.
  let parent = path.dirname(path.resolve(folder));
  while (!(await stat(parent).catch(() => undefined)) && path.dirname(parent) !== parent) {
    parent = path.dirname(parent);
  }
  await requireWritable(parent, folder);
}

async function requireWritable(folder: string, target: string): Promise<void> {
  const there = await stat(folder).catch(() => undefined);
  if (!there) throw new InputError(target, "a path in an existing folder", `no folder ${folder}`);
  if (!there.isDirectory()) throw new InputError(target, "a path in a folder", `${folder}, which is a file`);
  try {
    await access(folder, constants.W_OK);
  } catch {
    throw new InputError(target, "a path in a writable folder", folder);
  }
}
