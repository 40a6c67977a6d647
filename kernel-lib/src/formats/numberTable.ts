import { readFile } from "node:fs/promises";
import { InputError } from "../errors";
import { withFileName } from "../fileErrors";
import { shorten } from "../shortText";

/** A table of numbers. */
export interface NumberTable {
  /** Names of the columns. */
  columns: string[];
  /** Numbers of each row, in the order of the particles. */
  rows: number[][];
}

/** How a table is read. */
interface TableOptions {
  /** Whether rows are ordered by the column `index`, if there is one, which must count the particles from 0. Default true. */
  ordered?: boolean;
  /** Name of the columns in a file without header: 1, 2, … are appended. Default: a header is required. */
  unnamed?: string;
}

/**
 * Reads a table of numbers, separated by commas or blanks, with a header, which may begin with #.
 * @throws InputError naming the line
 */
export async function readNumberTable(file: string, options: TableOptions = {}): Promise<NumberTable> {
  const { ordered = true, unnamed } = options;
  const text = await readFile(file, "utf8").catch((error) => {
    throw withFileName(file, error);
  });
  const lines = text.trimEnd().split(/\r?\n/);
  const { columns, from } = headerOf(lines[0]!, unnamed);
  const rows = lines.slice(from).map((line, i) => {
    const values = wordsOf(line).map((word) => (word === "" ? Number.NaN : Number(word)));
    if (values.length === columns.length && values.every(Number.isFinite)) return values;
    throw new InputError(
      `${file}: line ${i + 1 + from}`,
      `${columns.length} numbers`,
      `"${shorten(line, 60)}"`,
    );
  });
  if (rows.length === 0) throw new InputError(file, "a header and a line for each particle", "no line");
  const at = columns.indexOf("index");
  if (at < 0 || !ordered) return { columns, rows };
  const byIndex = new Array<number[] | undefined>(rows.length).fill(undefined);
  for (const [i, row] of rows.entries()) {
    const index = row[at]!;
    const valid = Number.isInteger(index) && index >= 0 && index < rows.length && !byIndex[index];
    if (!valid) throw new InputError(`${file}: line ${i + 1 + from}`, "every index from 0 once", `${index}`);
    byIndex[index] = row;
  }
  return { columns, rows: byIndex as number[][] };
}

const wordsOf = (line: string): string[] =>
  line.includes(",") ? line.split(",").map((word) => word.trim()) : line.trim().split(/\s+/);

/** The columns, and the number of lines of the header. */
function headerOf(line: string, unnamed: string | undefined): { columns: string[]; from: number } {
  const names = wordsOf(line.replace(/^\s*#\s*/, ""));
  const numbers = names.every((name) => name !== "" && Number.isFinite(Number(name)));
  if (!numbers || unnamed === undefined) return { columns: names, from: 1 };
  return { columns: names.map((_, i) => `${unnamed}${i + 1}`), from: 0 };
}

/** Some columns of a table, [rows · columns]. @throws InputError for a column that is not there */
export function columnsOf(
  { columns, rows }: NumberTable,
  names: readonly string[],
  file: string,
): Float64Array {
  const at = names.map((name) => {
    const found = columns.indexOf(name);
    if (found < 0) throw new InputError(file, `the column ${name}`, columns.join(", "));
    return found;
  });
  return Float64Array.from({ length: rows.length * at.length }, (_, i) => {
    return rows[Math.floor(i / at.length)]![at[i % at.length]!]!;
  });
}
