import { Signal } from "@lumino/signaling";
import { FileModel } from "./fileModel.js";
import { formatBytes, type RemoteFile } from "./remoteFile.js";
import { StarIndexer, type StarSheet } from "./starIndex.js";
import { filterRows, type SortBy, sortRows } from "./starOrder.js";
import { brokenRows, count, plural, receiveRows } from "./starReader.js";
import { StarTable } from "./starTable.js";
import { TimeSlices } from "./timeSlices.js";

/** Cells that can be copied at once. */
const copiedCells = 2_000_000;
/** Milliseconds without typing after which the rows are filtered. */
const typingMilliseconds = 250;

/** A cell of the table as it is shown, from 0. */
export interface Cell {
  row: number;
  column: number;
}

/** Cells of the table as it is shown, from 0; both corners included, in any order. */
export interface CellRange {
  r1: number;
  r2: number;
  c1: number;
  c2: number;
}

/** A STAR file as tables. Rows are found while the file arrives; the page is never blocked for long. */
export class StarModel extends FileModel {
  /** Emitted when another table is shown, or none. */
  readonly tableChanged = new Signal<this, StarTable | undefined>(this);
  private shown: StarTable | undefined;
  private indexer: StarIndexer | undefined;
  private readonly closing = new AbortController();
  private ordering = new AbortController();
  private typing: ReturnType<typeof setTimeout> | undefined;
  private text = "";
  private textColumn: number | undefined;
  private sort: number | undefined;
  private isDescending = false;
  private cursorCell: Cell | undefined;
  /** How much of the file there is. */
  private about = "";
  private isArriving = false;
  /** Whether the user has chosen the table; until then it is the largest. */
  private isChosen = false;

  /** The tables of the file, in its order. */
  get sheets(): readonly StarSheet[] {
    return this.indexer?.sheets ?? [];
  }

  /** Names of the tables; equal ones are numbered. */
  get sheetNames(): readonly string[] {
    const { sheets } = this;
    return sheets.map(({ block, kind }, i) => {
      const same = (other: StarSheet) => other.block === block && other.kind === kind;
      const which = sheets.slice(0, i + 1).filter(same).length;
      const number = sheets.filter(same).length > 1 ? ` (${which})` : "";
      return `data_${block}${kind === "pairs" ? " (values)" : ""}${number}`;
    });
  }

  /** The table that is shown. */
  get table(): StarTable | undefined {
    return this.shown;
  }

  /** Its index among the sheets; −1 without one. */
  get sheetIndex(): number {
    return this.shown ? this.sheets.indexOf(this.shown.sheet) : -1;
  }

  /** Names of the columns of the table that is shown. */
  get columns(): readonly string[] {
    return this.shown?.sheet.columns.map((_, column) => this.shown!.label(column)) ?? [];
  }

  /** Whether the file is still arriving; rows cannot be sorted or filtered then. */
  get arriving(): boolean {
    return this.isArriving;
  }

  /** Text that rows must contain; empty: all rows are shown. */
  get filterText(): string {
    return this.text;
  }

  set filterText(text: string) {
    this.text = text;
    clearTimeout(this.typing);
    this.typing = setTimeout(() => void this.order(), typingMilliseconds);
  }

  /** Column that must contain the text; undefined: any. */
  get filterColumn(): number | undefined {
    return this.textColumn;
  }

  set filterColumn(column: number | undefined) {
    this.textColumn = column;
    void this.order();
  }

  /** Column that sorts the rows; undefined: the file's order. */
  get sortColumn(): number | undefined {
    return this.sort;
  }

  set sortColumn(column: number | undefined) {
    this.sort = column;
    void this.order();
  }

  /** Whether rows are sorted from the greatest to the least. */
  get descending(): boolean {
    return this.isDescending;
  }

  set descending(descending: boolean) {
    this.isDescending = descending;
    void this.order();
  }

  /** The cell that the status describes. */
  get cursor(): Cell | undefined {
    return this.cursorCell;
  }

  set cursor(cell: Cell | undefined) {
    this.cursorCell = cell;
    this.say(undefined);
  }

  /** Shows a table of the file. */
  chooseSheet(index: number): void {
    this.isChosen = true;
    this.showSheet(this.sheets[index]);
  }

  /** Sorts by a column upwards; by the same one downwards; then restores the file's order. */
  sortByClick(column: number): void {
    if (this.isArriving || !this.shown) return;
    const { sortedBy } = this.shown;
    const again = sortedBy?.column === column;
    this.isDescending = again && !sortedBy.descending;
    this.sortColumn = again && sortedBy.descending ? undefined : column;
  }

