import { bytesAreSigned, type MrcHeader, machineIsLittleEndian } from "./mrcHeader";

// Also used in browsers by the file viewers: no Node modules.

let halfTable: Float32Array | undefined;

/** The 65,536 half-precision numbers (IEEE 754 binary16) by their bits. */
function halfValues(): Float32Array {
  if (halfTable) return halfTable;
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) table[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  halfTable = table;
  return table;
}

/** Swaps the byte order of numbers of 2 or 4 bytes, in place. */
function swap(bytes: Uint8Array, width: number): void {
  const { buffer, byteOffset, length } = bytes;
  if (width === 2) {
    const words = new Uint16Array(buffer, byteOffset, length / 2);
    for (let i = 0; i < words.length; i++) words[i] = (words[i]! >> 8) | (words[i]! << 8);
  } else {
    const words = new Uint32Array(buffer, byteOffset, length / 4);
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      words[i] = (word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | (word << 24);
    }
  }
}

/**
 * Whether bytes of mode 0 only make sense as unsigned. MRC2014 defines them as signed, but many programs write grey values
 * from 0 to 255. Read as signed, these end at 127 and continue at −128, with a gap below 0, whereas signed values extend
 * through 0 and are rare at both ends.
 *
 * @param bytes a sample of the values
 */
export function bytesLookUnsigned(bytes: Uint8Array, header: MrcHeader): boolean {
  // The writer that computed the statistics knew the sign.
  if (header.min < header.max && header.min >= -128 && header.max <= 255) {
    if (header.min < 0) return false;
    if (header.max > 127) return true;
  }
  const counts = new Float64Array(256);
  for (let i = 0; i < bytes.length; i++) counts[bytes[i]!]!++;
  const between = (from: number, to: number) => counts.subarray(from, to + 1).reduce((sum, n) => sum + n, 0);
  // Without 0 and the ends of both ranges, where values are clipped.
  const [belowZero, aboveZero] = [between(240, 254), between(1, 15)];
  const [below128, from128] = [between(112, 126), between(129, 143)];
  const gapBelowZero = from128 > 4 * belowZero && below128 > 0.25 * from128;
  // Bright images with white pixels fill the gap, but end at 0.
  const stepAtZero = belowZero > 4 * aboveZero && below128 < 3 * from128 && from128 < 3 * below128;
  return gapBelowZero || stepAtZero;
}

/**
 * Decodes stored values to float32. For mode 2 the result shares the memory of `raw`.
 *
 * @param raw    values, aligned to their size in the buffer; overwritten if bytes are swapped
 * @param signed whether bytes of mode 0 are signed. Default: as the header says
 */
export function decodeValues(
  raw: Uint8Array,
  header: MrcHeader,
  signed = bytesAreSigned(header),
): Float32Array {
  const swapped = header.littleEndian !== machineIsLittleEndian;
  const { buffer, byteOffset, length } = raw;
  if (header.mode === 0) {
    return Float32Array.from(
      signed ? new Int8Array(buffer, byteOffset, length) : new Uint8Array(buffer, byteOffset, length),
    );
  }
  if (header.mode === 2) {
    if (swapped) swap(raw, 4);
    return new Float32Array(buffer, byteOffset, length / 4);
  }
  if (swapped) swap(raw, 2);
  const count = length / 2;
  const values = new Float32Array(count);
  if (header.mode === 1) {
    values.set(new Int16Array(buffer, byteOffset, count));
    return values;
  }
  const words = new Uint16Array(buffer, byteOffset, count);
  if (header.mode === 6) {
    values.set(words);
  } else {
    const half = halfValues();
    for (let i = 0; i < count; i++) values[i] = half[words[i]!]!;
  }
  return values;
}

/** Index of the first value that is NaN or infinite; −1 if there is none. */
export function findNotFinite(values: Float32Array): number {
  // 0 · x is 0 for finite x only. Four sums at a time are twice as fast as comparing each value.
  const whole = values.length - (values.length % 4);
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < whole; i += 4) {
    a += 0 * values[i]!;
    b += 0 * values[i + 1]!;
    c += 0 * values[i + 2]!;
    d += 0 * values[i + 3]!;
  }
  const first = a + b + c + d === 0 ? whole : 0;
  for (let i = first; i < values.length; i++) if (!Number.isFinite(values[i]!)) return i;
  return -1;
}
