import { type FileHandle, lstat, open, readlink, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { InputError } from "./errors";
import { withFileName } from "./fileErrors";
import { partialName } from "./partialName";

export { finalName, isPartialName, partialName } from "./partialName";

/**
 * Atomic file writes: a file is written under a temporary name in its folder and renamed when complete. Readers never
 * see a partial file, and a failed write leaves nothing behind.
 */

/** Where a write ends up, and the permissions that it preserves. */
export interface WriteTarget {
  /** The target after following symbolic links. The links themselves are kept. */
  file: string;
  /** Mode and owner of the existing file; undefined for a new file. */
  before: { mode: number; uid: number; gid: number } | undefined;
}

/** Symbolic links followed before giving up, the limit of Linux. */
const maxLinks = 40;

/**
 * Resolves the symbolic links of a target.
 * @throws InputError if the target is a folder or a device, or the links form a cycle
 */
export async function resolveTarget(target: string): Promise<WriteTarget> {
  let file = target;
  for (let links = 0; links <= maxLinks; links++) {
    const there = await lstat(file).catch((error) => {
      // A missing parent folder is reported when the file is created.
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw withFileName(target, error);
    });
    if (there === undefined) return { file, before: undefined };
    if (there.isSymbolicLink()) {
      file = path.resolve(path.dirname(file), await readlink(file));
      continue;
    }
    if (!there.isFile()) throw new InputError(target, "the name of a file", "a folder or device");
    return { file, before: { mode: there.mode & 0o777, uid: there.uid, gid: there.gid } };
  }
  throw new InputError(target, "the name of a file", "symbolic links that form a cycle");
}

/** Options of {@link writeAtomic}. */
export interface AtomicWriteOptions {
  /** Sync to disk before renaming, so that a power failure cannot lose both the old and the new file. Default false. */
  durable?: boolean;
}

/** A file written under a temporary name until {@link commit} or {@link discard}. */
export class AtomicFile {
  private readonly target: string;
  private readonly place: WriteTarget;
  private readonly temporary: string;
  private readonly handle: FileHandle;
  private readonly options: AtomicWriteOptions;
  private position = 0;
  private open = true;

  private constructor(parts: {
    target: string;
    place: WriteTarget;
    temporary: string;
    handle: FileHandle;
    options: AtomicWriteOptions;
  }) {
    ({
      target: this.target,
      place: this.place,
      temporary: this.temporary,
      handle: this.handle,
      options: this.options,
    } = parts);
  }

  /**
   * Creates the temporary file beside the target.
   * @throws InputError, naming the target, for any file system error
   */
  static async create(target: string, options: AtomicWriteOptions = {}): Promise<AtomicFile> {
    const place = await resolveTarget(target);
    const temporary = partialName(place.file);
    try {
      // The temporary file must not be readable to users who cannot read the existing one.
      const handle = await open(temporary, "wx", place.before?.mode ?? 0o666);
      const file = new AtomicFile({ target, place, temporary, handle, options });
      if (place.before) await file.copyPermissions(place.before);
      return file;
    } catch (error) {
      throw withFileName(target, error);
    }
  }

  /** Copies mode and owner of the existing file as far as permitted. */
  private async copyPermissions({ mode, uid, gid }: NonNullable<WriteTarget["before"]>): Promise<void> {
    const own = await this.handle.stat();
    if (own.uid !== uid || own.gid !== gid) await this.handle.chown(uid, gid).catch(() => undefined);
    await this.handle.chmod(mode).catch(() => undefined);
  }

  /** Appends bytes. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.writeAt(bytes, this.position);
    this.position += bytes.length;
  }

  /** Overwrites bytes at `position`; the position of {@link append} does not change. */
  async writeAt(bytes: Uint8Array, position: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw withFileName(this.target, error);
    }
  }

  /** Closes the file and renames it to the target; discards it on failure. */
  async commit(): Promise<void> {
    try {
      if (this.options.durable) await this.handle.sync();
      await this.handle.close();
      await rename(this.temporary, this.place.file);
      this.open = false;
    } catch (error) {
      await this.discard();
      throw withFileName(this.target, error);
    }
  }

  /** Deletes the temporary file. Does nothing after {@link commit}. */
  async discard(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.handle.close().catch(() => undefined);
    await rm(this.temporary, { force: true });
  }
}

/** Writes the next part of a file. */
export type WritePart = (bytes: Uint8Array) => Promise<void>;

/** Small parts are buffered up to this many bytes. */
const bufferBytes = 1 << 22;

/**
 * Writes a file atomically. A symbolic link is kept and its target replaced; an existing file keeps its permissions.
 * @param content the whole content, or a function that writes it in parts; parts must not change until it returns
 * @throws InputError, naming the target, for any file system error
 */
export async function writeAtomic(
  target: string,
  content: string | Uint8Array | ((write: WritePart) => Promise<void>),
  options: AtomicWriteOptions = {},
): Promise<void> {
  const file = await AtomicFile.create(target, options);
  try {
    if (typeof content === "function") await produce(file, content);
    else await file.append(typeof content === "string" ? Buffer.from(content) : content);
    await file.commit();
  } finally {
    await file.discard();
  }
}

async function produce(file: AtomicFile, content: (write: WritePart) => Promise<void>): Promise<void> {
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
    if (bytes >= bufferBytes) await flush();
  });
  await flush();
}

/** Whether two paths name the same file, following symbolic and hard links. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  if (path.resolve(one) === path.resolve(other)) return true;
  const [a, b] = await Promise.all([one, other].map((file) => stat(file).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}
