import { randomBytes } from "node:crypto";
import { type FileHandle, open, statfs, unlink } from "node:fs/promises";
import { tmpdir, totalmem } from "node:os";
import path from "node:path";
import { InputError, throwIfStopped } from "../errors";
import { type Compression, decompress, detectCompression } from "./compression";

/** Bytes that can be read from any place: a file, or a compressed file that was unpacked. */
export interface ByteSource {
  readonly size: number;
  /**
   * Fills a buffer that begins at the start of its memory: a fresh one, or `space`, which has to be long enough. Reading past the
   * end gives fewer bytes.
   */
  read(position: number, length: number, space?: ArrayBuffer): Promise<Buffer>;
  close(): Promise<void>;
}

export interface OpenSourceOptions {
  /** Content of a compressed file beyond so many bytes goes to a temporary file instead of memory. Default 1 GiB. */
  memoryLimit?: number;
  signal?: AbortSignal | undefined;
  /**
   * For formats that say how long they are: the number of bytes, from the first {@link START_BYTES} (fewer in a shorter file).
   * Called for compressed files before the rest is unpacked; throws where the file is of no such format.
   */
  expectedBytes?: (start: Uint8Array) => number;
}

/** What a format says of itself is expected in so many bytes at the beginning. */
const START_BYTES = 1024;
/** A file may be longer than it promises by an extended header that it does not declare; the longest in use have 128 KiB. */
const MOST_SURPLUS = 1 << 20;
/** gzip cannot do better than 1032 : 1. */
const GZIP_RATIO = 1032;
/** Text and tables that promise nothing are not packed better than this; what unpacks to more is made to do harm. */
const TEXT_RATIO = 250;
const ALWAYS_UNPACKED = 1 << 26;

/**
 * Opens a file, unpacking it if its first bytes are those of gzip or bzip2, whatever its name. A file is never unpacked
 * much beyond what it promises. The temporary file has no name, so that it goes with the process, however that ends.
 *
 * @throws InputError when the file is missing, no file, damaged, or unpacks to more than it may; StoppedError
 */
export async function openSource(file: string, options: OpenSourceOptions = {}): Promise<ByteSource> {
  const handle = await openForReading(file);
  let packed: number;
  let packing: Compression | undefined;
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    packed = (await handle.stat()).size;
    packing = detectCompression(buffer.subarray(0, bytesRead));
    if (packing === undefined) return new FileSource(handle, packed);
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return unpack(file, packing, packed, options);
}

/** The first bytes of a file, unpacked where it is compressed; fewer than `length` where it is shorter. */
export async function readStart(file: string, length: number): Promise<Buffer> {
  const handle = await openForReading(file);
  let start: Buffer;
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, 0);
    start = buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
  const packing = detectCompression(start);
  if (packing === undefined) return start;
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of decompress(file, packing)) {
    parts.push(part);
    size += part.length;
    if (size >= length) break;
  }
  return Buffer.concat(parts).subarray(0, length);
}

/** Opens a file for reading. @throws InputError when it is missing, a folder, or not readable */
export async function openForReading(file: string): Promise<FileHandle> {
  try {
    const handle = await open(file, "r");
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") throw new InputError(file, "a file", "nothing of that name");
    if (code === "EACCES" || code === "EPERM") throw new InputError(file, "a file that you may read");
    throw error;
  }
  throw new InputError(file, "a file", "a folder or device");
}

/** Memory for what a file holds. @throws InputError where the machine, or what it allows the process, has not as much */
export function memoryFor(bytes: number, file: string): ArrayBuffer {
  const allowed = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  try {
    // Memory that is not there is often given, and the process ended when it is used.
    if (bytes <= Math.min(allowed, totalmem())) return new ArrayBuffer(bytes);
  } catch {
    // Said below.
  }
  throw new InputError(file, "values that fit into memory", `${(bytes / 2 ** 30).toFixed(1)} GiB of them`);
}

class FileSource implements ByteSource {
  constructor(
    private readonly handle: FileHandle,
    readonly size: number,
  ) {}

