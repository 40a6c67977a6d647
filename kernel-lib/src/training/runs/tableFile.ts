import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { InputError } from "../../errors";
import { withFileName } from "../../fileErrors";
import { shorten } from "../../shortText";

/*
 * CSV tables of numbers with a header. Those with a row for each particle are read row by row: as a whole, a table of ten million would
 * be longer than any string may be.
 */

/** Which columns a table has. */
interface TableShape {
  /** Columns that it must have, in any order. */
  expected: readonly string[];
  /** Columns in which an empty field means NaN. */
  mayBeEmpty?: readonly string[];
}

/**
 * Takes a row.
 * @param row its numbers in the order of the expected columns, valid during the call only
 * @param i   its number, from 0
 * @param where file and line, for messages
 */
export type TakeRow = (row: Float64Array, i: number, where: () => string) => void;

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Parses the lines of a table in their order. */
class TableParser {
  private names: string[] | undefined;
  /** Place of each column of the file among those expected; −1 for others. */
  private places: number[] = [];
  private readonly numbers: Float64Array;
  private count = 0;
  /** Blank lines, which may only stand at the end. */
  private blank = 0;

  constructor(
    private readonly file: string,
    private readonly shape: TableShape,
    private readonly take: TakeRow,
  ) {
    this.numbers = new Float64Array(shape.expected.length);
  }

  line(text: string): void {
    if (!this.names) {
      this.header(text);
    } else if (text.trim() === "") {
      this.blank++;
    } else {
      if (this.blank > 0) throw this.notNumbers("");
      this.row(text, this.names);
    }
  }

  /** @param rest what stands after the last line end: a truncated number may still be a number */
  end(rest: string): number {
    if (rest.trim() !== "") {
      throw new InputError(this.file, "a line end after the last row", JSON.stringify(shorten(rest, 60)));
    }
    if (!this.names) this.header("");
    return this.count;
  }

  private header(text: string): void {
    const { expected } = this.shape;
    const names = text.split(",");
    const missing = expected.find((name) => !names.includes(name));
    if (missing !== undefined || new Set(names).size !== names.length) {
      const found = shorten(text, 60) || "nothing";
      throw new InputError(`${this.file}: line 1`, `the columns ${expected.join(",")}`, found);
    }
    this.names = names;
    this.places = names.map((name) => expected.indexOf(name));
  }

  private row(text: string, names: readonly string[]): void {
    const fields = text.split(",");
    if (fields.length !== names.length) throw this.notNumbers(text);
    for (const [column, field] of fields.entries()) {
      let value = Number.NaN;
      if (field !== "" || !this.shape.mayBeEmpty?.includes(names[column]!)) {
        value = decimal.test(field) ? Number(field) : Number.POSITIVE_INFINITY;
        if (Math.abs(value) === Number.POSITIVE_INFINITY) throw this.notNumbers(text);
      }
      const place = this.places[column]!;
      if (place >= 0) this.numbers[place] = value;
    }
    const i = this.count++;
    this.take(this.numbers, i, () => `${this.file}: line ${i + 2}`);
  }

  private notNumbers(text: string): InputError {
    const expected = `${this.names!.length} numbers`;
    return new InputError(
      `${this.file}: line ${this.count + 2}`,
      expected,
      JSON.stringify(shorten(text, 60)),
    );
  }
}

/**
 * Parses a CSV table of numbers with a header.
 * @param mayBeEmpty columns in which an empty field means NaN
 * @returns rows of numbers in the order of the expected columns
 * @throws InputError for a missing column, and a line that does not consist of numbers
 */
export function parseTable(
  text: string,
  file: string,
  expected: readonly string[],
  mayBeEmpty: readonly string[] = [],
): number[][] {
  const rows: number[][] = [];
  const parser = new TableParser(file, { expected, mayBeEmpty }, (row) => rows.push(Array.from(row)));
  const lines = text.split(/\r?\n/);
  const rest = lines.pop()!;
  for (const line of lines) parser.line(line);
  parser.end(rest);
  return rows;
}

/**
 * Reads a CSV table of numbers with a header row by row.
 * @returns the number of rows
 * @throws InputError for a missing column, a line that does not consist of numbers, and a file that cannot be read or is no text
 */
export async function readTable(file: string, expected: readonly string[], take: TakeRow): Promise<number> {
  const parser = new TableParser(file, { expected }, take);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  const add = (text: string) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop()!;
    for (const line of lines) parser.line(line);
  };
  const decoded = async (bytes?: Buffer) => {
    try {
      return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
    } catch {
      throw new InputError(file, "text", `${(await stat(file)).size} bytes that are not UTF-8`);
    }
  };
  const stream = createReadStream(file, { highWaterMark: 1 << 20 });
  try {
    for await (const bytes of stream) add(await decoded(bytes as Buffer));
    add(await decoded());
  } catch (error) {
    throw error instanceof InputError ? error : withFileName(file, error);
  } finally {
    stream.destroy();
  }
  return parser.end(rest);
}
