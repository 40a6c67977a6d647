import { parseNumber } from "e2gmm/formats/parseNumber";
import { isBlank } from "e2gmm/formats/starText";
import type { ReadOptions } from "./remoteFile.js";
import type { StarSheet } from "./starIndex.js";
import { TimeSlices } from "./timeSlices.js";

/** Sorting and filtering of the rows of a table, in slices that do not block the page. */

/** How rows are sorted. */
export interface SortBy {
  /** Index of the column. */
  column: number;
  descending: boolean;
}

/** Which rows are wanted. */
export interface RowFilter {
  /** What they contain. Letters A–Z match in either case. */
  text: string;
  /** The column that contains it. Default: anywhere in the line. */
  column?: number;
}

/** A range of bytes, the end excluded. */
export interface Span {
  from: number;
  to: number;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

/** Order of two texts, in which `image2` comes before `image10`: runs of digits are compared as numbers. */
export function compareNaturally(bytes: Uint8Array, one: Span, other: Span): number {
  let a = one.from;
  let b = other.from;
  while (a < one.to && b < other.to) {
    if (isDigit(bytes[a]!) && isDigit(bytes[b]!)) {
      const [endA, endB] = [endOfDigits(bytes, a, one.to), endOfDigits(bytes, b, other.to)];
      const difference = compareDigits(bytes, { from: a, to: endA }, { from: b, to: endB });
      if (difference !== 0) return difference;
      a = endA;
      b = endB;
    } else {
      const difference = bytes[a]! - bytes[b]!;
      if (difference !== 0) return difference;
      a++;
      b++;
    }
  }
  return one.to - a - (other.to - b);
}

function endOfDigits(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isDigit(bytes[at]!)) at++;
  return at;
}

