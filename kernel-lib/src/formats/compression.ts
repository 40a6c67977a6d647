import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { InputError, throwIfStopped } from "../errors";

/** Supported compression formats. */
export type Compression = "gzip" | "bzip2";

/** The compression of a file, from its first four bytes; undefined for none. */
export function detectCompression(start: Uint8Array): Compression | undefined {
  if (start[0] === 0x1f && start[1] === 0x8b) return "gzip";
  return /^BZh[1-9]$/.test(Buffer.from(start.subarray(0, 4)).toString("latin1")) ? "bzip2" : undefined;
}

/**
 * Decompresses a file in parts, so that the caller can stop early.
 * @throws InputError if the file is damaged; StoppedError
 */
export async function* decompress(
  file: string,
  compression: Compression,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const parts = compression === "gzip" ? gunzip(file) : bunzip2(file);
  try {
    for await (const part of parts) {
      throwIfStopped(signal);
      yield part;
    }
  } catch (error) {
    const { code, errorCode } = error as NodeJS.ErrnoException & { errorCode?: number };
    if (!code?.startsWith("Z_") && errorCode === undefined) throw error;
    throw new InputError(file, `a complete ${compression} file`, `damage (${(error as Error).message})`);
  }
}

async function* gunzip(file: string): AsyncGenerator<Uint8Array> {
  const input = createReadStream(file);
  const output = input.pipe(createGunzip());
  input.on("error", (error) => output.destroy(error));
  try {
    yield* output as AsyncIterable<Buffer>;
  } finally {
    input.destroy();
    output.destroy();
  }
}

/** The internals of seek-bzip 2.0.0 that its `decode` uses, to decode one block at a time. */
interface Bunzip {
  reader: { read(bits: number): number };
  streamCRC: number;
  /** Reads the next block; false at the end of the stream. */
  _init_block(): boolean;
  /** Writes the block's bytes to the output. */
  _read_bunzip(): unknown;
  /** Starts another stream in the same file. */
  _start_bunzip(input: object, output: object): void;
}

/** Node's limit for reading a file at once. */
const maxBzip2Bytes = 2 ** 31 - 1;

/** One part per block: at most 900 kB before run-length decoding and 46 MB after. */
async function* bunzip2(file: string): AsyncGenerator<Uint8Array> {
  const compressed = await readBzip2(file);
  const input = {
    position: 0,
    readByte: () => compressed[input.position++] ?? -1,
    read(buffer: Uint8Array, from: number, length: number) {
      const part = compressed.subarray(input.position, input.position + length);
      buffer.set(part, from);
      input.position += part.length;
      return part.length;
    },
  };
  const output = new GrowingBytes();
  const Decoder = require("seek-bzip") as new (input: object, output: object) => Bunzip;
  const decoder = reportDamage(() => new Decoder(input, output));
  for (;;) {
    if (input.position > compressed.length) throw bzip2Damage("the file ends early");
    const more = reportDamage(() => decoder._init_block() && decoder._read_bunzip() !== undefined);
    if (more) {
      // Decoding is synchronous: let signals and timers run.
      await setImmediate();
      yield output.take();
      continue;
    }
    if (decoder.reader.read(32) >>> 0 !== decoder.streamCRC) throw bzip2Damage("wrong checksum");
    // There may be several streams (pbzip2); other trailing bytes are ignored, as by bzip2.
    if (detectCompression(compressed.subarray(input.position, input.position + 4)) !== "bzip2") return;
    reportDamage(() => decoder._start_bunzip(input, output));
  }
}

/** Converts any error of the decoder into a damage error. */
function reportDamage<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw bzip2Damage((error as Error).message);
  }
}

function bzip2Damage(message: string): Error {
  return Object.assign(new Error(message), { errorCode: -5 });
}

async function readBzip2(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_FS_FILE_TOO_LARGE") throw error;
    throw new InputError(
      file,
      `a bzip2 file of at most ${maxBzip2Bytes} bytes (decompress it first)`,
      "more",
    );
  }
}

/** A growing buffer. */
class GrowingBytes {
  private bytes = new Uint8Array(1 << 20);
  private length = 0;

  writeByte(byte: number): void {
    if (this.length === this.bytes.length) {
      const larger = new Uint8Array(2 * this.bytes.length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes[this.length++] = byte;
  }

  /** A copy of the bytes written since the last call. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }
}
