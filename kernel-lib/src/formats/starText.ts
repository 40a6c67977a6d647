import { InputError } from "../errors";
import { shorten } from "../shortText";

// Also used in browsers by JupyterLab's file viewers: no Node modules.

/** Parsing of STAR files to byte ranges of blocks, loops, rows and values. */

const newline = 10;
const hash = 35;
const underscore = 95;
const semicolon = 59;

/** Whether a byte separates values: space, tab, carriage return and other control characters. */
export function isBlank(byte: number): boolean {
  return byte <= 32;
}

/** Columns of a loop, and the byte ranges of its rows. */
export class StarRows<Bytes extends Uint8Array = Uint8Array> {
  /** Names as in the file, with their underscore. */
  readonly columns: string[] = [];
  /** First byte of each of the `count` rows; grown by doubling. */
  starts = new Uint32Array(1024);
  /** First byte after each row's line, which includes its newline. */
  ends = new Uint32Array(1024);
  /** Number of rows. */
  count = 0;
  /** Commented-out rows: comments with one word per column, counting the # as part of the first. */
  hiddenRows = 0;
  private first = new Int32Array(0);

  constructor(
    readonly bytes: Bytes,
    /** Name of the block without `data_`. */
    readonly block: string,
  ) {}

  /** Adds a row in bytes [start, end). */
  addRow(start: number, end: number): void {
    if (this.count === this.starts.length) {
      this.starts = doubled(this.starts);
      this.ends = doubled(this.ends);
    }
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
  }

  /** Adds a comment line in bytes [start, end), which starts with #. */
  addComment(start: number, end: number): void {
    const { bytes } = this;
    let words = 0;
    for (let at = start; at < end; at++) {
      if (!isBlank(bytes[at]!) && (at === start || isBlank(bytes[at - 1]!))) words++;
    }
    if (words > 0 && words === this.columns.length) this.hiddenRows++;
  }

  /** Line number of a row, counted from 1. */
  lineOf(row: number): number {
    const { bytes } = this;
    const before = this.starts[row]!;
    let line = 1;
    for (let at = bytes.indexOf(newline); at >= 0 && at < before; at = bytes.indexOf(newline, at + 1)) line++;
    return line;
  }

  /**
   * Writes the byte range [from, to) of each value of a row, without quotes, to `spans[2j]`, `spans[2j + 1]`.
   * @returns the number of values, which may exceed the room in `spans`; −34 or −39, its negative character code, for an
   *   unclosed quote
   */
  spansOf(row: number, spans: Uint32Array): number {
    const room = spans.length >> 1;
    if (this.first.length !== room) this.first = Int32Array.from({ length: room }, (_, column) => column);
    return this.scanRow(row, this.first, endOfRow, spans);
  }

  /**
   * As {@link spansOf}, for some columns up to column `last`: the range of column i is written to place `wanted[i]`, unless
   * that is −1.
   */
  protected scanRow(row: number, wanted: Int32Array, last: number, spans: Uint32Array): number {
    const { bytes } = this;
    const end = this.ends[row]!;
    let at = this.starts[row]!;
    let column = 0;
    while (column <= last) {
      while (at < end && isBlank(bytes[at]!)) at++;
      if (at >= end || bytes[at] === hash) break;
      let from = at;
      let to: number;
      const quote = bytes[at]!;
      if (quote === 34 || quote === 39) {
        from = at + 1;
        to = endOfQuoted(bytes, from, end, quote);
        if (to < 0) return -quote;
        at = to + 1;
      } else {
        while (at < end && !isBlank(bytes[at]!)) at++;
        to = at;
      }
      const j = column < wanted.length ? wanted[column]! : -1;
      if (j >= 0) {
        spans[2 * j] = from;
        spans[2 * j + 1] = to;
      }
      column++;
    }
    return column;
  }
}

/** A column number beyond any row. */
const endOfRow = 0x3fffffff;

function doubled(array: Uint32Array): Uint32Array {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}

