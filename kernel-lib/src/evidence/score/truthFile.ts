import { readFile } from "node:fs/promises";
import { InputError } from "../../errors";
import { withFileName } from "../../fileErrors";
import { shorten } from "../../shortText";

/** A table of numbers. */
export interface NumberTable {
  /** Names of the columns. */
  columns: string[];
  /** Numbers of each row, in the order of the particles. */
  rows: number[][];
}

/**
 * Reads a table of numbers with a header, separated by commas. With `ordered`, the default, rows are ordered by the column `index`,
 * if there is one, which must count the particles from 0.
 * @throws InputError naming the line
 */
export async function readNumberTable(file: string, { ordered = true } = {}): Promise<NumberTable> {
  const text = await readFile(file, "utf8").catch((error) => {
    throw withFileName(file, error);
  });
  const [first = "", ...lines] = text.trimEnd().split(/\r?\n/);
  const columns = first.split(",").map((name) => name.trim());
  const rows = lines.map((line, i) => {
    const values = line.split(",").map((word) => (word.trim() === "" ? Number.NaN : Number(word)));
    if (values.length === columns.length && values.every(Number.isFinite)) return values;
    throw new InputError(`${file}: line ${i + 2}`, `${columns.length} numbers`, `"${shorten(line, 60)}"`);
  });
  if (rows.length === 0) throw new InputError(file, "a header and a line for each particle", "no line");
  const at = columns.indexOf("index");
  if (at < 0 || !ordered) return { columns, rows };
  const byIndex = new Array<number[] | undefined>(rows.length).fill(undefined);
  for (const [i, row] of rows.entries()) {
    const index = row[at]!;
    const valid = Number.isInteger(index) && index >= 0 && index < rows.length && !byIndex[index];
    if (!valid) throw new InputError(`${file}: line ${i + 2}`, "every index from 0 once", `${index}`);
    byIndex[index] = row;
  }
  return { columns, rows: byIndex as number[][] };
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
