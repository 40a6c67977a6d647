import { isSameFile, writeAtomic } from "../atomicWrite";
import { InputError, throwIfStopped } from "../errors";
import type { TaskOptions } from "../progress";
import { byteOrderMark, type StarFile } from "./star";
import { PairsTable } from "./starPairs";
import { type StarTable, withUnderscore } from "./starTable";
import type { StarRows } from "./starText";

const newline = 10;

/** A loop whose rows are byte ranges of the file. */
type Loop = StarTable & StarRows<Buffer>;

/** A column to add to the written rows, or to replace the column of that name. */
export interface StarColumn {
  /** Label without underscore. */
  name: string;
  /** Value of the i-th written row, as one word of a STAR file. */
  text: (i: number) => string;
  /** Whether the i-th written row keeps its own value, if the file has the column. Default: no row does. */
  keeps?: (i: number) => boolean;
}

/** Rows of one table of a STAR file. */
export interface StarSelection {
  star: StarFile;
  /** One of the file's tables. */
  table: StarTable;
  /** Row numbers from 0, in the order in which they are written. */
  rows: ArrayLike<number>;
}

/** Options of {@link writeStarRows}. */
export interface WriteStarOptions extends TaskOptions {
  /** Columns to add or replace. Default: none. */
  columns?: readonly StarColumn[];
}

/** Rows written at a time. */
const chunkRows = 4096;

/**
 * Writes a STAR file again with some rows of one table only. Everything else (other blocks, comments, the bytes of each
 * row) is copied, except columns that are added at the end or replaced.
 *
 * @param target path of the new file, written atomically
 * @throws InputError if `target` is the source file
 */
export async function writeStarRows(
  target: string,
  { star, table, rows }: StarSelection,
  options: WriteStarOptions = {},
): Promise<void> {
  await refuseSameFile(star.file, target);
  const { columns = [], signal, onProgress } = options;
  if (table instanceof PairsTable) {
    await writePairsAsRows(target, { star, table, rows }, columns);
    return;
  }
  const copier = new RowCopier(star.bytes, table as Loop, rows, columns);
  await writeAtomic(target, async (write) => {
    // The byte order mark of some editors is dropped: RELION does not read it.
    await write(copier.head(byteOrderMark(star.bytes)));
    for (let from = 0; from < rows.length; from += chunkRows) {
      throwIfStopped(signal);
      const to = Math.min(from + chunkRows, rows.length);
      for (const part of copier.rows(from, to)) await write(part);
      onProgress?.({ task: "writing particles", done: to, total: rows.length });
    }
    await write(copier.tail());
  });
}

/** The bytes of a file with only some rows of one loop. */
class RowCopier {
  private readonly spans: Uint32Array;
  /** Replaced columns and their places, from left to right. */
  private readonly replaced: { column: StarColumn; place: number }[];
  private readonly added: StarColumn[];

  constructor(
    private readonly bytes: Buffer,
    private readonly table: Loop,
    private readonly wanted: ArrayLike<number>,
    columns: readonly StarColumn[],
  ) {
    this.spans = new Uint32Array(2 * table.columns.length);
    this.replaced = columns
      .map((column) => ({ column, place: table.columns.indexOf(withUnderscore(column.name)) }))
      .filter(({ place }) => place >= 0)
      .sort((a, b) => a.place - b.place);
    this.added = columns.filter((column) => !table.has(column.name));
  }

  /** Everything before the rows, from byte `begin`, with the labels of added columns. */
  head(begin: number): Buffer {
    const { bytes, table, added } = this;
    const before = bytes.subarray(begin, table.count > 0 ? this.firstByte(0) : bytes.length);
    const labels = added.map((column, j) => `_${column.name} #${table.columns.length + j + 1}\n`);
    return Buffer.concat([before, Buffer.from(labels.join(""))]);
  }

  /** Everything after the rows. */
  tail(): Buffer {
    const { count, ends } = this.table;
    return count > 0 ? this.bytes.subarray(ends[count - 1]!) : Buffer.alloc(0);
  }

  /** The wanted rows `from` to `to`, exclusive. */
  rows(from: number, to: number): Iterable<Buffer> {
    const changed = this.replaced.length > 0 || this.added.length > 0;
    return changed ? [this.changedRows(from, to)] : this.copiedRows(from, to);
  }

