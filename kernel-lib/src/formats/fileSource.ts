import { randomBytes } from "node:crypto";
import { type FileHandle, open, statfs, unlink } from "node:fs/promises";
import { tmpdir, totalmem } from "node:os";
import path from "node:path";
import { InputError, throwIfStopped } from "../errors";
import { type Compression, decompress, detectCompression } from "./compression";

/** Random access to the bytes of a file, or of a compressed file after decompression. */
export interface ByteSource {
  readonly size: number;
  /**
   * Reads bytes; fewer than `length` at the end of the file.
   * @param space receives the bytes from its start; at least `length` bytes long. Default: a new buffer
   */
  read(position: number, length: number, space?: ArrayBuffer): Promise<Buffer>;
  close(): Promise<void>;
}

/** Options of {@link openSource}. */
export interface OpenSourceOptions {
  /** Compressed files that decompress to more bytes use a temporary file instead of memory. Default 1 GiB. */
  memoryLimit?: number;
  signal?: AbortSignal | undefined;
  /**
   * For formats that declare their length: the number of bytes, from the first {@link startBytes} of a compressed file (fewer
   * in a shorter file). Throws if the file is of another format. Default: unknown.
   */
  expectedBytes?: (start: Uint8Array) => number;
}

/** Bytes within which a format declares its length. */
const startBytes = 1024;
/** Allowance for an undeclared extended header; the longest in use have 128 KiB. */
const maxSurplus = 1 << 20;
/** The best compression ratio of gzip. */
const maxGzipRatio = 1032;
/** Text and tables are not compressed better than this; a higher ratio means a decompression bomb. */
const maxRatio = 250;
/** Bytes to which any file may decompress. */
const minAllowance = 1 << 26;

/**
 * Opens a file. Files that start with the signature of gzip or bzip2 are decompressed, but not much beyond their declared
 * length. The temporary file for large ones is unlinked, so that it disappears with the process.
 *
 * @throws InputError if the file is missing, not a regular file, damaged, or decompresses to more than allowed; StoppedError
 */
export async function openSource(file: string, options: OpenSourceOptions = {}): Promise<ByteSource> {
  const handle = await openForReading(file);
  let compressedBytes: number;
  let compression: Compression | undefined;
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    compressedBytes = (await handle.stat()).size;
    compression = detectCompression(buffer.subarray(0, bytesRead));
    if (compression === undefined) return new FileSource(handle, compressedBytes);
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return decompressSource({ file, compression, compressedBytes }, options);
}

/** All bytes of a file, decompressed if necessary. @throws InputError as {@link openSource} */
export async function readWhole(file: string): Promise<Buffer> {
  const source = await openSource(file);
  try {
    return await source.read(0, source.size);
  } finally {
    await source.close();
  }
}

/** The first bytes of a file, decompressed if necessary; fewer than `length` if it is shorter. */
export async function readStart(file: string, length: number): Promise<Buffer> {
  const handle = await openForReading(file);
  let start: Buffer;
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, 0);
    start = buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
  const compression = detectCompression(start);
  if (compression === undefined) return start;
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of decompress(file, compression)) {
    parts.push(part);
    size += part.length;
    if (size >= length) break;
  }
  return Buffer.concat(parts).subarray(0, length);
}

/** Opens a file for reading. @throws InputError if it is missing, not a regular file, or not readable */
export async function openForReading(file: string): Promise<FileHandle> {
  try {
    const handle = await open(file, "r");
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") throw new InputError(file, "a file", "no such file");
    if (code === "EACCES" || code === "EPERM") throw new InputError(file, "a readable file");
    throw error;
  }
  throw new InputError(file, "a file", "a folder or device");
}

