import { stat } from "node:fs/promises";
import { inParallel } from "../parallel";

/** The image names of a particle file. */
export interface NamedImages {
  /** Names of the stacks. */
  readonly stacks: readonly string[];
  /** Index of the stack of each row. */
  readonly stack: ArrayLike<number>;
  /** Section of each row in its stack, from 0. */
  readonly section: ArrayLike<number>;
}

/** Stacks that are looked up at the same time. */
const maxParallelLookups = 16;

/**
 * For each row the first row with the same image, which is identified by its file (links resolved) and section.
 *
 * @param find finds a stack by its name; stacks that are not found are identified by their names
 * @returns undefined if no image is named twice
 */
export async function firstRowsOfImages(
  { stacks, stack, section }: NamedImages,
  find: (name: string) => Promise<string | undefined>,
): Promise<Int32Array | undefined> {
  const files = new Map<string, number>();
  const resolved = new Array<string>(stacks.length);
  await inParallel([...stacks.keys()], maxParallelLookups, async (index) => {
    const name = stacks[index]!;
    const file = await find(name);
    resolved[index] = file === undefined ? name : await identityOf(file);
  });
  const fileOf = resolved.map((file) => {
    const index = files.get(file) ?? files.size;
    files.set(file, index);
    return index;
  });
  const fileOfRow = (row: number) => fileOf[stack[row]!]!;
  return firstRows(stack.length, files.size, fileOfRow, section);
}

/** A text that is equal for all names of one file. */
async function identityOf(file: string): Promise<string> {
  const facts = await stat(file, { bigint: true }).catch(() => undefined);
  return facts ? `${facts.dev}:${facts.ino}` : file;
}

function firstRows(
  rows: number,
  files: number,
  fileOf: (row: number) => number,
  section: ArrayLike<number>,
): Int32Array | undefined {
  const lengths = new Float64Array(files);
  for (let row = 0; row < rows; row++) {
    const file = fileOf(row);
    if (section[row]! >= lengths[file]!) lengths[file] = section[row]! + 1;
  }
  const starts = new Float64Array(files);
  let places = 0;
  for (let file = 0; file < files; file++) {
    starts[file] = places;
    places += lengths[file]!;
  }
  const first = new Int32Array(rows);
  let repeats = 0;
  // A dense table, unless sections are sparse (or wrong, which is reported when the image is read).
  const known = places <= 16 * rows + 1024 ? new Int32Array(places) : new Map<number, number>();
  for (let row = 0; row < rows; row++) {
    const place = starts[fileOf(row)]! + section[row]!;
    const before = known instanceof Map ? (known.get(place) ?? 0) : known[place]!;
    if (before > 0) repeats++;
    else if (known instanceof Map) known.set(place, row + 1);
    else known[place] = row + 1;
    first[row] = before > 0 ? before - 1 : row;
  }
  return repeats === 0 ? undefined : first;
}

/** Number of rows that repeat the image of an earlier row. */
export function countRepeats(first: ArrayLike<number>): number {
  let repeats = 0;
  for (let row = 0; row < first.length; row++) if (first[row] !== row) repeats++;
  return repeats;
}

/** Whether one of these numbers, below `count`, occurs twice. */
export function hasRepeats(images: Int32Array, count: number): boolean {
  const seen = new Uint8Array(count);
  for (const image of images) {
    if (seen[image] === 1) return true;
    seen[image] = 1;
  }
  return false;
}