  /** Filters and sorts the rows as is set. */
  async order(): Promise<void> {
    const table = this.shown;
    if (!table || this.isArriving) return;
    this.ordering.abort();
    this.ordering = new AbortController();
    const { signal } = this.ordering;
    const by = this.sort === undefined ? undefined : { column: this.sort, descending: this.isDescending };
    this.say(by ? "Sorting…" : "Filtering…");
    try {
      table.setOrder(await this.rowsInOrder(table.sheet, by, signal), by);
      this.cursor = undefined;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** @returns undefined if all rows are shown in the file's order */
  private async rowsInOrder(
    sheet: StarSheet,
    by: SortBy | undefined,
    signal: AbortSignal,
  ): Promise<Uint32Array | undefined> {
    const { text, textColumn: column } = this;
    const rows =
      text === ""
        ? undefined
        : await filterRows(sheet, { text, ...(column === undefined ? {} : { column }) }, { signal });
    if (!by) return rows;
    return sortRows(sheet, rows ?? Uint32Array.from({ length: sheet.count }, (_, row) => row), by, {
      signal,
    });
  }

  /**
   * Copies cells as text, one line for each row, separated by tabs, in the order that is shown. The status says how it went.
   * @param write puts text on the clipboard
   */
  async copy(range: CellRange | undefined, write: (text: string) => Promise<void>): Promise<void> {
    const table = this.shown;
    if (!table || !range) {
      this.say("Nothing is selected: click a cell, drag over cells, or use Shift with the arrow keys.");
      return;
    }
    const within = (a: number, b: number, end: number) =>
      [Math.max(0, Math.min(a, b)), Math.min(end - 1, Math.max(a, b))] as const;
    const [r1, r2] = within(range.r1, range.r2, table.rowCount);
    const [c1, c2] = within(range.c1, range.c2, table.columnCount);
    const cells = (r2 - r1 + 1) * (c2 - c1 + 1);
    if (cells > copiedCells) {
      this.say(`Expected at most ${count(copiedCells)} cells to copy, found ${count(cells)}: select fewer.`);
      return;
    }
    const slices = new TimeSlices(this.closing.signal);
    const columns = Array.from({ length: c2 - c1 + 1 }, (_, i) => c1 + i);
    const lines: string[] = [];
    for (let row = r1; row <= r2; row++) {
      if (slices.over()) await slices.next();
      lines.push(columns.map((column) => table.text(row, column)).join("\t"));
    }
    try {
      await write(lines.join("\n"));
      this.say(`${plural(cells, "cell")} copied.`);
    } catch {
      this.say("The browser does not allow this page to write to the clipboard.");
    }
  }

  protected override async load(file: RemoteFile, signal: AbortSignal): Promise<void> {
    const size = Math.min(file.size, this.input.settings.starMegabytes * 1e6);
    const bytes = new Uint8Array(size);
    const indexer = new StarIndexer(bytes, file.name);
    this.indexer = indexer;
    this.about = "";
    this.isChosen = false;
    this.isArriving = true;
    this.showSheet(undefined);
    try {
      const onGrow = (filled: number) => {
        const part = file.size > filled ? `${formatBytes(filled)} of ` : "";
        this.about = file.about ?? `${part}${formatBytes(file.size)}`;
        this.grow();
      };
      await receiveRows(file, { bytes, indexer }, { signal, onGrow });
    } finally {
      if (!signal.aborted) {
        this.isArriving = false;
        this.grow();
      }
    }
    if (size < file.size) {
      this.about = `only the first ${formatBytes(size)} of ${formatBytes(file.size)} (a setting)`;
      this.say(undefined);
    }
    const problem = await brokenRows(indexer.sheets, { signal });
    if (problem) this.setProblem(problem);
  }

  /** Shows what has arrived since the last call. */
  private grow(): void {
    const { sheets, shown } = this;
    const last = sheets.at(-1);
    if (!shown) {
      // The largest table is what a file is opened for
      const largest = [...sheets].sort((a, b) => b.count - a.count)[0];
      if (largest && largest.count > 0) this.showSheet(largest);
    } else if (this.isArriving && !this.isChosen && last!.count > shown.sheet.count) {
      // While the file arrives, the last table is likely to become the largest
      this.showSheet(last);
    } else {
      shown.grow();
    }
    this.say(undefined);
  }

  private showSheet(sheet: StarSheet | undefined): void {
    clearTimeout(this.typing);
    this.ordering.abort();
    this.text = "";
    this.textColumn = undefined;
    this.sort = undefined;
    this.isDescending = false;
    this.cursorCell = undefined;
    this.shown = sheet && new StarTable(sheet);
    this.tableChanged.emit(this.shown);
    if (sheet) this.say(undefined);
  }

  protected override get summary(): string {
    const { shown: table, cursorCell: cursor } = this;
    if (!table) return this.about;
    const { sheet, rowCount } = table;
    const parts = [
      rowCount === sheet.count
        ? plural(rowCount, "row")
        : `${count(rowCount)} of ${plural(sheet.count, "row")}`,
      plural(table.columnCount, "column"),
      this.isArriving ? `${this.about}, reading…` : this.about,
    ];
    if (cursor && cursor.row < rowCount) {
      const row = count(table.rowOf(cursor.row) + 1);
      parts.push(`row ${row}, ${table.label(cursor.column)}: ${table.text(cursor.row, cursor.column)}`);
    }
    return parts.join(" · ");
  }

  override dispose(): void {
    clearTimeout(this.typing);
    this.closing.abort();
    this.ordering.abort();
    this.indexer = undefined;
    this.shown = undefined;
    super.dispose();
  }
}
