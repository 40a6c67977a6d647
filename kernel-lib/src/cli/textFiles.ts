import { readFile } from "node:fs/promises";
import { InputError } from "../errors";

/** A line of a text file, and where it is. */
export interface Line {
  text: string;
  /** `file: line 3`. */
  where: string;
}

/** Reads the lines of a text file without comments (#) and blank lines. @throws InputError if there is no such file */
export async function readLines(file: string): Promise<Line[]> {
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new InputError(file, "a file", "no such file");
    if (code === "EISDIR") throw new InputError(file, "a file", "a folder");
    throw error;
  }
  return content
    .split(/\r\n|\n|\r/)
    .map((line, i) => ({ text: line.replace(/#.*/, "").trim(), where: `${file}: line ${i + 1}` }))
    .filter(({ text }) => text !== "");
}

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
