import { InputError } from "../errors";
import { bytesPerValue, headerBytes, type MrcHeader } from "./mrcHeader";
import { decodeValues } from "./mrcValues";

// As in mrcHeader.ts, nothing here may need Node: file viewers find values with this file too.

/** Where the values of a file are. */
export interface MrcLayout {
  /** Byte of the first value. */
  dataStart: number;
  bytesPerValue: number;
  /** Bytes of a section of the file. */
  sectionBytes: number;
  /** Bytes that the header promises for the whole file. */
  fileBytes: number;
}

/** The layout that a header promises. @throws InputError when values are of a kind that cannot be read */
export function promisedLayout(header: MrcHeader, file: string): MrcLayout {
  const width = bytesPerValue(header.mode, file);
  const dataStart = headerBytes + header.extendedBytes;
  const sectionBytes = header.nc * header.nr * width;
  return { dataStart, bytesPerValue: width, sectionBytes, fileBytes: dataStart + sectionBytes * header.ns };
}

/**
 * @param size  length of the file in bytes
 * @throws InputError when values are of a kind that cannot be read, or the file is shorter than its header promises
 */
export function layoutOf(header: MrcHeader, size: number, file: string): MrcLayout {
  const layout = promisedLayout(header, file);
  const { dataStart, sectionBytes, fileBytes } = layout;
  if (size >= fileBytes) return layout;
  const whole = Math.max(0, Math.floor((size - dataStart) / sectionBytes));
  const undeclared = header.extendedBytes > 0 && size === fileBytes - header.extendedBytes;
  throw new InputError(
    file,
    `${fileBytes} bytes for ${header.ns} sections of ${header.nc}×${header.nr} in mode ${header.mode}`,
    undeclared
      ? `${size} bytes, as many as without the extended header of ${header.extendedBytes} bytes in word 24`
      : `${size} bytes, which hold ${whole} whole sections`,
  );
}

/** Bytes that are compared at most to find where a surplus lies. */
const MOST_COMPARED = 1 << 18;
/** No program writes a shorter extended header: CCP4's has 80 bytes for each symmetry operator. */
const SHORTEST_EXTENDED_HEADER = 80;

/** What {@link locateSurplus} reads: bytes from `from` up to, not including, `to`. */
export type ReadBytes = (from: number, to: number) => Promise<Uint8Array>;

/**
 * Where the bytes lie that a file has more than its header promises: before the values, in an extended header that word 24
 * does not declare (programs that rewrite a header lose it), or after them, where they do no harm. One of the two ends of the
 * file then holds no values, which shows when it is compared with places in between, as far as two ends can differ.
 *
 * @param size  length of the file in bytes, more than the layout's
 * @returns `unclear` where neither end, or none but an end of one value repeated, looks different from the rest
 */
export async function locateSurplus(
  header: MrcHeader,
  layout: MrcLayout,
  size: number,
  read: ReadBytes,
): Promise<"before" | "after" | "unclear"> {
  const surplus = size - layout.fileBytes;
  if (surplus < SHORTEST_EXTENDED_HEADER) return "after";
  const { dataStart, sectionBytes, bytesPerValue: width } = layout;
  const valueBytes = sectionBytes * header.ns;
  const length = Math.min(surplus, valueBytes, MOST_COMPARED);
  const compared = length - (length % width);
  if (compared === 0) return "unclear";
  const valuesFrom = async (from: number) =>
    decodeValues(new Uint8Array(await read(from, from + compared)), header);
  // Whole sections apart, so that a border of zeros is compared with other borders.
  const between = [0.25, 0.5, 0.75].map((part) =>
    header.ns >= 4
      ? Math.round(part * header.ns) * sectionBytes
      : width * Math.floor((part * (valueBytes - compared)) / width),
  );
  const looksAlike = async (values: Float32Array, places: number[]) => {
    for (const place of places) {
      if (place < 0 || place + compared > size) continue;
      if (isAlike(values, await valuesFrom(place))) return true;
    }
    return false;
  };
  const first = await valuesFrom(dataStart);
  const last = await valuesFrom(size - compared);
  const startHasValues = await looksAlike(
    first,
    between.map((offset) => dataStart + offset),
  );
  const endHasValues = await looksAlike(
    last,
    between.map((offset) => size - compared - offset),
  );
  if (startHasValues !== endHasValues) return startHasValues ? "after" : "before";
  // More of the same at both ends is more sections than were promised; zeros may be anything.
  return startHasValues && first.some((value) => value !== first[0]) ? "after" : "unclear";
}

/** Largest distance of two cumulative distributions of values that are called alike; images differ in brightness. */
const MOST_DISTANCE = 0.35;

/** The test of Kolmogorov and Smirnov, without its p-value: neighbouring pixels are not independent. */
function isAlike(one: Float32Array, other: Float32Array): boolean {
  if (!one.every(Number.isFinite) || !other.every(Number.isFinite)) return false;
  const a = one.slice().sort();
  const b = other.slice().sort();
  let distance = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const value = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i] === value) i++;
    while (j < b.length && b[j] === value) j++;
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length));
  }
  return distance <= MOST_DISTANCE;
}
