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
