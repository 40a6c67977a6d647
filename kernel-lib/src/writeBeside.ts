import { type FileHandle, lstat, open, readlink, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { InputError } from "./errors";
import { namingFile } from "./fileTrouble";
import { passingName } from "./passingName";

export { finalName, isPassingName, passingName } from "./passingName";

/**
 * Files appear whole or not at all: they are written under a passing name beside their place and renamed when
 * complete, so that nobody ever sees half of one, and nothing is left of one that failed.
 */

/** Where a file really goes, and whose access rights it takes over. */
export interface Place {
  /** The file itself, at the end of any symbolic links: these stay, and lead to the new content. */
  file: string;
  /** Rights and owner of the file that is replaced; undefined where there is none. */
  before: { mode: number; uid: number; gid: number } | undefined;
}

/** Symbolic links that are followed; Linux itself gives up after 40. */
const MOST_LINKS = 40;

/** @throws InputError where a folder or device is in the place, or links lead in a circle */
export async function placeOf(target: string): Promise<Place> {
  let file = target;
  for (let links = 0; links <= MOST_LINKS; links++) {
    const there = await lstat(file).catch((error) => {
      // What is wrong above it is found when the file is made.
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw namingFile(target, error);
    });
    if (there === undefined) return { file, before: undefined };
    if (there.isSymbolicLink()) {
      file = path.resolve(path.dirname(file), await readlink(file));
      continue;
    }
    if (!there.isFile()) throw new InputError(target, "the name of a file", "a folder or device");
    return { file, before: { mode: there.mode & 0o777, uid: there.uid, gid: there.gid } };
  }
  throw new InputError(target, "the name of a file", "symbolic links that lead in a circle");
}

export interface PassingOptions {
  /** The content has to be on the disk before the file gets its name; where a loss of power must not take old and new. */
  durable?: boolean;
}

/** A file under its passing name, written from front to end, and here and there again, until it is kept or dropped. */
export class PassingFile {
  private position = 0;
  private open = true;

  private constructor(
    private readonly target: string,
    private readonly place: Place,
    private readonly passing: string,
    private readonly handle: FileHandle,
    private readonly options: PassingOptions,
  ) {}

  /** Every error of the file system names the target. */
  static async create(target: string, options: PassingOptions = {}): Promise<PassingFile> {
    const place = await placeOf(target);
    const passing = passingName(place.file);
    try {
      // Whoever may not read the old file may not read the new one either, not even while it is written.
      const handle = await open(passing, "wx", place.before?.mode ?? 0o666);
      const file = new PassingFile(target, place, passing, handle, options);
      if (place.before) await file.takeOver(place.before);
      return file;
    } catch (error) {
      throw namingFile(target, error);
    }
  }

  /** Gives the file rights and owner of the one that it replaces, as far as the user may. */
  private async takeOver({ mode, uid, gid }: NonNullable<Place["before"]>): Promise<void> {
    const own = await this.handle.stat();
    if (own.uid !== uid || own.gid !== gid) await this.handle.chown(uid, gid).catch(() => undefined);
    await this.handle.chmod(mode).catch(() => undefined);
  }

  /** Adds bytes after those that were added before. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.writeAt(bytes, this.position);
    this.position += bytes.length;
  }

  /** Writes bytes at a place of the file, where they replace what is there; {@link append} goes on where it was. */
  async writeAt(bytes: Uint8Array, position: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw namingFile(this.target, error);
    }
  }

  /** Completes the file and gives it its name. What fails is dropped. */
  async keep(): Promise<void> {
    try {
      if (this.options.durable) await this.handle.sync();
      await this.handle.close();
      await rename(this.passing, this.place.file);
      this.open = false;
    } catch (error) {
      await this.drop();
      throw namingFile(this.target, error);
    }
  }

  /** Removes what was written. Does nothing after {@link keep}. */
  async drop(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.handle.close().catch(() => undefined);
    await rm(this.passing, { force: true });
  }
}

/** Takes the parts of a file one after the other. */
export type WritePart = (bytes: Uint8Array) => Promise<void>;

/** Small parts are collected to this many bytes before they go out. */
const COLLECTED = 1 << 22;

/**
 * Writes a file beside its place and renames it when complete. A symbolic link stays one: the file that it leads to is
 * replaced. A file that is replaced keeps its access rights.
 * @param content the whole of it, or what produces it part by part; parts must stay as they are until all is written
 * @throws InputError that names the target, where the file system does not take it
 */
export async function writeBeside(
  target: string,
  content: string | Uint8Array | ((write: WritePart) => Promise<void>),
  options: PassingOptions = {},
): Promise<void> {
  const file = await PassingFile.create(target, options);
  try {
    if (typeof content === "function") await produce(file, content);
    else await file.append(typeof content === "string" ? Buffer.from(content) : content);
    await file.keep();
  } finally {
    await file.drop();
  }
}

async function produce(file: PassingFile, content: (write: WritePart) => Promise<void>): Promise<void> {
  const pending: Uint8Array[] = [];
  let bytes = 0;
  const flush = async () => {
    if (bytes > 0) await file.append(pending.length === 1 ? pending[0]! : Buffer.concat(pending));
    pending.length = 0;
    bytes = 0;
  };
  await content(async (part) => {
    pending.push(part);
    bytes += part.length;
    if (bytes >= COLLECTED) await flush();
  });
  await flush();
}

/** Whether two paths lead to one file, under whatever names. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  if (path.resolve(one) === path.resolve(other)) return true;
  const [a, b] = await Promise.all([one, other].map((file) => stat(file).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}