/** Allocates memory for the content of a file. @throws InputError if neither the machine nor the process has that much */
export function memoryFor(bytes: number, file: string): ArrayBuffer {
  const allowed = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  try {
    // Linux overcommits: allocation would succeed, and the process would be killed on use.
    if (bytes <= Math.min(allowed, totalmem())) return new ArrayBuffer(bytes);
  } catch {
    // Reported below.
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
    // A read returns at most 2 GiB, and may return less on network file systems.
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

interface CompressedFile {
  file: string;
  compression: Compression;
  compressedBytes: number;
}

async function decompressSource(
  source: CompressedFile,
  { memoryLimit = 1 << 30, signal, expectedBytes }: OpenSourceOptions,
): Promise<ByteSource> {
  const { file, compression, compressedBytes } = source;
  const content = new DecompressedBytes(file, memoryLimit);
  let limit = Math.max(minAllowance, maxRatio * compressedBytes);
  let expected: number | undefined;
  const checkStart = (start: Uint8Array) => {
    expected = expectedBytes!(start);
    requirePossible(source, expected);
    limit = expected + maxSurplus;
  };
  try {
    throwIfStopped(signal);
    for await (const part of decompress(file, compression, signal)) {
      const waiting = expectedBytes && expected === undefined;
      if (waiting && content.size + part.length >= startBytes) checkStart(content.startWith(part));
      if (content.size + part.length > limit) {
        const allowed =
          expected === undefined
            ? `at most ${limit} bytes when decompressed from ${compressedBytes}`
            : `${expected} bytes when decompressed, as its header says`;
        throw new InputError(file, allowed, "more");
      }
      await content.add(part, expected);
    }
    if (expectedBytes && expected === undefined) checkStart(content.startWith(new Uint8Array()));
    return await content.finish();
  } catch (error) {
    await content.discard();
    throw error;
  }
}

/** @throws InputError if a compressed file cannot hold as many bytes as its header declares */
function requirePossible({ file, compression, compressedBytes }: CompressedFile, expected: number): void {
  if (compression !== "gzip") return;
  const most = maxGzipRatio * compressedBytes + startBytes;
  if (expected <= most) return;
  throw new InputError(file, `${expected} bytes when decompressed, as its header says`, `at most ${most}`);
}

/** Decompressed bytes, in memory up to a limit and in a temporary file beyond it. */
class DecompressedBytes {
  size = 0;
  private parts: Uint8Array[] = [];
  private handle: FileHandle | undefined;

  constructor(
    private readonly file: string,
    private readonly memoryLimit: number,
  ) {}

  /** The first bytes including the next part; only while everything is in memory. */
  startWith(next: Uint8Array): Uint8Array {
    return Buffer.concat([...this.parts, next]).subarray(0, startBytes);
  }

  /** @param expected total number of bytes, if known */
  async add(part: Uint8Array, expected: number | undefined): Promise<void> {
    if (!this.handle && Math.max(this.size + part.length, expected ?? 0) > this.memoryLimit) {
      this.handle = await openTemporary(this.file, expected);
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
      throw notEnoughSpace(this.file, "less");
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

  async discard(): Promise<void> {
    this.parts = [];
    await this.handle?.close();
  }
}

/** An unlinked file in the temporary folder, whose space is freed when it is closed or the process ends. */
async function openTemporary(forFile: string, bytes: number | undefined): Promise<FileHandle> {
  const folder = tmpdir();
  const { bavail, bsize } = await statfs(folder);
  if (bytes !== undefined && bavail * bsize < bytes)
    throw notEnoughSpace(forFile, `${bavail * bsize} bytes`, bytes);
  const name = path.join(folder, `e2gmm-unpacked-${randomBytes(8).toString("hex")}`);
  const handle = await open(name, "wx+", 0o600);
  await unlink(name);
  return handle;
}

function notEnoughSpace(file: string, found: string, bytes?: number): InputError {
  const space = bytes === undefined ? "space" : `${bytes} bytes of space`;
  return new InputError(tmpdir(), `${space} to decompress ${file} (TMPDIR names another folder)`, found);
}
