import { parseNumber } from "e2gmm/formats/parseNumber";
import { isBlank } from "e2gmm/formats/starText";
import { Slices } from "./slices.js";
import type { StarSheet } from "./starIndex.js";

/** Which rows of a table are shown, and in which order: found in slices, so that the page goes on answering. */

export interface SortBy {
  column: number;
  descending: boolean;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

/** Order of two texts, in which `image2` comes before `image10`: runs of digits are compared as numbers. */
export function compareNaturally(
  bytes: Uint8Array,
  from: number,
  to: number,
  otherFrom: number,
  otherTo: number,
): number {
  let a = from;
  let b = otherFrom;
  while (a < to && b < otherTo) {
    if (isDigit(bytes[a]!) && isDigit(bytes[b]!)) {
      while (a < to && bytes[a] === 48) a++;
      while (b < otherTo && bytes[b] === 48) b++;
      let first = 0;
      while (a < to && b < otherTo && isDigit(bytes[a]!) && isDigit(bytes[b]!)) {
        if (first === 0) first = bytes[a]! - bytes[b]!;
        a++;
        b++;
      }
      // More digits are a greater number
      if (a < to && isDigit(bytes[a]!)) return 1;
      if (b < otherTo && isDigit(bytes[b]!)) return -1;
      if (first !== 0) return first;
    } else {
      const difference = bytes[a]! - bytes[b]!;
      if (difference !== 0) return difference;
      a++;
      b++;
    }
  }
  return to - a - (otherTo - b);
}

/** One column, taken out for sorting: where its values are, and what they are where they are numbers. */
interface Keys {
  numbers: Float64Array;
  spans: Uint32Array;
}

async function keysOf(sheet: StarSheet, column: number, slices: Slices): Promise<Keys> {
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
 * The rows in the order of one column: numbers by value, then texts, in which digits count as numbers, then rows that
 * lack the value. Rows that are equal stay in the order that they have. The file is not changed.
 *
 * @throws the signal's reason once it is set
 */
export async function sortRows(
  sheet: StarSheet,
  rows: Uint32Array,
  by: SortBy,
  signal?: AbortSignal,
): Promise<Uint32Array> {
  const slices = new Slices(signal);
  const { numbers, spans } = await keysOf(sheet, by.column, slices);
  const { bytes } = sheet;
  const sign = by.descending ? -1 : 1;
  const compare = (a: number, b: number): number => {
    const x = numbers[a]!;
    const y = numbers[b]!;
    const bothNumbers = x - y;
    if (!Number.isNaN(bothNumbers)) return sign * bothNumbers;
    const kind = (row: number, value: number) => (!Number.isNaN(value) ? 0 : spans[2 * row + 1]! > 0 ? 1 : 2);
    const kinds = kind(a, x) - kind(b, y);
    if (kinds !== 0) return kinds;
    return sign * compareNaturally(bytes, spans[2 * a]!, spans[2 * a + 1]!, spans[2 * b]!, spans[2 * b + 1]!);
  };
  return mergeSort(rows, compare, slices);
}

/** Stable, bottom up, from runs that are sorted by insertion. */
async function mergeSort(
  rows: Uint32Array,
  compare: (a: number, b: number) => number,
  slices: Slices,
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
 * Rows that contain a text: anywhere in their line, or within one column. Letters A–Z match in either case.
 *
 * @throws the signal's reason once it is set
 */
export async function filterRows(
  sheet: StarSheet,
  text: string,
  column: number | undefined,
  signal?: AbortSignal,
): Promise<Uint32Array> {
  const slices = new Slices(signal);
  const wanted = new TextEncoder().encode(text).map(folded);
  const skip = new Uint32Array(256).fill(wanted.length);
  for (let i = 0; i < wanted.length - 1; i++) skip[wanted[i]!] = wanted.length - 1 - i;
  const { bytes } = sheet;
  /** Whether [from, to) holds the text (Horspool, 1980). */
  const holds = (from: number, to: number): boolean => {
    const last = wanted.length - 1;
    for (let at = from; at + last < to; at += skip[folded(bytes[at + last]!)]!) {
      let i = last;
      while (i >= 0 && folded(bytes[at + i]!) === wanted[i]) i--;
      if (i < 0) return true;
    }
    return false;
  };
  const found = new Uint32Array(sheet.count);
  const spans = new Uint32Array(column === undefined ? 0 : 2 * (column + 1));
  let count = 0;
  for (let row = 0; row < sheet.count; row++) {
    if (row % 512 === 0 && slices.over()) await slices.next();
    let from = sheet.starts[row]!;
    let to = sheet.ends[row]!;
    if (column === undefined) {
      while (to > from && isBlank(bytes[to - 1]!)) to--;
    } else {
      spans[2 * column] = spans[2 * column + 1] = 0;
      sheet.spansOf(row, spans);
      from = spans[2 * column]!;
      to = spans[2 * column + 1]!;
    }
    if (holds(from, to)) found[count++] = row;
  }
  return found.slice(0, count);
}

/** How many rows are not as the columns ask for, and what is wrong with the first of them. */
export async function checkRows(
  sheet: StarSheet,
  signal?: AbortSignal,
): Promise<{ broken: number; first: string | undefined }> {
  const slices = new Slices(signal);
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
