import { stat } from "node:fs/promises";
import { inParallel } from "../parallel";

/** Which rows of a particle file name which image. */
export interface NamedImages {
  /** Names of the stacks, and for each row the index of its stack and the place there. */
  readonly stacks: readonly string[];
  readonly stack: ArrayLike<number>;
  readonly section: ArrayLike<number>;
}

/** Stacks whose place is looked up at the same time. */
const LOOKED_UP_AT_ONCE = 16;

/**
 * An image is its file, symbolic and hard links resolved, and its place there: for each row that of the first row with the same
 * image.
 *
 * @param find path of a stack by its name; undefined where there is none, and its name stands for it
 * @returns undefined where no image is named twice
 */
export async function firstRowsOfImages(
  { stacks, stack, section }: NamedImages,
  find: (name: string) => Promise<string | undefined>,
): Promise<Int32Array | undefined> {
  const files = new Map<string, number>();
  const resolved = new Array<string>(stacks.length);
  await inParallel([...stacks.keys()], LOOKED_UP_AT_ONCE, async (index) => {
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

/** The same for all names of one file. */
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
  // A table of all places, unless rows are few among many (or a number is wrong, which shows when the image is read).
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

/** How many rows name an image that an earlier row has. */
export function countRepeats(first: ArrayLike<number>): number {
  let repeats = 0;
  for (let row = 0; row < first.length; row++) if (first[row] !== row) repeats++;
  return repeats;
}
