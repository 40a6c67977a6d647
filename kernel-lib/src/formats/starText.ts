import { InputError } from "../errors";

/**
 * How a STAR file lies in its bytes: blocks, loops, rows, values. What the kernel's reader and that of JupyterLab's file
 * viewer share; it needs nothing of Node.
 */

const newline = 10;
const hash = 35;
const underscore = 95;
const semicolon = 59;

/** Space, tab, carriage return and the like: all that separates values. Control characters do not occur otherwise. */
export function isBlank(byte: number): boolean {
  return byte <= 32;
}

/** Columns of a loop, and its rows, which stay where they are in the file's own bytes. */
export class StarRows<Bytes extends Uint8Array = Uint8Array> {
  /** Names as in the file, with their underscore. */
  readonly columns: string[] = [];
  /** First byte of each row, of which there are `count`; grown by doubling. */
  starts = new Uint32Array(1024);
  /** First byte after each row's line, its newline included. */
  ends = new Uint32Array(1024);
  count = 0;
  /** Comments among the rows that have one word for each column, the # being part of the first. */
  hiddenRows = 0;
  private first = new Int32Array(0);

  constructor(
    readonly bytes: Bytes,
    /** Name of the block without `data_`. */
    readonly block: string,
  ) {}

  addRow(start: number, end: number): void {
    if (this.count === this.starts.length) {
      this.starts = doubled(this.starts);
      this.ends = doubled(this.ends);
    }
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
  }

  /** Takes the line of a comment, bytes [start, end), which begins with #. */
  addComment(start: number, end: number): void {
    const { bytes } = this;
    let words = 0;
    for (let at = start; at < end; at++) {
      if (!isBlank(bytes[at]!) && (at === start || isBlank(bytes[at - 1]!))) words++;
    }
    if (words > 0 && words === this.columns.length) this.hiddenRows++;
  }

  /** Line of the file that a row stands on, counted from 1. */
  lineOf(row: number): number {
    const { bytes } = this;
    const before = this.starts[row]!;
    let line = 1;
    for (let at = bytes.indexOf(newline); at >= 0 && at < before; at = bytes.indexOf(newline, at + 1)) line++;
    return line;
  }

  /**
   * Puts the byte range [from, to) of each value of a row, quotes left out, into `spans[2j]`, `spans[2j + 1]`, and
   * returns how many values the row has, which may be more than `spans` has room for; less than 0 where a quote stays
   * open: −34 or −39, after its character.
   */
  spansOf(row: number, spans: Uint32Array): number {
    const room = spans.length >> 1;
    if (this.first.length !== room) this.first = Int32Array.from({ length: room }, (_, column) => column);
    return this.scanRow(row, this.first, END_OF_ROW, spans);
  }

  /**
   * The same for the columns that are wanted, until column `last` is passed: that of column i goes into place `wanted[i]`
   * of `spans`, −1 for none.
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

/** More columns than any row has. */
const END_OF_ROW = 0x3fffffff;

function doubled(array: Uint32Array): Uint32Array {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}

/** A quote ends where the same quote is followed by a blank, so that `5'-end` needs no escaping. */
function endOfQuoted(bytes: Uint8Array, from: number, end: number, quote: number): number {
  for (let i = from; i < end; i++) {
    if (bytes[i] === quote && (i + 1 >= end || isBlank(bytes[i + 1]!))) return i;
  }
  return -1;
}

/** What becomes of the parts of a file. */
export interface StarParts {
  /** A block begins. */
  block?(name: string): void;
  /** A loop begins; it is given its columns and rows. */
  loop(block: string): StarRows;
  /** A key and its value in bytes [at, end), the rest of the line. */
  pair(block: string, at: number, end: number): void;
}

const decoder = new TextDecoder();

/** Takes a STAR file line by line: RELION's dialect, in which every row of a loop stands on one line of its own. */
export class StarLines {
  private line = 0;
  private block: string | undefined;
  private loop: StarRows | undefined;

  /** @param file its name, for messages */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
    private readonly parts: StarParts,
  ) {}

  /**
   * Takes the next line, bytes [start, end) with its newline.
   * @throws InputError where it cannot be understood
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
      this.refuse("a STAR file, in which data_… comes first", shorten(this.words(at, end)));
    } else if (startsWith(bytes, at, end, "loop_")) {
      this.loop = this.parts.loop(this.block);
    } else if (bytes[at] === underscore && loop?.count === 0) {
      const name = this.words(at, end).split(/\s/, 1)[0]!;
      if (loop.columns.includes(name)) this.refuse("each column once", `a second ${name}`);
      loop.columns.push(name);
      loop.hiddenRows = 0;
    } else if (bytes[at] === underscore) {
      // Pairs may also follow a loop after its rows
      this.loop = undefined;
      this.parts.pair(this.block, at, end);
    } else if (!loop || loop.columns.length === 0) {
      this.refuse("data_…, loop_ or a name that begins with _", shorten(this.words(at, end)));
    } else if (at === start && bytes[at] === semicolon && isBlank(bytes[at + 1] ?? newline)) {
      this.refuse("one line for each row", "a text of several lines (;)");
    } else {
      loop.addRow(at, end);
    }
  }

  /** @throws InputError when the file, now at its end, had no block */
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

/** @throws InputError when a file of these first bytes is something else */
export function refuseOtherFormats(start: Uint8Array, file: string): void {
  const text = decoder.decode(start.subarray(0, 512)).trim();
  if (text.startsWith("<")) {
    throw new InputError(file, "a STAR file", `HTML or XML beginning with ${shorten(text.split("\n")[0]!)}`);
  }
  const [first, second] = start;
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  // Without a mark every other byte of such text is 0.
  const wide = /^(?:[\t-~]\0){4}|^(?:\0[\t-~]){4}/.test(String.fromCharCode(...start.subarray(0, 8)));
  if (marked || wide) throw new InputError(file, "a STAR file", "UTF-16 text: save it as UTF-8");
  if (start.subarray(0, 4096).includes(0)) throw new InputError(file, "a STAR file", "binary data");
}

function startsWith(bytes: Uint8Array, at: number, end: number, word: string): boolean {
  if (end - at < word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return false;
  return true;
}

function shorten(text: string): string {
  return `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}"`;
}
