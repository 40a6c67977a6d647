import { InputError } from "../errors";
import { readLines } from "../formats/textLines";

/**
 * Reads particle indices, counted from 0, from a text file: one or more per line.
 * @throws InputError for an entry that is no index below `count` or is repeated, and for an empty list
 */
export async function readIndices(file: string, count: number): Promise<Int32Array> {
  const seen = new Set<number>();
  for (const { text, where } of await readLines(file)) {
    for (const word of text.split(/[\s,]+/).filter((part) => part !== "")) {
      const index = /^\d+$/.test(word) ? Number(word) : Number.NaN;
      if (!(index < count)) {
        throw new InputError(where, `a particle index from 0 to ${count - 1}`, `"${word}"`);
      }
      if (seen.has(index)) throw new InputError(where, "every particle once", `${index} again`);
      seen.add(index);
    }
  }
  if (seen.size === 0) throw new InputError(file, "at least one particle index", "none");
  return Int32Array.from(seen);
}
