import { realpath } from "node:fs/promises";
import { inParallel } from "./parallel";

/** Which rows of a particle file name which image. */
export interface NamedImages {
  /** Names of the stacks, and for each row the index of its stack and the place there. */
  readonly stacks: readonly string[];
  readonly stack: ArrayLike<number>;
  readonly section: ArrayLike<number>;
}

/** Stacks whose place is looked up at the same time. */
const LOOKED_UP_AT_ONCE = 16;
/** Above every place in a stack. */
const SECTIONS = 2 ** 31;

/**
 * An image is its file, symbolic links resolved, and its place there: for each row that of the first row with the same image.
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
    resolved[index] = file === undefined ? name : await realpath(file).catch(() => file);
  });
  const fileOf = resolved.map((file) => {
    const index = files.get(file) ?? files.size;
    files.set(file, index);
    return index;
  });
  const rows = stack.length;
  const first = new Int32Array(rows);
  const known = new Map<number, number>();
  for (let row = 0; row < rows; row++) {
    const image = fileOf[stack[row]!]! * SECTIONS + section[row]!;
    const before = known.get(image);
    if (before === undefined) known.set(image, row);
    first[row] = before ?? row;
  }
  return known.size === rows ? undefined : first;
}

/** How many rows name an image that an earlier row has. */
export function countRepeats(first: ArrayLike<number>): number {
  let repeats = 0;
  for (let row = 0; row < first.length; row++) if (first[row] !== row) repeats++;
  return repeats;
}
