import type { MrcLayout, ReadBytes } from "./dataLayout";
import type { MrcHeader } from "./mrcHeader";
import { decodeValues } from "./mrcValues";

// Also used in browsers by the file viewers: no Node modules.

/** Bytes compared at most to locate a surplus. */
const maxComparedBytes = 1 << 18;
/** No program writes a shorter extended header: CCP4's has 80 bytes for each symmetry operator. */
const minExtendedHeader = 80;

/** Where surplus bytes are. */
export type SurplusPlace = "before" | "after" | "unclear";

/**
 * Locates the bytes by which a file exceeds the length in its header: before the values, in an extended header that word 24
 * does not declare (programs that rewrite headers lose it), or after them, where they are harmless. One end of the file then
 * holds no values, which shows in a comparison with places in between.
 *
 * @param size length of the file in bytes, more than in the layout
 * @returns `unclear` if neither end or both resemble the rest, unless both do because of further complete sections
 */
export async function locateSurplus(
  header: MrcHeader,
  layout: MrcLayout,
  size: number,
  read: ReadBytes,
): Promise<SurplusPlace> {
  const { dataStart, sectionBytes, bytesPerValue } = layout;
  const surplus = size - layout.fileBytes;
  if (surplus < minExtendedHeader) return "after";
  // At most a quarter of the values, so that the compared places do not overlap with an end.
  const length = Math.min(surplus, (sectionBytes * header.ns) / 4, maxComparedBytes);
  const compared = length - (length % bytesPerValue);
  if (compared < bytesPerValue) return "unclear";
  const valuesAt = async (from: number) =>
    decodeValues(new Uint8Array(await read(from, from + compared)), header);
  const resemblesAny = async (values: Float32Array, places: readonly number[]) => {
    for (const place of places) {
      if (place < dataStart || place + compared > size) continue;
      if (areAlike(values, await valuesAt(place))) return true;
    }
    return false;
  };
  const offsets = comparisonOffsets(layout, header.ns, surplus, compared);
  const [start, end] = [dataStart, size - compared];
  const [first, last] = [await valuesAt(start), await valuesAt(end)];
  const startHasValues = await resemblesAny(
    first,
    offsets.map((offset) => start + offset),
  );
  const endHasValues = await resemblesAny(
    last,
    offsets.map((offset) => end - offset),
  );
  if (startHasValues !== endHasValues) return startHasValues ? "after" : "before";
  const moreSections = surplus % sectionBytes === 0 && !isMostlyOneValue(first);
  return startHasValues && moreSections && areAlike(first, last) ? "after" : "unclear";
}

/** Distances in bytes from an end of the file to the places that it is compared with, all outside the surplus. */
function comparisonOffsets(
  { sectionBytes, bytesPerValue }: MrcLayout,
  sections: number,
  surplus: number,
  compared: number,
): number[] {
  const valueBytes = sectionBytes * sections;
  // Multiples of a section, so that a border of zeros is compared with other borders.
  const whole = [surplus / sectionBytes, 0.25 * sections, 0.5 * sections, 0.75 * sections].map(
    (section) => Math.ceil(section) * sectionBytes,
  );
  const parts = [0.25, 0.5, 0.75].map(
    (part) => bytesPerValue * Math.floor((part * (valueBytes - compared)) / bytesPerValue),
  );
  const least = Math.max(surplus, compared);
  return [...(sections >= 4 ? whole : parts), least].filter((offset) => offset >= least);
}

function isMostlyOneValue(values: Float32Array): boolean {
  const middle = values.slice().sort()[values.length >> 1];
  return 2 * values.filter((value) => value === middle).length >= values.length;
}

/** Largest distance between the cumulative distributions of similar values; images differ in brightness. */
const maxDistance = 0.35;

/** Largest ratio between the spreads of similar values. */
const maxSpreadRatio = 1000;

/** Range of sorted values between their 10th and 90th percentiles. */
function spread(sorted: Float32Array): number {
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))]!;
  return at(0.9) - at(0.1);
}

/** Kolmogorov-Smirnov statistic below a fixed limit; a p-value would need independent pixels. */
function areAlike(one: Float32Array, other: Float32Array): boolean {
  if (!one.every(Number.isFinite) || !other.every(Number.isFinite)) return false;
  const a = one.slice().sort();
  const b = other.slice().sort();
  // Other data, read as numbers, spreads over all orders of magnitude.
  const ratio = spread(a) / spread(b);
  if (ratio > maxSpreadRatio || ratio < 1 / maxSpreadRatio) return false;
  let distance = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const value = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i] === value) i++;
    while (j < b.length && b[j] === value) j++;
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length));
  }
  return distance <= maxDistance;
}
