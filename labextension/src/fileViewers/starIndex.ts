import { refuseOtherFormats, StarLines, StarRows } from "e2gmm/formats/starText";

const newline = 10;

/** One loop of a file, or the pairs of a block as a table of names and values, whose columns are `name` and `value`. */
export class StarSheet extends StarRows {
  constructor(
    bytes: Uint8Array,
    block: string,
    readonly kind: "loop" | "pairs",
  ) {
    super(bytes, block);
    if (kind === "pairs") this.columns.push("name", "value");
  }

  /** What is wrong with a row that has `found` values (see {@link spansOf}), or undefined. */
  problemWith(row: number, found: number): string | undefined {
    if (found === this.columns.length) return undefined;
    const place = `row ${row + 1} (line ${this.lineOf(row)})`;
    return found < 0
      ? `${place}: expected a closing quote`
      : `${place}: expected ${this.columns.length} values, one for each column, found ${found}`;
  }
}

/**
 * Finds blocks, loops and rows of a STAR file in the page, while the file is still arriving. The kernel's reader
 * (`formats/star.ts`) indexes a whole file at once and refuses what is broken; this one can stop after any line and
 * go on later, and keeps what came before a broken line, so that it can be looked at.
 */
export class StarIndexer {
  /** Loops and pairs in the order of the file. */
  readonly sheets: StarSheet[] = [];
  /** The byte up to which the file is indexed. */
  at = 0;
  private started = false;
  private pairs: StarSheet | undefined;
  private readonly lines: StarLines;

  /**
   * @param bytes  room for the file, which is filled from the front
   * @param file   its name, for messages
   */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
  ) {
    this.lines = new StarLines(bytes, file, {
      block: () => {
        this.pairs = undefined;
      },
      loop: (block) => this.begun(new StarSheet(bytes, block, "loop")),
      pair: (block, at, end) => {
        this.pairs ??= this.begun(new StarSheet(bytes, block, "pairs"));
        this.pairs.addRow(at, end);
      },
    });
  }

  private begun(sheet: StarSheet): StarSheet {
    this.sheets.push(sheet);
    return sheet;
  }

  /**
   * Indexes whole lines among the first `filled` bytes until `pause` says so, which is asked every few hundred lines.
   * The last line counts as whole when `last` is set.
   *
   * @returns whether all whole lines have been indexed
   * @throws InputError at a line that cannot be understood; what came before it stays
   */
  advance(filled: number, last: boolean, pause: () => boolean): boolean {
    const { bytes } = this;
    if (!this.started) {
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
        this.lines.take(this.at, filled);
        this.at = filled;
        return true;
      }
      this.lines.take(this.at, found + 1);
      this.at = found + 1;
    }
    return true;
  }

  /** @throws InputError when the file, now at its end, had no block */
  finish(): void {
    this.lines.finish();
  }

  /** @throws InputError when the first bytes are those of something else */
  private begin(start: Uint8Array): void {
    this.started = true;
    refuseOtherFormats(start, this.file);
    const hasByteOrderMark = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf;
    if (hasByteOrderMark) this.at = 3;
  }
}
