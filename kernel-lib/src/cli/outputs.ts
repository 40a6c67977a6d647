import { constants } from "node:fs";
import { access, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { InputError, throwIfStopped } from "../errors";
import { isSameFile, passingName } from "../writeBeside";

/**
 * What a command writes: checked before the work begins, written under passing names, and given its names all at once
 * when everything is there. A command that fails leaves nothing.
 */
export class Outputs {
  /** Passing name of each output. */
  private readonly passing = new Map<string, string>();
  private readonly placed = new Set<string>();

  private constructor(targets: readonly string[]) {
    for (const target of targets) this.passing.set(target, passingName(target));
  }

  /**
   * @param targets files to be written; older ones of the same name are replaced at the end
   * @param inputs  files that the command reads, which it must not replace
   * @throws InputError when one cannot be written where it is to go, or is an input
   */
  static async files(targets: readonly string[], inputs: readonly (string | undefined)[]): Promise<Outputs> {
    for (const [i, target] of targets.entries()) {
      for (const other of targets.slice(0, i)) {
        if (await isSameFile(other, target)) throw new InputError(target, "two outputs of different names");
      }
      const there = await stat(target).catch(() => undefined);
      if (there && !there.isFile()) throw new InputError(target, "the name of a file", "a folder or device");
      await requireWritable(path.dirname(path.resolve(target)), target);
    }
    const outputs = new Outputs(targets);
    await outputs.spare(inputs);
    return outputs;
  }

  /** Checks against further files that the command reads. @throws InputError when one of them would be replaced */
  async spare(inputs: readonly (string | undefined)[]): Promise<void> {
    for (const target of this.passing.keys()) {
      for (const input of inputs) {
        if (input !== undefined && (await isSameFile(input, target))) {
          throw new InputError(target, "an output that is none of the files that are read", "one of them");
        }
      }
    }
  }

  /**
   * One folder with everything in it.
   * @throws InputError unless it is new or empty and can be made
   */
  static async folder(target: string): Promise<Outputs> {
    await requireNewFolder(target);
    await mkdir(path.dirname(path.resolve(target)), { recursive: true });
    return new Outputs([target]);
  }

  /** Where to write what will be `target`. Whoever asks has to write there, or fail. */
  place(target: string): string {
    const passing = this.passing.get(target);
    if (passing === undefined) throw new Error(`${target} was not announced as an output`);
    this.placed.add(target);
    return passing;
  }

  /** Gives everything that was written its name. @throws StoppedError when the signal is set by then */
  async keep(signal?: AbortSignal): Promise<void> {
    throwIfStopped(signal);
    for (const target of this.placed) {
      await rename(this.passing.get(target)!, target);
      this.passing.delete(target);
    }
  }

  /** Removes what has no name yet. */
  async drop(): Promise<void> {
    for (const passing of this.passing.values()) await rm(passing, { recursive: true, force: true });
    this.passing.clear();
  }
}

/** @throws InputError unless the folder is empty or can be made */
export async function requireNewFolder(folder: string): Promise<void> {
  const there = await stat(folder).catch(() => undefined);
  if (there?.isDirectory()) {
    const names = await readdir(folder);
    if (names.length > 0)
      throw new InputError(folder, "a new or empty folder", `${names.length} files in it`);
  } else if (there) {
    throw new InputError(folder, "a new or empty folder", "a file of this name");
  }
  // Made later, with those above it that are missing: the nearest one that exists decides.
  let parent = path.dirname(path.resolve(folder));
  while (!(await stat(parent).catch(() => undefined)) && path.dirname(parent) !== parent) {
    parent = path.dirname(parent);
  }
  await requireWritable(parent, folder);
}

async function requireWritable(folder: string, target: string): Promise<void> {
  const there = await stat(folder).catch(() => undefined);
  if (!there) throw new InputError(target, "a place in a folder that exists", `no folder ${folder}`);
  if (!there.isDirectory()) throw new InputError(target, "a place in a folder", `${folder}, which is a file`);
  try {
    await access(folder, constants.W_OK);
  } catch {
    throw new InputError(target, "a place in a folder that you may write to", folder);
  }
}
