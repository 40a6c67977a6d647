import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { InputError } from "../errors";

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

/**
 * Opens a file, unpacking it if its first bytes are those of gzip or bzip2, whatever its name.
 *
 * @param memoryLimit  gzip files that unpack to more bytes go to a temporary file instead of memory
 */
export async function openSource(file: string, memoryLimit = 1 << 30): Promise<ByteSource> {
  const handle = await openForReading(file);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    const gzip = bytesRead >= 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    const bzip2 = bytesRead >= 4 && /^BZh[1-9]$/.test(buffer.toString("latin1"));
    if (!gzip && !bzip2) return new FileSource(handle, (await handle.stat()).size);
  } catch (error) {
    await handle.close();
    throw error;
  }
  const { size: packed } = await handle.stat();
  const gzip = (await handle.read(Buffer.alloc(1), 0, 1, 0)).buffer[0] === 0x1f;
  await handle.close();
  return gzip ? gunzip(file, packed, memoryLimit) : bunzip2(file);
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

async function gunzip(file: string, packed: number, memoryLimit: number): Promise<ByteSource> {
  if (packed >= memoryLimit) return gunzipToFile(file);
  const input = createReadStream(file);
  const output = input.pipe(createGunzip());
  input.on("error", (error) => output.destroy(error));
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of output as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > memoryLimit) break;
    }
  } catch (error) {
    throw new InputError(file, "a complete gzip file", `damage (${(error as Error).message})`);
  } finally {
    input.destroy();
  }
  return size > memoryLimit ? gunzipToFile(file) : new MemorySource(Buffer.concat(chunks));
}

async function gunzipToFile(file: string): Promise<ByteSource> {
  const folder = await mkdtemp(path.join(tmpdir(), "e2gmm-"));
  const unpacked = path.join(folder, "unpacked.mrc");
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await pipeline(createReadStream(file), createGunzip(), createWriteStream(unpacked));
    const handle = await open(unpacked, "r");
    const source = new FileSource(handle, (await handle.stat()).size);
    const close = source.close.bind(source);
    source.close = async () => {
      await close();
      await remove();
    };
    return source;
  } catch (error) {
    await remove();
    if ((error as NodeJS.ErrnoException).code?.startsWith("Z_")) {
      throw new InputError(file, "a complete gzip file", `damage (${(error as Error).message})`);
    }
    throw error;
  }
}

/** The part of seek-bzip that is used: decodes a buffer and hands out byte after byte. */
interface Bunzip {
  decode(input: Buffer, output: { writeByte(byte: number): void }, multistream: boolean): unknown;
}

async function bunzip2(file: string): Promise<ByteSource> {
  const { decode } = require("seek-bzip") as Bunzip;
  const packed = await readFile(file);
  let bytes = new Uint8Array(4 * packed.length + 4096);
  let size = 0;
  try {
    const output = {
      writeByte(byte: number) {
        if (size === bytes.length) {
          const larger = new Uint8Array(2 * bytes.length);
          larger.set(bytes);
          bytes = larger;
        }
        bytes[size++] = byte;
      },
    };
    decode(packed, output, true);
  } catch (error) {
    throw new InputError(file, "a complete bzip2 file", `damage (${(error as Error).message})`);
  }
  return new MemorySource(bytes.subarray(0, size));
}
