import { InputError } from "../errors";
import type { MrcLayout, ReadBytes } from "./dataLayout";
import { bytesAreSigned, bytesPerValue, headerBytes, type MrcHeader, saysSignOfBytes } from "./mrcHeader";
import { bytesLookUnsigned, decodeValues } from "./mrcValues";
import { checkValueType } from "./valueWarnings";

export type { MrcLayout, ReadBytes } from "./dataLayout";

// As in mrcHeader.ts, nothing here may need Node: file viewers find values with this file too.

/** The layout that a header promises. @throws InputError when values are of a kind that cannot be read */
export function declaredLayout(header: MrcHeader, file: string): MrcLayout {
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
  const layout = declaredLayout(header, file);
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

/** How bytes of mode 0 are read. */
export type ByteSign = "signed" | "unsigned";

export interface FoundValues {
  layout: MrcLayout;
  /** What was assumed, in sentences. */
  warnings: string[];
}

/**
 * Finds the values of a file, and what they mean, where its header leaves that open.
 *
 * @param given.size   length of the file in bytes
 * @param given.bytes  how bytes of mode 0 are read, where somebody knows
 * @throws InputError for what {@link layoutOf} refuses, and where a file is longer than its header says and it is unclear where
 *   its values begin
 */
export async function findValues(given: {
  file: string;
  header: MrcHeader;
  size: number;
  read: ReadBytes;
  bytes?: ByteSign | undefined;
}): Promise<FoundValues> {
  const { file, header, size, read, bytes } = given;
  const layout = layoutOf(header, size, file);
  const warnings: string[] = [];
  const surplus = size - layout.fileBytes;
  if (surplus > 0) {
    const place = await locateSurplus(header, layout, size, read);
    warnings.push(describeSurplus(place, surplus, layout, file));
    if (place === "before") layout.dataStart += surplus;
  }
  warnings.push(...(await checkValueType(file, header, layout, read)));
  const said = bytes !== undefined ? bytes === "signed" : bytesAreSigned(header);
  if (header.mode !== 0 || bytes !== undefined || saysSignOfBytes(header)) {
    return { layout: { ...layout, signed: said }, warnings };
  }
  const signed = !bytesLookUnsigned(await sampleOf(header, layout, read), header);
  if (!signed) {
    warnings.push(
      `${file} has bytes (mode 0) that only make sense without a sign, from 0 to 255, and is read so, though the format has ` +
        'them from −128 to 127 (--bytes signed, in a notebook `bytes: "signed"`, reads them like that)',
    );
  }
  return { layout: { ...layout, signed }, warnings };
}

/** @throws InputError where the place is unclear */
function describeSurplus(
  place: "before" | "after" | "unclear",
  surplus: number,
  layout: MrcLayout,
  file: string,
): string {
  const longer = `${file} is ${surplus} ${surplus === 1 ? "byte" : "bytes"} longer than its header says`;
  if (place === "before") {
    return `${longer}: they come before the values, as an extended header that word 24 does not declare, and are left out`;
  }
  if (place === "after") {
    const sections = surplus / layout.sectionBytes;
    const many = sections === 1 ? "one more section has" : `${sections} more sections have`;
    const images = Number.isInteger(sections) ? ` (as many as ${many})` : "";
    return `${longer}: those after the last value${images} are left out`;
  }
  const way = "correct word 24, the length of the extended header, or cut the file off";
  throw new InputError(
    file,
    `${layout.fileBytes} bytes (${way})`,
    `${surplus} more, before or after the values`,
  );
}

/** Bytes that are looked at for their sign, in four places. */
const SIGN_SAMPLE = 1 << 20;

async function sampleOf(header: MrcHeader, layout: MrcLayout, read: ReadBytes): Promise<Uint8Array> {
  const all = layout.sectionBytes * header.ns;
  const part = Math.ceil(Math.min(all, SIGN_SAMPLE) / 4);
  const sample = new Uint8Array(4 * part);
  for (let i = 0; i < 4; i++) {
    const from = layout.dataStart + Math.floor((i * (all - part)) / 3);
    sample.set(await read(from, from + part), i * part);
  }
  return sample;
}

/** Bytes that are compared at most to find where a surplus lies. */
const MOST_COMPARED = 1 << 18;
/** No program writes a shorter extended header: CCP4's has 80 bytes for each symmetry operator. */
const SHORTEST_EXTENDED_HEADER = 80;

/**
 * Where the bytes lie that a file has more than its header promises: before the values, in an extended header that word 24
 * does not declare (programs that rewrite a header lose it), or after them, where they do no harm. One of the two ends of the
 * file then holds no values, which shows when it is compared with places in between.
 *
 * @param size  length of the file in bytes, more than the layout's
 * @returns `unclear` where neither end or both look like the rest, unless both do for further whole sections
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
  const { ns } = header;
  const valueBytes = sectionBytes * ns;
  // At most a quarter of the values, so that what is compared with an end lies apart from it.
  const length = Math.min(surplus, valueBytes / 4, MOST_COMPARED);
  const compared = length - (length % width);
  if (compared < width) return "unclear";
  const valuesFrom = async (from: number) =>
    decodeValues(new Uint8Array(await read(from, from + compared)), header);
  // Not within the surplus. Whole sections away, so that a border of zeros is compared with other borders.
  const sections = [surplus / sectionBytes, 0.25 * ns, 0.5 * ns, 0.75 * ns].map(Math.ceil);
  const parts = [0.25, 0.5, 0.75].map((part) => width * Math.floor((part * (valueBytes - compared)) / width));
  const offsets = ns >= 4 ? sections.map((section) => section * sectionBytes) : parts;
  const apart = [...offsets, Math.max(surplus, compared)].filter(
    (offset) => offset >= Math.max(surplus, compared),
  );
  const looksLike = async (values: Float32Array, places: readonly number[]) => {
    for (const place of places) {
      if (place < dataStart || place + compared > size) continue;
      if (isAlike(values, await valuesFrom(place))) return true;
    }
    return false;
  };
  const [start, end] = [dataStart, size - compared];
  const first = await valuesFrom(start);
  const last = await valuesFrom(end);
  const startHasValues = await looksLike(
    first,
    apart.map((offset) => start + offset),
  );
  const endHasValues = await looksLike(
    last,
    apart.map((offset) => end - offset),
  );
  if (startHasValues !== endHasValues) return startHasValues ? "after" : "before";
  const moreSections = surplus % sectionBytes === 0 && !isMostlyOneValue(first);
  return startHasValues && moreSections && isAlike(first, last) ? "after" : "unclear";
}

function isMostlyOneValue(values: Float32Array): boolean {
  const middle = values.slice().sort()[values.length >> 1];
  return 2 * values.filter((value) => value === middle).length >= values.length;
}

/** Largest distance of two cumulative distributions of values that are called alike; images differ in brightness. */
const MOST_DISTANCE = 0.35;

/** Largest ratio of the spreads of values that are called alike. */
const MOST_SPREAD = 1000;

/** Of sorted values, without the outermost. */
function spread(sorted: Float32Array): number {
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))]!;
  return at(0.9) - at(0.1);
}

/** The test of Kolmogorov and Smirnov, without its p-value: neighbouring pixels are not independent. */
function isAlike(one: Float32Array, other: Float32Array): boolean {
  if (!one.every(Number.isFinite) || !other.every(Number.isFinite)) return false;
  const a = one.slice().sort();
  const b = other.slice().sort();
  // Bytes of another kind, read as numbers, spread over all powers of ten.
  const ratio = spread(a) / spread(b);
  if (ratio > MOST_SPREAD || ratio < 1 / MOST_SPREAD) return false;
  let distance = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const value = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i] === value) i++;
    while (j < b.length && b[j] === value) j++;
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length));
  }
  return distance <= MOST_DISTANCE;
}
