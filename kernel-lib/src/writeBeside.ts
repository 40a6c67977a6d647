import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";

/**
 * Files appear whole or not at all: they are written under a passing name beside their place and renamed when
 * complete, so that nobody ever sees half of one, and nothing is left of one that failed.
 */

/** A name beside a file's place for as long as the file is unfinished; no two calls give the same. */
export function passingName(file: string): string {
  return `${file}.${randomBytes(4).toString("hex")}.part`;
}

/** The name that a file, or one in a folder, has when complete: what to call it in messages. */
export function finalName(file: string): string {
  return file.replace(/\.[0-9a-f]{8}\.part(?=$|[\\/])/g, "");
}

/** A file under its passing name, written from front to end, and here and there again, until it is kept or dropped. */
export class PassingFile {
  private position = 0;
  private open = true;

  private constructor(
    private readonly target: string,
    private readonly passing: string,
    private readonly handle: FileHandle,
  ) {}

  static async create(target: string): Promise<PassingFile> {
    const passing = passingName(target);
    return new PassingFile(target, passing, await open(passing, "wx"));
  }

  /** Adds bytes after those that were added before. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.writeAt(bytes, this.position);
    this.position += bytes.length;
  }

  /** Writes bytes at a place of the file, where they replace what is there; {@link append} goes on where it was. */
  async writeAt(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }

  /** Completes the file and gives it its name. What fails is dropped. */
  async keep(): Promise<void> {
    try {
      await this.handle.close();
      await rename(this.passing, this.target);
      this.open = false;
    } catch (error) {
      await this.drop();
      throw error;
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
 * Writes a file beside its place and renames it when complete.
 * @param content the whole of it, or what produces it part by part; parts must stay as they are until all is written
 */
export async function writeBeside(
  target: string,
  content: string | Uint8Array | ((write: WritePart) => Promise<void>),
): Promise<void> {
  const file = await PassingFile.create(target);
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
