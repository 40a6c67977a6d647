import { refuseOtherFormats, StarLines, StarRows } from "e2gmm/formats/starText";

const newline = 10;

/** One loop of a file, or the pairs of a block as a table with the columns `name` and `value`. */
export class StarSheet extends StarRows {
  constructor(
    bytes: Uint8Array,
    block: string,
    readonly kind: "loop" | "pairs",
  ) {
    super(bytes, block);
    if (kind === "pairs") this.columns.push("name", "value");
  }

  /** What is wrong with a row that has `found` values, as {@link spansOf} counts them; undefined if nothing is. */
  problemWith(row: number, found: number): string | undefined {
    if (found === this.columns.length) return undefined;
    const place = `row ${row + 1} (line ${this.lineOf(row)})`;
    return found < 0
      ? `${place}: expected a closing quote`
      : `${place}: expected ${this.columns.length} values, one for each column, found ${found}`;
  }
}

/**
 * Finds blocks, loops and rows of a STAR file while it is still arriving. Unlike the kernel's reader (`formats/star.ts`), which
 * indexes a whole file at once and rejects broken ones, it can pause after any line and keeps what came before a broken one.
 */
export class StarIndexer {
  /** Loops and pairs in the order of the file. */
  readonly sheets: StarSheet[] = [];
  /** First byte that is not yet indexed. */
  at = 0;
  private hasStarted = false;
  private pairs: StarSheet | undefined;
  private readonly lines: StarLines;

  /**
   * @param bytes room for the file, which is filled from the start
   * @param file  its name, for messages
   */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
  ) {
    this.lines = new StarLines(bytes, file, {
      block: () => {
        this.pairs = undefined;
      },
      loop: (block) => this.addSheet(new StarSheet(bytes, block, "loop")),
      pair: (block, at, end) => {
        this.pairs ??= this.addSheet(new StarSheet(bytes, block, "pairs"));
        this.pairs.addRow(at, end);
      },
    });
  }

  private addSheet(sheet: StarSheet): StarSheet {
    this.sheets.push(sheet);
    return sheet;
  }

  /**
   * Indexes complete lines among the first `filled` bytes until `pause`, which is called every few hundred lines, returns true.
   * @param last whether the file ends there, so that its last line is complete
   * @returns whether all complete lines have been indexed
   * @throws InputError at a line that cannot be parsed; what came before it stays
   */
  advance(filled: number, last: boolean, pause: () => boolean): boolean {
    const { bytes } = this;
    if (!this.hasStarted) {
      const needed = Math.min(4096, bytes.length);
      if (filled < needed && !last) return true;
      this.start(bytes.subarray(0, Math.min(filled, needed)));
    }
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

  /** To be called at the end of the file. @throws InputError if it has no block */
  finish(): void {
    this.lines.finish();
  }

  /** @throws InputError if the first bytes are those of another format */
  private start(start: Uint8Array): void {
    this.hasStarted = true;
    refuseOtherFormats(start, this.file);
    const hasByteOrderMark = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf;
    if (hasByteOrderMark) this.at = 3;
  }
}