/** A quoted value ends at a quote followed by a blank, so that `5'-end` needs no escaping. */
function endOfQuoted(bytes: Uint8Array, from: number, end: number, quote: number): number {
  for (let i = from; i < end; i++) {
    if (bytes[i] === quote && (i + 1 >= end || isBlank(bytes[i + 1]!))) return i;
  }
  return -1;
}

/** Receives the parts of a STAR file. */
export interface StarParts {
  /** A block starts. */
  block?(name: string): void;
  /** A loop starts; the result receives its columns and rows. */
  loop(block: string): StarRows;
  /** A name and its value in bytes [at, end), the rest of the line. */
  pair(block: string, at: number, end: number): void;
}

const decoder = new TextDecoder();

/** Parses a STAR file line by line, in RELION's dialect with one line per row. */
export class StarLines {
  private line = 0;
  private block: string | undefined;
  private loop: StarRows | undefined;

  /**
   * @param bytes the file
   * @param file  its name, for messages
   * @param parts receives its parts
   */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
    private readonly parts: StarParts,
  ) {}

  /**
   * Parses the next line, bytes [start, end) including its newline.
   * @throws InputError for a malformed line
   */
  take(start: number, end: number): void {
    const { bytes, loop } = this;
    this.line++;
    let at = start;
    while (at < end && isBlank(bytes[at]!)) at++;
    if (at < end && bytes[at] === hash) loop?.addComment(at, end);
    if (at === end || bytes[at] === hash) return;
    if (startsWith(bytes, at, end, "data_")) {
      this.block = this.words(at, end).split(/\s/)[0]!.slice(5);
      this.loop = undefined;
      this.parts.block?.(this.block);
    } else if (this.block === undefined) {
      this.refuse("a STAR file, which begins with data_…", quoted(this.words(at, end)));
    } else if (startsWith(bytes, at, end, "loop_")) {
      this.loop = this.parts.loop(this.block);
    } else if (bytes[at] === underscore && loop?.count === 0) {
      const name = this.words(at, end).split(/\s/, 1)[0]!;
      if (loop.columns.includes(name)) this.refuse("each column once", `a second ${name}`);
      loop.columns.push(name);
      loop.hiddenRows = 0;
    } else if (bytes[at] === underscore) {
      // Pairs may follow the rows of a loop.
      this.loop = undefined;
      this.parts.pair(this.block, at, end);
    } else if (!loop || loop.columns.length === 0) {
      this.refuse("data_…, loop_ or a name that begins with _", quoted(this.words(at, end)));
    } else if (at === start && bytes[at] === semicolon && isBlank(bytes[at + 1] ?? newline)) {
      this.refuse("one line for each row", "a text of several lines (;)");
    } else {
      loop.addRow(at, end);
    }
  }

  /** Ends the file. @throws InputError if it has no block */
  finish(): void {
    if (this.block !== undefined) return;
    throw new InputError(this.file, "a STAR file", this.bytes.length ? "only blanks" : "an empty file");
  }

  private words(at: number, end: number): string {
    return decoder.decode(this.bytes.subarray(at, end)).trim();
  }

  private refuse(expected: string, found: string): never {
    throw new InputError(`${this.file}: line ${this.line}`, expected, found);
  }
}

/** @throws InputError if the first bytes of a file are those of another format */
export function refuseOtherFormats(start: Uint8Array, file: string): void {
  const text = decoder.decode(start.subarray(0, 512)).trim();
  if (text.startsWith("<")) {
    throw new InputError(file, "a STAR file", `HTML or XML beginning with ${quoted(text.split("\n")[0]!)}`);
  }
  const [first, second] = start;
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  // Without a byte order mark, every other byte of UTF-16 text is 0.
  const wide = /^(?:[\t-~]\0){4}|^(?:\0[\t-~]){4}/.test(String.fromCharCode(...start.subarray(0, 8)));
  if (marked || wide) throw new InputError(file, "a STAR file", "UTF-16 text: save it as UTF-8");
  if (start.subarray(0, 4096).includes(0)) throw new InputError(file, "a STAR file", "binary data");
}

function startsWith(bytes: Uint8Array, at: number, end: number, word: string): boolean {
  if (end - at < word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return false;
  return true;
}

function quoted(text: string): string {
  return `"${shorten(text, 60)}"`;
}
