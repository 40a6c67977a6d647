import { InputError } from "../errors";
import { parseNumber } from "./parseNumber";

/** A loop of a STAR file: named columns, and rows that stay where they are in the file's own text. */
export interface StarTable {
  /** Name of the block without `data_`: `optics`, `particles`, or an empty string. */
  readonly block: string;
  /** Names of the columns with their leading underscore, as in the file. */
  readonly columns: readonly string[];
  readonly count: number;
  /** Lines among the rows that begin with `#`, and so are comments, although they have one word for each column. */
  readonly hiddenRows: number;
  /** Whether there is a column of this name; the leading underscore may be left out. */
  has(column: string): boolean;
  /** Columns as numbers, all in one pass over the text. @throws InputError where a column is missing or no number */
  numbers(columns: readonly string[]): Float64Array[];
  /** One column as text, quotes removed. @throws InputError where the column is missing */
  text(column: string): string[];
  /** Rows from `from` up to `to`, exclusive, as text, one array of all columns for each. */
  rows(from: number, to: number): string[][];
  /**
   * Calls `visit` for every row with the byte range [from, to) of each of the named columns: `spans[2j]`, `spans[2j+1]`.
   * The array is reused from row to row.
   */
  scan(columns: readonly string[], visit: (row: number, spans: Uint32Array) => void): void;
  /** Place of a row for messages, such as `particles.star: row 12, line 38`, rows counted from 1. */
  where(row: number): string;
}

/** Collects columns of numbers during a scan, which may be after other columns at the same time. */
export class NumberReader {
  readonly values: Float64Array[];

  constructor(
    private readonly table: StarTable,
    private readonly bytes: Buffer,
    private readonly names: readonly string[],
  ) {
    this.values = names.map(() => new Float64Array(table.count));
  }

  /** Takes the values of a row, whose spans begin at column `first` of those that are scanned. */
  take(row: number, spans: Uint32Array, first: number): void {
    for (let j = 0; j < this.values.length; j++) {
      const from = spans[2 * (first + j)]!;
      const to = spans[2 * (first + j) + 1]!;
      const value = parseNumber(this.bytes, from, to);
      // "nan" and "inf" are no numbers either: RELION writes them only when something went wrong.
      if (value - value !== 0) {
        const place = `${this.table.where(row)}, column ${withUnderscore(this.names[j]!)}`;
        throw new InputError(place, "a number", `"${this.bytes.toString("utf8", from, to)}"`);
      }
      this.values[j]![row] = value;
    }
  }

  /** A column among those asked for, or undefined. */
  column(name: string): Float64Array | undefined {
    return this.values[this.names.indexOf(name)];
  }
}

export function withUnderscore(column: string): string {
  return column.startsWith("_") ? column : `_${column}`;
}
