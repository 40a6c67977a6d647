import { Signal } from "@lumino/signaling";
import type { StarSheet } from "./starIndex.js";
import type { SortBy } from "./starOrder.js";

const decoder = new TextDecoder();
/** Rows whose values are kept located. */
const keptRows = 512;

/** How the rows of a table have changed. */
export interface RowsChange {
  /** Rows that were shown before. */
  before: number;
  /** Whether other rows, or the same in another order, are shown; else rows were added at the end. */
  reordered: boolean;
}

/** A table of a STAR file: which rows are shown, in which order, and their values as text. */
export class StarTable {
  /** Emitted after each change of the rows. */
  readonly rowsChanged = new Signal<this, RowsChange>(this);
  /** Rows of the file that are shown, in order; undefined: all, in the file's order. */
  private order: Uint32Array | undefined;
  private shown: number;
  private sorted: SortBy | undefined;
  private readonly spans = new Map<number, Uint32Array>();

  constructor(readonly sheet: StarSheet) {
    this.shown = sheet.count;
  }

  /** The column that the rows are sorted by; undefined: they are in the file's order. */
  get sortedBy(): SortBy | undefined {
    return this.sorted;
  }

  /** Rows that are shown. */
  get rowCount(): number {
    return this.shown;
  }

  /** Columns of the table. */
  get columnCount(): number {
    return this.sheet.columns.length;
  }

  /** Adds the rows that have arrived since the last call. Only while all rows are shown in the file's order. */
  grow(): void {
    const before = this.shown;
    if (this.sheet.count === before) return;
    this.shown = this.sheet.count;
    this.rowsChanged.emit({ before, reordered: false });
  }

  /** Shows these rows of the file in this order, or, given undefined, all as they are in the file. */
  setOrder(order: Uint32Array | undefined, sortedBy: SortBy | undefined): void {
    const before = this.shown;
    this.order = order;
    this.sorted = sortedBy;
    this.shown = order?.length ?? this.sheet.count;
    this.rowsChanged.emit({ before, reordered: true });
  }

  /** Row of the file that is shown in row `row`, both from 0. */
  rowOf(row: number): number {
    return this.order ? this.order[row]! : row;
  }

  /** Name of a column without its underscore. */
  label(column: number): string {
    return this.sheet.columns[column]!.replace(/^_/, "");
  }

  /** The text of a cell. */
  text(row: number, column: number): string {
    const spans = this.spansOf(this.rowOf(row));
    return decoder.decode(this.sheet.bytes.subarray(spans[2 * column]!, spans[2 * column + 1]!));
  }

  private spansOf(row: number): Uint32Array {
    let spans = this.spans.get(row);
    if (!spans) {
      spans = new Uint32Array(2 * this.sheet.columns.length);
      this.sheet.spansOf(row, spans);
      if (this.spans.size >= keptRows) this.spans.clear();
      this.spans.set(row, spans);
    }
    return spans;
  }
}
