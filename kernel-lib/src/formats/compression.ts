import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { InputError, throwIfStopped } from "../errors";

/** Kinds of compressed file that are read. */
export type Compression = "gzip" | "bzip2";

/** The kind of compression, detected from the first four bytes of a file. */
export function detectCompression(start: Uint8Array): Compression | undefined {
  if (start[0] === 0x1f && start[1] === 0x8b) return "gzip";
  return /^BZh[1-9]$/.test(Buffer.from(start.subarray(0, 4)).toString("latin1")) ? "bzip2" : undefined;
}

/**
 * The content of a compressed file, part by part, so that whoever takes the parts can stop.
 * @throws InputError where the file is damaged; StoppedError once the signal is set
 */
export async function* decompress(
  file: string,
  packing: Compression,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const parts = packing === "gzip" ? gunzipped(file) : bunzipped(file);
  try {
    for await (const part of parts) {
      throwIfStopped(signal);
      yield part;
    }
  } catch (error) {
    const { code, errorCode } = error as NodeJS.ErrnoException & { errorCode?: number };
    if (!code?.startsWith("Z_") && errorCode === undefined) throw error;
    throw new InputError(file, `a complete ${packing} file`, `damage (${(error as Error).message})`);
  }
}

async function* gunzipped(file: string): AsyncGenerator<Uint8Array> {
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

/** The part of seek-bzip 2.0.0 that is used: what its `decode` does, one block at a time. */
interface Bunzip {
  reader: { read(bits: number): number };
  streamCRC: number;
  /** Reads the next block; false at the end of the stream. */
  _init_block(): boolean;
  /** Hands out the block's bytes. */
  _read_bunzip(): unknown;
  /** Begins another stream in the same file. */
  _start_bunzip(input: object, output: object): void;
}

/** Largest file that is read whole: Node's own limit. */
const MOST_BZIP2_BYTES = 2 ** 31 - 1;

/** One part for each block, at most 900 kB before runs of equal bytes are expanded and 46 MB after. */
async function* bunzipped(file: string): AsyncGenerator<Uint8Array> {
  const packed = await readBzip2(file);
  const input = {
    position: 0,
    readByte: () => packed[input.position++] ?? -1,
    read(buffer: Uint8Array, from: number, length: number) {
      const part = packed.subarray(input.position, input.position + length);
      buffer.set(part, from);
      input.position += part.length;
      return part.length;
    },
  };
  const output = new GrowingBytes();
  const Decoder = require("seek-bzip") as new (input: object, output: object) => Bunzip;
  const decoder = decoded(() => new Decoder(input, output));
  for (;;) {
    if (input.position > packed.length) throw bzip2Damage("the file ends early");
    const more = decoded(() => decoder._init_block() && decoder._read_bunzip() !== undefined);
    if (more) {
      // Decoding does not wait for anything: let signals and timers have their turn.
      await setImmediate();
      yield output.take();
      continue;
    }
    if (decoder.reader.read(32) >>> 0 !== decoder.streamCRC) throw bzip2Damage("wrong checksum");
    // Several streams may follow one another (pbzip2); bytes of another kind at the end are ignored, as bzip2 does.
    if (detectCompression(packed.subarray(input.position, input.position + 4)) !== "bzip2") return;
    decoded(() => decoder._start_bunzip(input, output));
  }
}

/** Where the decoder stumbles over what it did not expect, the file is damaged. */
function decoded<T>(step: () => T): T {
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
    throw new InputError(file, `a bzip2 file of at most ${MOST_BZIP2_BYTES} bytes (unpack it first)`, "more");
  }
}

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

  /** A copy of what was written since the last time. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }
}
