import { InputError, throwIfStopped } from "../errors";
import { openSource } from "../maps/mrcSource";
import type { TaskOptions } from "../progress";
import { isSameFile, writeBeside } from "../writeBeside";
import { parseNumber } from "./parseNumber";
import { refuseOtherFormats, StarLines, StarRows } from "./starText";

/** A loop of a STAR file: named columns, and rows that stay where they are in the file's own text. */
export interface StarTable {
  /** Name of the block without `data_`: `optics`, `particles`, or an empty string. */
  readonly block: string;
  /** Names of the columns with their leading underscore, as in the file. */
  readonly columns: readonly string[];
  readonly count: number;
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

/** A STAR file held as the bytes that were read, with an index of its blocks, loops and rows. */
export interface StarFile {
  readonly file: string;
  readonly bytes: Buffer;
  readonly tables: readonly StarTable[];
  /** Key and value pairs of each block, keys with their leading underscore. */
  readonly pairs: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The first loop of the block of this name. */
  table(block: string): StarTable | undefined;
}

const newline = 10;

class Table extends StarRows<Buffer> implements StarTable {
  private checked = false;

  constructor(
    private readonly file: string,
    bytes: Buffer,
    block: string,
  ) {
    super(bytes, block);
  }

  has(column: string): boolean {
    return this.columns.includes(withUnderscore(column));
  }

  where(row: number): string {
    return `${this.file}: row ${row + 1} (line ${this.lineOf(row)})`;
  }

  numbers(names: readonly string[]): Float64Array[] {
    const reader = new NumberReader(this, this.bytes, names);
    this.scan(names, (row, spans) => reader.take(row, spans, 0));
    return reader.values;
  }

  text(column: string): string[] {
    const values = new Array<string>(this.count);
    this.scan([column], (row, spans) => {
      values[row] = this.bytes.toString("utf8", spans[0]!, spans[1]!);
    });
    return values;
  }

  override spansOf(row: number, spans: Uint32Array): number {
    const found = super.spansOf(row, spans);
    this.check(row, found);
    return found;
  }

  rows(from: number, to: number): string[][] {
    const { columns } = this;
    const spans = new Uint32Array(2 * columns.length);
    const rows: string[][] = [];
    for (let row = Math.max(from, 0); row < Math.min(to, this.count); row++) {
      this.spansOf(row, spans);
      rows.push(columns.map((_, j) => this.bytes.toString("utf8", spans[2 * j]!, spans[2 * j + 1]!)));
    }
    return rows;
  }

  scan(names: readonly string[], visit: (row: number, spans: Uint32Array) => void): void {
    const wanted = new Int32Array(this.columns.length).fill(-1);
    const twice: [number, number][] = [];
    for (const [j, name] of names.entries()) {
      const column = this.columns.indexOf(withUnderscore(name));
      if (column < 0) {
        const found = this.columns.length > 0 ? this.columns.join(" ") : "none";
        throw new InputError(
          `${this.file}: data_${this.block}`,
          `a column ${withUnderscore(name)}`,
          `columns ${found}`,
        );
      }
      if (wanted[column]! >= 0) twice.push([j, wanted[column]!]);
      else wanted[column] = j;
    }
    // The first pass walks every row to its end and so finds ragged ones; later passes stop at the last wanted column.
    const last = this.checked ? wanted.reduce((most, j, i) => (j >= 0 ? i : most), -1) : this.columns.length;
    const spans = new Uint32Array(2 * names.length);
    for (let row = 0; row < this.count; row++) {
      const found = this.scanRow(row, wanted, last, spans);
      if (found < 0 || last === this.columns.length) this.check(row, found);
      for (const [to, from] of twice) {
        spans[2 * to] = spans[2 * from]!;
        spans[2 * to + 1] = spans[2 * from + 1]!;
      }
      visit(row, spans);
    }
    this.checked = true;
  }

