import { InputError } from "../errors";
import { parseNumber } from "./parseNumber";

/** A loop of a STAR file: named columns, and rows that are parsed on demand. */
export interface StarTable {
  /** Name of the block without `data_`: `optics`, `particles`, or an empty string. */
  readonly block: string;
  /** Names of the columns with their leading underscore, as in the file. */
  readonly columns: readonly string[];
  /** Number of rows. */
  readonly count: number;
  /** Commented-out rows: lines that start with `#` and have one word per column. */
  readonly hiddenRows: number;
  /** Whether there is a column of this name, with or without its leading underscore. */
  has(column: string): boolean;
  /** Columns as numbers, parsed in one pass. @throws InputError if a column is missing or a value is not a number */
  numbers(columns: readonly string[]): Float64Array[];
  /** A column as text without quotes. @throws InputError if the column is missing */
  text(column: string): string[];
  /** Rows from `from` up to, not including, `to` as text, [row][column]. */
  rows(from: number, to: number): string[][];
  /**
   * Calls `visit` for every row with the byte range [from, to) of each named column: `spans[2j]`, `spans[2j + 1]`. The array
   * is reused.
   */
  scan(columns: readonly string[], visit: (row: number, spans: Uint32Array) => void): void;
  /** Place of a row for messages, such as `particles.star: row 12 (line 38)`, counted from 1. */
  where(row: number): string;
}

/** Collects columns of numbers during a scan, which may collect other columns at the same time. */
export class NumberReader {
  /** The columns, in the order of their names. */
  readonly values: Float64Array[];

  constructor(
    private readonly table: StarTable,
    private readonly bytes: Buffer,
    private readonly names: readonly string[],
  ) {
    this.values = names.map(() => new Float64Array(table.count));
  }

  /** Parses the values of a row, whose spans start at scanned column `first`. @throws InputError for anything but finite numbers */
  take(row: number, spans: Uint32Array, first: number): void {
    for (let j = 0; j < this.values.length; j++) {
      const from = spans[2 * (first + j)]!;
      const to = spans[2 * (first + j) + 1]!;
      const value = parseNumber(this.bytes, from, to);
      // "nan" and "inf" are rejected too: RELION writes them only after failures.
      if (value - value !== 0) {
        const place = `${this.table.where(row)}, column ${withUnderscore(this.names[j]!)}`;
        throw new InputError(place, "a number", `"${this.bytes.toString("utf8", from, to)}"`);
      }
      this.values[j]![row] = value;
    }
  }

  /** A column by its name; undefined if it was not requested. */
  column(name: string): Float64Array | undefined {
    return this.values[this.names.indexOf(name)];
  }
}

/** A column name with its leading underscore. */
export function withUnderscore(column: string): string {
  return column.startsWith("_") ? column : `_${column}`;
}