  private *copiedRows(from: number, to: number): Generator<Buffer> {
    const { bytes, wanted } = this;
    const { ends } = this.table;
    for (let i = from; i < to; ) {
      // Consecutive rows are copied together.
      let last = i;
      while (last + 1 < to && wanted[last + 1] === wanted[last]! + 1) last++;
      const end = ends[wanted[last]!]!;
      yield bytes.subarray(this.firstByte(wanted[i]!), end);
      if (bytes[end - 1] !== newline) yield Buffer.from("\n");
      i = last + 1;
    }
  }

  private changedRows(from: number, to: number): Buffer {
    let text = "";
    for (let i = from; i < to; i++) text += this.changedRow(i);
    return Buffer.from(text, "latin1");
  }

  /** The i-th wanted row, one character for each byte, so that text of any encoding is copied unchanged. */
  private changedRow(i: number): string {
    const { bytes, table, spans } = this;
    const row = this.wanted[i]!;
    const own = (start: number, end: number) => bytes.toString("latin1", start, end);
    const word = (column: StarColumn) => Buffer.from(column.text(i)).toString("latin1");
    const rowStart = table.starts[row]!;
    table.spansOf(row, spans);
    let text = "";
    let at = this.firstByte(row);
    for (const { column, place } of this.replaced) {
      if (column.keeps?.(i)) continue;
      const quoted = isQuoted(bytes, spans[2 * place]!, rowStart) ? 1 : 0;
      text += own(at, spans[2 * place]! - quoted) + word(column);
      at = spans[2 * place + 1]! + quoted;
    }
    const last = spans.length - 2;
    const end = spans[last + 1]! + (isQuoted(bytes, spans[last]!, rowStart) ? 1 : 0);
    // `at` is already past the last value if that was replaced.
    text += own(at, Math.max(end, at));
    for (const column of this.added) text += ` ${word(column)}`;
    text += own(Math.max(end, at), table.ends[row]!);
    return bytes[table.ends[row]! - 1] === newline ? text : `${text}\n`;
  }

  /** First byte that belongs to a row: comments and blank lines belong to the row below them. */
  private firstByte(row: number): number {
    const { starts, ends } = this.table;
    return row === 0 ? lineStart(this.bytes, starts[0]!) : ends[row - 1]!;
  }
}

/** Writes a block of pairs as a loop: pairs can hold one row only, and no further columns. */
async function writePairsAsRows(
  target: string,
  { star, table, rows }: StarSelection & { table: PairsTable },
  columns: readonly StarColumn[],
): Promise<void> {
  const { bytes } = star;
  const added = columns.filter((column) => !table.has(column.name));
  const labels = [...table.columns, ...added.map((column) => `_${column.name}`)];
  const own = table.columns.map((label, j) => ({
    replaced: columns.find((column) => withUnderscore(column.name) === label),
    text: table.words()[j]!,
  }));
  const lines = Array.from({ length: rows.length }, (_, i) =>
    [
      ...own.map(({ replaced, text }) => (replaced && !replaced.keeps?.(i) ? replaced.text(i) : text)),
      ...added.map((c) => c.text(i)),
    ].join(" "),
  );
  const head = labels.map((label, j) => `${label} #${j + 1}\n`).join("");
  await writeAtomic(target, async (write) => {
    await write(bytes.subarray(byteOrderMark(bytes), table.from));
    await write(Buffer.from(`loop_\n${head}${lines.map((line) => `${line}\n`).join("")}`));
    await write(bytes.subarray(table.to));
  });
}

/** Whether a value that begins at `from` is quoted; quotes are not part of the value. */
function isQuoted(bytes: Buffer, from: number, rowStart: number): boolean {
  return from > rowStart && (bytes[from - 1] === 34 || bytes[from - 1] === 39);
}

function lineStart(bytes: Buffer, at: number): number {
  return at === 0 ? 0 : bytes.lastIndexOf(newline, at - 1) + 1;
}

/** @throws InputError if `target` is the file that was read, under this or another name */
export async function refuseSameFile(source: string, target: string): Promise<void> {
  if (await isSameFile(source, target)) {
    throw new InputError(target, "another file than the one that the particles were read from");
  }
}
