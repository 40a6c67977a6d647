import { InputError } from "../errors";
import type { MrcLayout, ReadBytes } from "./dataLayout";
import type { MrcHeader } from "./mrcHeader";

// As in mrcHeader.ts, nothing here may need Node: file viewers find values with this file too.

/** Whether the values of a file can be what its header says: their byte order, and the sign of 16-bit integers. */

/** Bytes that are looked at, from the middle section. */
const SAMPLE = 1 << 16;

/**
 * @returns what is doubtful, in sentences
 * @throws InputError where floating-point values only make sense in the other byte order than that of the header
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
  const length = Math.min(SAMPLE, layout.sectionBytes);
  const bytes = await read(from, from + length - (length % layout.bytesPerValue));
  if (mode === 2) {
    if (inOtherOrder(bytes, littleEndian)) {
      const [said, other] = littleEndian ? ["little", "big"] : ["big", "little"];
      const expected = `values whose byte order is that of the header, ${said}-endian`;
      throw new InputError(file, expected, `values that only make sense as ${other}-endian ones`);
    }
    return [];
  }
  const high = bytes.filter((_, i) => i % 2 === (littleEndian ? 1 : 0));
  if (mode === 1 && lookUnsigned(high)) {
    return [
      `${file} has 16-bit integers that only make sense without a sign (mode 6), and is read with one, as mode 1 in its header says`,
    ];
  }
  if (mode === 6 && lookSigned(high)) {
    return [
      `${file} has 16-bit integers that only make sense with a sign (mode 1), and is read without, as mode 6 in its header says`,
    ];
  }
  return [];
}

/** Swapped floats have the lowest bits of their fraction for an exponent, which takes them to all powers of ten. */
function inOtherOrder(bytes: Uint8Array, littleEndian: boolean): boolean {
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

/** Large numbers without a sign break off at 32,767 and go on at −32,768, with hardly any around 0. */
function lookUnsigned(high: Uint8Array): boolean {
  let [largest, zero, smallest] = [0, 0, 0];
  for (const byte of high) {
    if (byte >= 96 && byte < 128) largest++;
    else if (byte >= 128 && byte < 160) smallest++;
    else if (byte < 32 || byte >= 224) zero++;
  }
  return Math.min(largest, smallest) > Math.max(zero, 0.005 * high.length);
}

/** Small numbers around 0 without their sign lie at both ends, and none between. */
function lookSigned(high: Uint8Array): boolean {
  let [low, middle, top] = [0, 0, 0];
  for (const byte of high) {
    if (byte < 64) low++;
    else if (byte < 192) middle++;
    else top++;
  }
  return middle < 0.01 * high.length && low > 0.1 * high.length && top > 0.1 * high.length;
}
