import { InputError, throwIfStopped } from "../errors";
import type { TaskOptions } from "../progress";
import { isSameFile, writeBeside } from "../writeBeside";
import { byteOrderMark, type StarFile } from "./star";
import { PairsTable } from "./starPairs";
import { type StarTable, withUnderscore } from "./starTable";
import type { StarRows } from "./starText";

const newline = 10;

/** A loop whose rows lie in the file's own bytes. */
type Loop = StarTable & StarRows<Buffer>;

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
  // RELION is to read the new file, whatever editor the old one went through.
  const begin = byteOrderMark(bytes);
  if (table instanceof PairsTable) {
    await writePairsAsRows(bytes, table, rows, target, options.columns ?? [], begin);
    return;
  }
  const { starts, ends, count } = table as Loop;
  // Between rows there may be comments and blank lines: they stay with the row below them, if it stays.
  const firstByte = (row: number) => (row === 0 ? lineStart(bytes, starts[0]!) : ends[row - 1]!);
  const columns = options.columns ?? [];
  const added = columns.filter((column) => !table.has(column.name));
  await writeBeside(target, async (write) => {
    await write(bytes.subarray(begin, count > 0 ? firstByte(0) : bytes.length));
    const labels = added.map((column, j) => `_${column.name} #${table.columns.length + j + 1}\n`);
    await write(Buffer.from(labels.join("")));
    for (let from = 0; from < rows.length; from += CHUNK) {
      throwIfStopped(options.signal);
      const to = Math.min(from + CHUNK, rows.length);
      if (columns.length > 0) {
        await write(rowsWithColumns(bytes, table as Loop, rows, from, to, columns, firstByte));
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

/** Writes a block of pairs as a loop: pairs can hold one row only, and have no columns to add to. */
async function writePairsAsRows(
  bytes: Buffer,
  table: PairsTable,
  rows: ArrayLike<number>,
  target: string,
  columns: readonly StarColumn[],
  begin: number,
): Promise<void> {
  const added = columns.filter((column) => !table.has(column.name));
  const labels = [...table.columns, ...added.map((column) => `_${column.name}`)];
  const own = table.columns.map((label, j) => ({
    replaced: columns.find((column) => withUnderscore(column.name) === label),
    text: table.words()[j]!,
  }));
  const lines = Array.from({ length: rows.length }, (_, i) =>
    [...own.map(({ replaced, text }) => replaced?.text(i) ?? text), ...added.map((c) => c.text(i))].join(" "),
  );
  const head = labels.map((label, j) => `${label} #${j + 1}\n`).join("");
  await writeBeside(target, async (write) => {
    await write(bytes.subarray(begin, table.from));
    await write(Buffer.from(`loop_\n${head}${lines.map((line) => `${line}\n`).join("")}`));
    await write(bytes.subarray(table.to));
  });
}

/** The bytes of rows with new values in some columns, and new columns behind the last. */
function rowsWithColumns(
  bytes: Buffer,
  table: Loop,
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
