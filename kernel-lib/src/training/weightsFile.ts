import { readFile } from "node:fs/promises";
import { InputError } from "../errors";
import type { NamedArray } from "../network/denseNetwork";
import { PassingFile } from "../writeBeside";

/**
 * Named float32 arrays in one file, in the safetensors layout (length of a JSON header as 8 bytes little endian, the
 * header, the numbers), so that Python reads them with a published library.
 */
export async function writeArrays(
  file: string,
  arrays: readonly NamedArray[],
  metadata: Record<string, string>,
): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, shape, data } of arrays) {
    header[name] = { dtype: "F32", shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  // Padded with spaces so that the numbers begin at a multiple of eight bytes.
  let json = JSON.stringify(header);
  json += " ".repeat((8 - (Buffer.byteLength(json) % 8)) % 8);
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(Buffer.byteLength(json)));
  const passing = await PassingFile.create(file);
  try {
    await passing.append(head);
    await passing.append(Buffer.from(json));
    // One by one: put together they would take the memory of a large model's weights and moments a second time.
    for (const { data } of arrays) {
      await passing.append(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    }
    await passing.keep();
  } finally {
    await passing.drop();
  }
}

/** @throws InputError where the file is not of that layout or ends early. */
export async function readArrays(
  file: string,
): Promise<{ arrays: NamedArray[]; metadata: Record<string, string> }> {
  const bytes = await readFile(file);
  const length = bytes.length >= 8 ? Number(bytes.readBigUInt64LE(0)) : -1;
  if (length < 2 || 8 + length > bytes.length) {
    throw new InputError(file, "a safetensors file", `${bytes.length} bytes that are none`);
  }
  let header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  try {
    header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  } catch {
    throw new InputError(`${file}: byte 8`, "a JSON header", "something else");
  }
  const { __metadata__: metadata, ...entries } = header;
  const arrays = Object.entries(entries).map(([name, entry]) => {
    const [from, to] = entry.data_offsets;
    if (entry.dtype !== "F32") throw new InputError(`${file}: ${name}`, "float32 numbers", entry.dtype);
    if (8 + length + to > bytes.length) {
      throw new InputError(`${file}: ${name}`, `${8 + length + to} bytes`, `a file of ${bytes.length}`);
    }
    const data = new Float32Array((to - from) / 4);
    bytes.copy(Buffer.from(data.buffer), 0, 8 + length + from, 8 + length + to);
    return { name, shape: entry.shape, data };
  });
  return { arrays, metadata: (metadata ?? {}) as unknown as Record<string, string> };
}