/** Order of two runs of digits as numbers of any length. */
function compareDigits(bytes: Uint8Array, one: Span, other: Span): number {
  let a = one.from;
  let b = other.from;
  while (a < one.to && bytes[a] === 48) a++;
  while (b < other.to && bytes[b] === 48) b++;
  const longer = one.to - a - (other.to - b);
  if (longer !== 0) return longer;
  for (; a < one.to; a++, b++) {
    const difference = bytes[a]! - bytes[b]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The values of one column. */
interface Keys {
  /** NaN where the value is no number. */
  numbers: Float64Array;
  /** First byte of each value and the byte after its last. */
  spans: Uint32Array;
}

async function keysOf(sheet: StarSheet, column: number, slices: TimeSlices): Promise<Keys> {
  const numbers = new Float64Array(sheet.count).fill(Number.NaN);
  const spans = new Uint32Array(2 * sheet.count);
  const row = new Uint32Array(2 * (column + 1));
  for (let i = 0; i < sheet.count; i++) {
    if (i % 1024 === 0 && slices.over()) await slices.next();
    row[2 * column] = row[2 * column + 1] = 0;
    sheet.spansOf(i, row);
    const from = row[2 * column]!;
    const to = row[2 * column + 1]!;
    spans[2 * i] = from;
    spans[2 * i + 1] = to;
    if (to > from) numbers[i] = parseNumber(sheet.bytes, from, to);
  }
  return { numbers, spans };
}

/**
 * The rows in the order of one column: numbers by value, then texts, in which digits count as numbers, then rows without a
 * value. Equal rows keep their order.
 * @throws the signal's reason once it is aborted
 */
export async function sortRows(
  sheet: StarSheet,
  rows: Uint32Array,
  by: SortBy,
  { signal }: ReadOptions = {},
): Promise<Uint32Array> {
  const slices = new TimeSlices(signal);
  const { numbers, spans } = await keysOf(sheet, by.column, slices);
  const { bytes } = sheet;
  const sign = by.descending ? -1 : 1;
  const spanOf = (row: number) => ({ from: spans[2 * row]!, to: spans[2 * row + 1]! });
  const compare = (a: number, b: number): number => {
    const x = numbers[a]!;
    const y = numbers[b]!;
    const bothNumbers = x - y;
    if (!Number.isNaN(bothNumbers)) return sign * bothNumbers;
    const kind = (row: number, value: number) => (!Number.isNaN(value) ? 0 : spans[2 * row + 1]! > 0 ? 1 : 2);
    const kinds = kind(a, x) - kind(b, y);
    if (kinds !== 0) return kinds;
    return sign * compareNaturally(bytes, spanOf(a), spanOf(b));
  };
  return mergeSort(rows, compare, slices);
}

/** Stable merge sort, bottom up from runs that are sorted by insertion. Unlike `Array.sort` it can pause. */
async function mergeSort(
  rows: Uint32Array,
  compare: (a: number, b: number) => number,
  slices: TimeSlices,
): Promise<Uint32Array> {
  const run = 16;
  let source = rows.slice();
  for (let start = 0; start < source.length; start += run) {
    if (start % 1024 === 0 && slices.over()) await slices.next();
    const end = Math.min(start + run, source.length);
    for (let i = start + 1; i < end; i++) {
      const row = source[i]!;
      let at = i;
      for (; at > start && compare(source[at - 1]!, row) > 0; at--) source[at] = source[at - 1]!;
      source[at] = row;
    }
  }
  let target = new Uint32Array(source.length);
  for (let width = run; width < source.length; width *= 2) {
    for (let start = 0; start < source.length; start += 2 * width) {
      const middle = Math.min(start + width, source.length);
      const end = Math.min(start + 2 * width, source.length);
      let left = start;
      let right = middle;
      for (let to = start; to < end; to++) {
        if (to % 1024 === 0 && slices.over()) await slices.next();
        const takeLeft = left < middle && (right >= end || compare(source[left]!, source[right]!) <= 0);
        target[to] = takeLeft ? source[left++]! : source[right++]!;
      }
    }
    [source, target] = [target, source];
  }
  return source;
}

function folded(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}

/**
 * Rows that contain a text, in the file's order.
 * @throws the signal's reason once it is aborted
 */
export async function filterRows(
  sheet: StarSheet,
  { text, column }: RowFilter,
  { signal }: ReadOptions = {},
): Promise<Uint32Array> {
  const slices = new TimeSlices(signal);
  const contains = textSearch(sheet.bytes, text);
  const found = new Uint32Array(sheet.count);
  const spans = new Uint32Array(column === undefined ? 0 : 2 * (column + 1));
  let count = 0;
  for (let row = 0; row < sheet.count; row++) {
    if (row % 512 === 0 && slices.over()) await slices.next();
    if (column === undefined) {
      if (contains(lineOf(sheet, row))) found[count++] = row;
      continue;
    }
    spans[2 * column] = spans[2 * column + 1] = 0;
    sheet.spansOf(row, spans);
    if (contains({ from: spans[2 * column]!, to: spans[2 * column + 1]! })) found[count++] = row;
  }
  return found.slice(0, count);
}

/** The line of a row without blanks at its end. */
function lineOf({ bytes, starts, ends }: StarSheet, row: number): Span {
  const from = starts[row]!;
  let to = ends[row]!;
  while (to > from && isBlank(bytes[to - 1]!)) to--;
  return { from, to };
}

/** Tells whether a range of bytes contains a text (Horspool, Software: Practice and Experience 10, 501–506, 1980). */
function textSearch(bytes: Uint8Array, text: string): (span: Span) => boolean {
  const wanted = new TextEncoder().encode(text).map(folded);
  const last = wanted.length - 1;
  const skip = new Uint32Array(256).fill(wanted.length);
  for (let i = 0; i < last; i++) skip[wanted[i]!] = last - i;
  return ({ from, to }) => {
    for (let at = from; at + last < to; at += skip[folded(bytes[at + last]!)]!) {
      let i = last;
      while (i >= 0 && folded(bytes[at + i]!) === wanted[i]) i--;
      if (i < 0) return true;
    }
    return false;
  };
}

/** How many rows have too few or too many values, and what is wrong with the first of them. */
export async function checkRows(
  sheet: StarSheet,
  { signal }: ReadOptions = {},
): Promise<{ broken: number; first: string | undefined }> {
  const slices = new TimeSlices(signal);
  const none = new Uint32Array(0);
  let broken = 0;
  let first: string | undefined;
  for (let row = 0; row < sheet.count; row++) {
    if (row % 1024 === 0 && slices.over()) await slices.next();
    const values = sheet.spansOf(row, none);
    if (values === sheet.columns.length) continue;
    broken++;
    first ??= sheet.problemWith(row, values);
  }
  return { broken, first };
}
