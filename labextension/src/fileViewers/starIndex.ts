import { InputError } from "e2gmm/dist/errors.js";

/**
 * Finds blocks, loops and rows of a STAR file in the page, while the file is still arriving. The kernel's reader
 * (`particles/star.ts`) indexes a whole Node buffer at once and refuses what is broken; this one can stop after any
 * line and go on later, and keeps what came before a broken line, so that it can be looked at.
 */

const newline = 10;
const hash = 35;
const underscore = 95;
const semicolon = 59;

/** Space, tab, carriage return and the like: all that separates values. */
export function isBlank(byte: number): boolean {
  return byte <= 32;
}

/** One loop of a file, or the pairs of a block as a table of names and values. Rows stay in the file's own bytes. */
export class StarSheet {
  /** Names as in the file, with their underscore; `name` and `value` for pairs. */
  readonly columns: string[] = [];
  /** First byte of each row, of which there are `count`. */
  starts = new Uint32Array(256);
  /** First byte after each row's line. */
  ends = new Uint32Array(256);
  count = 0;

  constructor(
    readonly bytes: Uint8Array,
    /** Name of the block without `data_`. */
    readonly block: string,
    readonly kind: "loop" | "pairs",
  ) {
    if (kind === "pairs") this.columns.push("name", "value");
  }

  addRow(start: number, end: number): void {
    if (this.count === this.starts.length) {
      this.starts = doubled(this.starts);
      this.ends = doubled(this.ends);
    }
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
  }

  /**
   * Puts the byte range [from, to) of each value of a row, quotes left out, into `spans[2j]`, `spans[2j + 1]`, and
   * returns how many values the row has, which may be more than `spans` has room for, or −1 where a quote stays open.
   */
  spansOf(row: number, spans: Uint32Array): number {
    const { bytes } = this;
    const end = this.ends[row]!;
    let at = this.starts[row]!;
    for (let column = 0; ; column++) {
      while (at < end && isBlank(bytes[at]!)) at++;
      if (at >= end || bytes[at] === hash) return column;
      let from = at;
      let to: number;
      const quote = bytes[at]!;
      if (quote === 34 || quote === 39) {
        from = at + 1;
        to = endOfQuoted(bytes, from, end, quote);
        if (to < 0) return -1;
        at = to + 1;
      } else {
        while (at < end && !isBlank(bytes[at]!)) at++;
        to = at;
      }
      if (2 * column < spans.length) {
        spans[2 * column] = from;
        spans[2 * column + 1] = to;
      }
    }
  }

  /** What is wrong with a row that has `found` values (see {@link spansOf}), or undefined. */
  problemWith(row: number, found: number): string | undefined {
    if (found === this.columns.length) return undefined;
    const place = `row ${row + 1} (line ${this.lineOf(row)})`;
    return found < 0
      ? `${place}: expected a closing quote`
      : `${place}: expected ${this.columns.length} values, one for each column, found ${found}`;
  }

  private lineOf(row: number): number {
    let lines = 1;
    const before = this.starts[row]!;
    for (
      let at = this.bytes.indexOf(newline);
      at >= 0 && at < before;
      at = this.bytes.indexOf(newline, at + 1)
    ) {
      lines++;
    }
    return lines;
  }
}

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

const decoder = new TextDecoder();

/** Goes through the bytes of a STAR file from the front, line by line. */
export class StarIndexer {
  /** Loops and pairs in the order of the file. */
  readonly sheets: StarSheet[] = [];
  /** The byte up to which the file is indexed. */
  at = 0;
  private begun = false;
  private line = 0;
  private block: string | undefined;
  private loop: StarSheet | undefined;
  private pairs: StarSheet | undefined;

  /**
   * @param bytes  room for the file, which is filled from the front
   * @param file   its name, for messages
   */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
  ) {}

  /**
   * Indexes whole lines among the first `filled` bytes until `pause` says so, which is asked every few hundred lines.
   * The last line counts as whole when `last` is set.
   *
   * @returns whether all whole lines have been indexed
   * @throws InputError at a line that cannot be understood; what came before it stays
   */
  advance(filled: number, last: boolean, pause: () => boolean): boolean {
    const { bytes } = this;
    if (!this.begun) {
      const start = Math.min(4096, bytes.length);
      if (filled < start && !last) return true;
      this.begin(bytes.subarray(0, Math.min(filled, start)));
    }
    // Beyond what has arrived there is nothing to be searched
    const arrived = bytes.subarray(0, filled);
    for (let steps = 1; this.at < filled; steps++) {
      if (steps % 512 === 0 && pause()) return false;
      const found = arrived.indexOf(newline, this.at);
      if (found < 0) {
        if (!last) return true;
        this.take(this.at, filled);
        this.at = filled;
        return true;
      }
      this.take(this.at, found + 1);
      this.at = found + 1;
    }
    return true;
  }

  /** @throws InputError when the file, now at its end, had no block */
  finish(): void {
    if (this.block !== undefined) return;
    throw new InputError(this.file, "a STAR file", this.bytes.length ? "only blanks" : "an empty file");
  }

  private take(start: number, end: number): void {
    const { bytes } = this;
    this.line++;
    let at = start;
    while (at < end && isBlank(bytes[at]!)) at++;
    if (at === end || bytes[at] === hash) return;
    const words = () => decoder.decode(bytes.subarray(at, end)).trim();
    const place = () => `${this.file}: line ${this.line}`;
    if (startsWith(bytes, at, end, "data_")) {
      this.block = words().split(/\s/)[0]!.slice(5);
      this.loop = undefined;
      this.pairs = undefined;
    } else if (this.block === undefined) {
      throw new InputError(place(), "a STAR file, in which data_… comes first", shorten(words()));
    } else if (startsWith(bytes, at, end, "loop_")) {
      this.loop = new StarSheet(bytes, this.block, "loop");
      this.sheets.push(this.loop);
    } else if (bytes[at] === underscore && this.loop?.count === 0) {
      const name = words().split(/\s/, 1)[0]!;
      if (this.loop.columns.includes(name))
        throw new InputError(place(), "each column once", `a second ${name}`);
      this.loop.columns.push(name);
    } else if (bytes[at] === underscore) {
      // Pairs may also follow a loop after its rows
      this.loop = undefined;
      if (!this.pairs) {
        this.pairs = new StarSheet(bytes, this.block, "pairs");
        this.sheets.push(this.pairs);
      }
      this.pairs.addRow(at, end);
    } else if (!this.loop || this.loop.columns.length === 0) {
      throw new InputError(place(), "data_…, loop_ or a name that begins with _", shorten(words()));
    } else if (at === start && bytes[at] === semicolon && isBlank(bytes[at + 1] ?? newline)) {
      throw new InputError(place(), "one line for each row", "a text of several lines (;)");
    } else {
      this.loop.addRow(at, end);
    }
  }

  /** @throws InputError when the first bytes are those of something else */
  private begin(start: Uint8Array): void {
    this.begun = true;
    if (start.includes(0)) throw new InputError(this.file, "a STAR file", "binary data");
    const text = decoder.decode(start.subarray(0, 512)).trim();
    if (text.startsWith("<")) {
      throw new InputError(
        this.file,
        "a STAR file",
        `HTML or XML beginning with ${shorten(text.split("\n")[0]!)}`,
      );
    }
    const hasByteOrderMark = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf;
    if (hasByteOrderMark) this.at = 3;
  }
}

function startsWith(bytes: Uint8Array, at: number, end: number, word: string): boolean {
  if (end - at < word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return false;
  return true;
}

function shorten(text: string): string {
  return `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}"`;
}
