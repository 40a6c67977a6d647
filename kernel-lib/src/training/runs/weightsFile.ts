import { createHash, type Hash } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import * as v from "valibot";
import { AtomicFile } from "../../atomicWrite";
import { InputError } from "../../errors";
import { withFileName } from "../../fileErrors";
import type { NamedArray } from "../../network/parameters";
import { checked, numberIn } from "../../schema";

/** Placeholder of the checksum in the header while it is computed. */
const blank = "0".repeat(64);
const checksumPattern = /"checksum":"([0-9a-f]{64})"/;
/** Longest header in bytes; it has a line per array. */
const maxHeader = 1 << 26;

/**
 * Writes named float32 arrays to a safetensors file (length of a JSON header as 8 bytes little endian, the header, the
 * numbers), which published libraries can read. A `checksum` is added to the metadata: SHA-256 of everything after the
 * first 8 bytes, with 64 zeros in place of the checksum itself.
 */
export async function writeArrays(
  file: string,
  arrays: readonly NamedArray[],
  metadata: Record<string, string>,
): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: { ...metadata, checksum: blank } };
  let offset = 0;
  for (const { name, shape, data } of arrays) {
    header[name] = { dtype: "F32", shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  // Padded with spaces to align the numbers to eight bytes.
  let json = JSON.stringify(header);
  json += " ".repeat((8 - (Buffer.byteLength(json) % 8)) % 8);
  const bytesOf = ({ data }: NamedArray) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const hash = createHash("sha256").update(json);
  for (const array of arrays) hash.update(bytesOf(array));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(Buffer.byteLength(json)));
  // Durable: a checkpoint must be on the disk before it replaces the previous one, or a power failure could destroy both.
  const partial = await AtomicFile.create(file, { durable: true });
  try {
    await partial.append(head);
    await partial.append(
      Buffer.from(json.replace(`"checksum":"${blank}"`, `"checksum":"${hash.digest("hex")}"`)),
    );
    // One by one: concatenating them would need their memory a second time.
    for (const array of arrays) await partial.append(bytesOf(array));
    await partial.commit();
  } finally {
    await partial.discard();
  }
}

const whole = numberIn({ integer: true, least: 0, expected: "a whole number" });
const header = v.record(
  v.string(),
  v.looseObject({
    dtype: v.literal("F32", "float32 numbers (F32)"),
    shape: v.array(whole, "a shape"),
    data_offsets: v.tuple([whole, whole], "two offsets"),
  }),
);
const metadata = v.record(v.string(), v.string("text"), "texts by name");

interface Header {
  metadata: Record<string, string>;
  entries: [name: string, { shape: number[]; data_offsets: [number, number] }][];
  /** Byte at which the numbers begin. */
  start: number;
}

/** Parses a header and checks that the arrays fill a file of so many bytes without gaps and overlaps. */
function parseHeader(json: Buffer, file: string, fileBytes: number): Header {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch {
    throw new InputError(`${file}: byte 8`, "a JSON header", "other bytes");
  }
  const { __metadata__, ...rest } = checked(v.record(v.string(), v.unknown(), "an object"), value, file);
  const entries = Object.entries(checked(header, rest, file) as Record<string, Header["entries"][0][1]>);
  const start = 8 + json.length;
  let end = 0;
  for (const [name, { shape, data_offsets }] of [...entries].sort(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  )) {
    const [from, to] = data_offsets;
    const bytes = 4 * shape.reduce((product, n) => product * n, 1);
    if (from !== end) throw new InputError(`${file}: ${name}`, `numbers from byte ${end} on`, `byte ${from}`);
    if (to - from !== bytes) {
      throw new InputError(`${file}: ${name}`, `${bytes} bytes for shape [${shape}]`, `${to - from}`);
    }
    end = to;
  }
  if (start + end !== fileBytes) {
    throw new InputError(file, `${start + end} bytes, as its header says`, `a file of ${fileBytes}`);
  }
  return { metadata: checked(metadata, __metadata__ ?? {}, `${file}: metadata`), entries, start };
}

/** Length of the header from the first 8 bytes of a file of so many bytes. @throws InputError if it is implausible */
function headerLength(first: Buffer, file: string, fileBytes: number): number {
  const length = first.length >= 8 ? Number(first.readBigUInt64LE(0)) : -1;
  if (length < 2 || length > maxHeader || 8 + length > fileBytes) {
    throw new InputError(file, "a safetensors file", `${fileBytes} bytes of another format`);
  }
  return length;
}

/** Reads the metadata alone, without the numbers. @throws InputError for an invalid header */
export async function readMetadata(file: string): Promise<Record<string, string>> {
  const handle = await open(file, "r").catch((error) => {
    throw withFileName(file, error);
  });
  try {
    const { size } = await handle.stat();
    const first = await handle.read(Buffer.alloc(8), 0, 8, 0);
    const length = headerLength(first.buffer.subarray(0, first.bytesRead), file, size);
    const json = await handle.read(Buffer.alloc(length), 0, length, 8);
    return parseHeader(json.buffer.subarray(0, json.bytesRead), file, size).metadata;
  } finally {
    await handle.close();
  }
}

/**
 * Reads what {@link writeArrays} wrote.
 * @throws InputError naming file and array: another format, a truncated or too long file, arrays that overlap or leave a
 *   gap, numbers that are not finite, or changed content
 */
export async function readArrays(
  file: string,
): Promise<{ arrays: NamedArray[]; metadata: Record<string, string> }> {
  const bytes = await readFile(file).catch((error) => {
    throw withFileName(file, error);
  });
  const length = headerLength(bytes, file, bytes.length);
  const json = bytes.subarray(8, 8 + length);
  const { metadata, entries, start } = parseHeader(json, file, bytes.length);
  const arrays = entries.map(
    ([
      name,
      {
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      const data = new Float32Array((to - from) / 4);
      bytes.copy(Buffer.from(data.buffer), 0, start + from, start + to);
      for (let i = 0; i < data.length; i++) {
        if (!Number.isFinite(data[i]))
          throw new InputError(`${file}: ${name}`, "finite numbers", `${data[i]}`);
      }
      return { name, shape, data };
    },
  );
  const { checksum, ...rest } = metadata;
  if (checksum !== undefined && checksum !== checksumOf(json, bytes.subarray(start))) {
    throw new InputError(file, "the numbers that were written (by their checksum)", "others");
  }
  return { arrays, metadata: rest };
}

function checksumOf(json: Buffer, data: Buffer): string {
  const hash: Hash = createHash("sha256").update(
    json.toString("utf8").replace(checksumPattern, `"checksum":"${blank}"`),
  );
  return hash.update(data).digest("hex");
}
