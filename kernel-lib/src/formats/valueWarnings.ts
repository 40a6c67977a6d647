import { InputError } from "../errors";
import type { MrcLayout, ReadBytes } from "./dataLayout";
import type { MrcHeader } from "./mrcHeader";

// Also used in browsers by the file viewers: no Node modules.

/** Checks of values against the header: byte order, and sign of 16-bit integers. */

/** Bytes sampled from the middle section. */
const sampleBytes = 1 << 16;

/**
 * Checks whether a sample of the values is plausible as the type that the header declares.
 * @returns warnings
 * @throws InputError if floating-point values make sense only in the other byte order
 */
export async function checkValueType(
  file: string,
  header: MrcHeader,
  layout: MrcLayout,
  read: ReadBytes,
): Promise<string[]> {
  const { mode, ns, littleEndian } = header;
  if (mode !== 1 && mode !== 2 && mode !== 6) return [];
  const from = layout.dataStart + (ns >> 1) * layout.sectionBytes;
  const length = Math.min(sampleBytes, layout.sectionBytes);
  const bytes = await read(from, from + length - (length % layout.bytesPerValue));
  if (mode === 2) {
    if (haveOtherOrder(bytes, littleEndian)) {
      const [declared, other] = littleEndian ? ["little", "big"] : ["big", "little"];
      const expected = `${declared}-endian values, the byte order of the header`;
      throw new InputError(file, expected, `values that only make sense as ${other}-endian`);
    }
    return [];
  }
  const high = bytes.filter((_, i) => i % 2 === (littleEndian ? 1 : 0));
  if (mode === 1 && lookUnsigned(high)) {
    return [
      `${file}: 16-bit integers that only make sense as unsigned (mode 6) are read as signed, following mode 1 in the header`,
    ];
  }
  if (mode === 6 && lookSigned(high)) {
    return [
      `${file}: 16-bit integers that only make sense as signed (mode 1) are read as unsigned, following mode 6 in the header`,
    ];
  }
  return [];
}

/** Byte-swapped floats have low mantissa bits as exponent, and so any order of magnitude. */
function haveOtherOrder(bytes: Uint8Array, littleEndian: boolean): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wild = (order: boolean) => {
    let count = 0;
    for (let at = 0; at < bytes.length; at += 4) {
      const size = Math.abs(view.getFloat32(at, order));
      if (size !== 0 && !(size > 1e-20 && size < 1e20)) count++;
    }
    return count / (bytes.length / 4);
  };
  return wild(littleEndian) > 0.1 && wild(!littleEndian) < 0.001;
}

/** Large unsigned numbers read as signed end at 32,767 and continue at −32,768, with few around 0. */
function lookUnsigned(high: Uint8Array): boolean {
  let [largest, zero, smallest] = [0, 0, 0];
  for (const byte of high) {
    if (byte >= 96 && byte < 128) largest++;
    else if (byte >= 128 && byte < 160) smallest++;
    else if (byte < 32 || byte >= 224) zero++;
  }
  return Math.min(largest, smallest) > Math.max(zero, 0.005 * high.length);
}

/** Small signed numbers around 0 read as unsigned are at both ends of the range, with none between. */
function lookSigned(high: Uint8Array): boolean {
  let [low, middle, top] = [0, 0, 0];
  for (const byte of high) {
    if (byte < 64) low++;
    else if (byte < 192) middle++;
    else top++;
  }
  return middle < 0.01 * high.length && low > 0.1 * high.length && top > 0.1 * high.length;
}