  async read(position: number, length: number, space = new ArrayBuffer(length)): Promise<Buffer> {
    const buffer = Buffer.from(space, 0, length);
    let done = 0;
    // One read call returns at most 2 GiB, and may return less than was asked for on network file systems.
    while (done < length) {
      const part = Math.min(length - done, 1 << 30);
      const { bytesRead } = await this.handle.read(buffer, done, part, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return buffer.subarray(0, done);
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

class MemorySource implements ByteSource {
  readonly size: number;

  constructor(private readonly bytes: Uint8Array) {
    this.size = bytes.length;
  }

  async read(position: number, length: number, space?: ArrayBuffer): Promise<Buffer> {
    const part = this.bytes.subarray(position, position + length);
    const buffer = Buffer.from(space ?? new ArrayBuffer(part.length), 0, part.length);
    buffer.set(part);
    return buffer;
  }

  async close(): Promise<void> {}
}

async function unpack(
  file: string,
  packing: Compression,
  packed: number,
  { memoryLimit = 1 << 30, signal, expectedBytes }: OpenSourceOptions,
): Promise<ByteSource> {
  const store = new UnpackedStore(file, memoryLimit);
  let most = Math.max(ALWAYS_UNPACKED, TEXT_RATIO * packed);
  let promised: number | undefined;
  const lookAtStart = (start: Uint8Array) => {
    promised = expectedBytes!(start);
    const holds = packing === "gzip" ? GZIP_RATIO * packed + START_BYTES : Number.POSITIVE_INFINITY;
    if (promised > holds) {
      throw new InputError(file, `${promised} bytes when unpacked, as its header says`, `at most ${holds}`);
    }
    most = promised + MOST_SURPLUS;
  };
  try {
    throwIfStopped(signal);
    for await (const part of decompress(file, packing, signal)) {
      const look = expectedBytes && promised === undefined;
      if (look && store.size + part.length >= START_BYTES) lookAtStart(store.startWith(part));
      if (store.size + part.length > most) {
        const expected =
          promised === undefined
            ? `at most ${most} bytes when unpacked from ${packed}`
            : `${promised} bytes when unpacked, as its header says`;
        throw new InputError(file, expected, "more");
      }
      await store.add(part, promised);
    }
    if (expectedBytes && promised === undefined) lookAtStart(store.startWith(new Uint8Array()));
    return await store.finish();
  } catch (error) {
    await store.drop();
    throw error;
  }
}

/** What was unpacked so far: in memory, and from a limit on in a temporary file. */
class UnpackedStore {
  size = 0;
  private parts: Uint8Array[] = [];
  private handle: FileHandle | undefined;

  constructor(
    private readonly file: string,
    private readonly memoryLimit: number,
  ) {}

  /** The first bytes, with those that come next; nothing may have gone to the file yet. */
  startWith(next: Uint8Array): Uint8Array {
    return Buffer.concat([...this.parts, next]).subarray(0, START_BYTES);
  }

  /** @param promised  bytes that there will be, where that is known */
  async add(part: Uint8Array, promised: number | undefined): Promise<void> {
    if (!this.handle && Math.max(this.size + part.length, promised ?? 0) > this.memoryLimit) {
      this.handle = await openTemporary(this.file, promised);
      let position = 0;
      for (const earlier of this.parts) {
        await this.write(earlier, position);
        position += earlier.length;
      }
      this.parts = [];
    }
    if (this.handle) await this.write(part, this.size);
    else this.parts.push(part);
    this.size += part.length;
  }

  private async write(bytes: Uint8Array, position: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.handle!.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EFBIG") throw error;
      throw noRoom(this.file, "less");
    }
  }

  async finish(): Promise<ByteSource> {
    if (this.handle) return new FileSource(this.handle, this.size);
    const bytes = new Uint8Array(memoryFor(this.size, this.file));
    let to = 0;
    for (const part of this.parts) {
      bytes.set(part, to);
      to += part.length;
    }
    return new MemorySource(bytes);
  }

  async drop(): Promise<void> {
    this.parts = [];
    await this.handle?.close();
  }
}

/** A file in the temporary folder that loses its name at once: when it is closed, or the process ends, its space is free. */
async function openTemporary(forFile: string, bytes: number | undefined): Promise<FileHandle> {
  const folder = tmpdir();
  const { bavail, bsize } = await statfs(folder);
  if (bytes !== undefined && bavail * bsize < bytes) throw noRoom(forFile, `${bavail * bsize} bytes`, bytes);
  const name = path.join(folder, `e2gmm-unpacked-${randomBytes(8).toString("hex")}`);
  const handle = await open(name, "wx+", 0o600);
  await unlink(name);
  return handle;
}

function noRoom(file: string, found: string, bytes?: number): InputError {
  const room = bytes === undefined ? "room" : `${bytes} bytes of room`;
  return new InputError(tmpdir(), `${room} to unpack ${file} (TMPDIR names another folder)`, found);
}