  /** @throws InputError unless `found`, as the scan of a row tells, is one value for each column */
  private check(row: number, found: number): void {
    const { length } = this.columns;
    if (found === length) return;
    if (found < 0) throw new InputError(this.where(row), `a closing ${String.fromCharCode(-found)}`);
    throw new InputError(
      this.where(row),
      `${length} values, one for each column`,
      found > length ? "more" : String(found),
    );
  }
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

function withUnderscore(column: string): string {
  return column.startsWith("_") ? column : `_${column}`;
}

/**
 * Reads a STAR file: RELION's dialect, in which every row of a loop stands on one line of its own. Rows are only
 * located; values are parsed when asked for.
 *
 * @throws InputError when the file is missing, is something else (HTML, binary), or its structure is broken
 */
export async function readStar(file: string): Promise<StarFile> {
  const source = await openSource(file);
  try {
    // Rows are found by 32-bit offsets.
    if (source.size >= 2 ** 32) throw new InputError(file, "a STAR file below 4 GiB", `${source.size} bytes`);
    return parseStar(await source.read(0, source.size), file);
  } finally {
    await source.close();
  }
}

/** Indexes the bytes of a STAR file, see {@link readStar}. `file` is used in messages only. */
export function parseStar(bytes: Buffer, file: string): StarFile {
  refuseOtherFormats(bytes, file);
  const tables: Table[] = [];
  const pairs = new Map<string, Map<string, string>>();
  const lines = new StarLines(bytes, file, {
    block: (name) => {
      if (!pairs.has(name)) pairs.set(name, new Map());
    },
    loop: (block) => {
      const table = new Table(file, bytes, block);
      tables.push(table);
      return table;
    },
    pair: (block, at, end) => {
      const words = bytes.toString("utf8", at, end).trim();
      const [name] = words.split(/\s/, 1) as [string];
      pairs.get(block)!.set(name, unquote(words.slice(name.length).trim()));
    },
  });
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(newline, start);
    const end = found < 0 ? bytes.length : found + 1;
    lines.take(start, end);
    start = end;
  }
  lines.finish();
  return {
    file,
    bytes,
    tables,
    pairs,
    table: (name) => tables.find((candidate) => candidate.block === name),
  };
}

function unquote(value: string): string {
  const quoted = /^(["'])(.*)\1(?:\s|$)/.exec(value);
  return quoted ? quoted[2]! : value.split(/\s+#/)[0]!;
}

/** A column to add to rows that are written, or to write in place of the one of that name. */
export interface StarColumn {
  /** Label without underscore. */
  name: string;
  /** Value for the i-th of the rows that are written, one word as it is to stand in the file. */
  text: (i: number) => string;
}

export interface WriteStarOptions extends TaskOptions {
  columns?: readonly StarColumn[];
}

/** Rows that are written at a time. */
const CHUNK = 4096;

/**
 * Writes the file again with some rows of one table only, in the given order. All else (other blocks, comments,
 * the bytes of each row) stays as it is, but for columns that are added at the end or have new values. The new file
 * appears when complete.
 *
 * @throws InputError when `target` is the file itself
 */
export async function writeStarRows(
  star: StarFile,
  table: StarTable,
  rows: ArrayLike<number>,
  target: string,
  options: WriteStarOptions = {},
): Promise<void> {
  await refuseSameFile(star.file, target);
  const { bytes } = star;
  const { starts, ends, count } = table as Table;
  // Between rows there may be comments and blank lines: they stay with the row below them, if it stays.
  const firstByte = (row: number) => (row === 0 ? lineStart(bytes, starts[0]!) : ends[row - 1]!);
  const columns = options.columns ?? [];
  const added = columns.filter((column) => !table.has(column.name));
  await writeBeside(target, async (write) => {
    await write(bytes.subarray(0, count > 0 ? firstByte(0) : bytes.length));
    const labels = added.map((column, j) => `_${column.name} #${table.columns.length + j + 1}\n`);
    await write(Buffer.from(labels.join("")));
    for (let from = 0; from < rows.length; from += CHUNK) {
      throwIfStopped(options.signal);
      const to = Math.min(from + CHUNK, rows.length);
      if (columns.length > 0) {
        await write(rowsWithColumns(bytes, table as Table, rows, from, to, columns, firstByte));
      } else {
        for (let i = from; i < to; ) {
          // Neighbouring rows go out in one piece.
          let last = i;
          while (last + 1 < to && rows[last + 1] === rows[last]! + 1) last++;
          const end = ends[rows[last]!]!;
          await write(bytes.subarray(firstByte(rows[i]!), end));
          if (bytes[end - 1] !== newline) await write(Buffer.from("\n"));
          i = last + 1;
        }
      }
      options.onProgress?.({ task: "writing particles", done: to, total: rows.length });
    }
    if (count > 0) await write(bytes.subarray(ends[count - 1]!));
  });
}

/** The bytes of rows with new values in some columns, and new columns behind the last. */
function rowsWithColumns(
  bytes: Buffer,
  table: Table,
  rows: ArrayLike<number>,
  from: number,
  to: number,
  columns: readonly StarColumn[],
  firstByte: (row: number) => number,
): Buffer {
  const spans = new Uint32Array(2 * table.columns.length);
  const places = columns
    .map((column) => ({ column, place: table.columns.indexOf(withUnderscore(column.name)) }))
    .sort((a, b) => a.place - b.place);
  const replaced = places.filter(({ place }) => place >= 0);
  const added = columns.filter((column) => !table.has(column.name));
  // Bytes as characters: whatever the file's own text is, it comes out as it went in.
  const own = (start: number, end: number) => bytes.toString("latin1", start, end);
  const word = (column: StarColumn, i: number) => Buffer.from(column.text(i)).toString("latin1");
  let text = "";
  for (let i = from; i < to; i++) {
    const row = rows[i]!;
    table.spansOf(row, spans);
    let at = firstByte(row);
    for (const { column, place } of replaced) {
      const quoted = isQuoted(bytes, spans[2 * place]!, table.starts[row]!) ? 1 : 0;
      text += own(at, spans[2 * place]! - quoted) + word(column, i);
      at = spans[2 * place + 1]! + quoted;
    }
    const last = spans.length - 2;
    const end = spans[last + 1]! + (isQuoted(bytes, spans[last]!, table.starts[row]!) ? 1 : 0);
    // Where the last column was replaced, what there was of it is passed already.
    text += own(at, Math.max(end, at));
    for (const column of added) text += ` ${word(column, i)}`;
    text += own(Math.max(end, at), table.ends[row]!);
    if (bytes[table.ends[row]! - 1] !== newline) text += "\n";
  }
  return Buffer.from(text, "latin1");
}

/** Whether a value that begins at `from` stands in quotes, which are not part of it. */
function isQuoted(bytes: Buffer, from: number, rowStart: number): boolean {
  return from > rowStart && (bytes[from - 1] === 34 || bytes[from - 1] === 39);
}

function lineStart(bytes: Buffer, at: number): number {
  return at === 0 ? 0 : bytes.lastIndexOf(newline, at - 1) + 1;
}

/** @throws InputError when `target` is the file that was read, under this or another name */
export async function refuseSameFile(source: string, target: string): Promise<void> {
  if (await isSameFile(source, target)) {
    throw new InputError(target, "another file than the one that the particles were read from");
  }
}
