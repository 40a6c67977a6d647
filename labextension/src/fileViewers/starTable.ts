import { DataModel } from "@lumino/datagrid";
import type { StarSheet } from "./starIndex.js";
import type { SortBy } from "./starOrder.js";

const decoder = new TextDecoder();
/** Longest text that a cell draws; the status line and copies have all of it. */
const drawnCharacters = 200;
const keptRows = 512;

/** A table of a STAR file as the grid asks for it: values are taken out of the file's bytes when they are drawn. */
export class StarTable extends DataModel {
  /** Rows of the file that are shown, in their order, or undefined where all are, in the file's. */
  private order: Uint32Array | undefined;
  private shown: number;
  private readonly spans = new Map<number, Uint32Array>();
  sortedBy: SortBy | undefined;

  constructor(readonly sheet: StarSheet) {
    super();
    this.shown = sheet.count;
  }

  /** Rows that have arrived since the last call are added at the end. Only while no order is set. */
  grow(): void {
    const span = this.sheet.count - this.shown;
    if (span === 0) return;
    const index = this.shown;
    this.shown = this.sheet.count;
    this.emitChanged({ type: "rows-inserted", region: "body", index, span });
  }

  /** Shows these rows of the file in this order, or all as they are in the file. */
  setOrder(order: Uint32Array | undefined, sortedBy: SortBy | undefined): void {
    const before = this.shown;
    this.order = order;
    this.sortedBy = sortedBy;
    this.shown = order?.length ?? this.sheet.count;
    // Not a reset, which would undo the widths of the columns
    const span = Math.abs(this.shown - before);
    const index = Math.min(this.shown, before);
    if (span > 0) {
      const type = this.shown > before ? "rows-inserted" : "rows-removed";
      this.emitChanged({ type, region: "body", index, span });
    }
    const columns = this.sheet.columns.length;
    const cells = { row: 0, column: 0, rowSpan: index, columnSpan: columns };
    if (index > 0) {
      this.emitChanged({ type: "cells-changed", region: "body", ...cells });
      this.emitChanged({ type: "cells-changed", region: "row-header", ...cells, columnSpan: 1 });
    }
    this.emitChanged({ type: "cells-changed", region: "column-header", ...cells, rowSpan: 1 });
  }

  rowCount(region: DataModel.RowRegion): number {
    return region === "body" ? this.shown : 1;
  }

  columnCount(region: DataModel.ColumnRegion): number {
    return region === "body" ? this.sheet.columns.length : 1;
  }

  data(region: DataModel.CellRegion, row: number, column: number): string {
    switch (region) {
      case "body": {
        const text = this.text(row, column);
        return text.length > drawnCharacters ? `${text.slice(0, drawnCharacters)}…` : text;
      }
      case "column-header":
        return this.label(column) + this.arrow(column);
      case "row-header":
        return (this.rowOf(row) + 1).toLocaleString("en");
      case "corner-header":
        return "row";
    }
  }

  /** Row of the file that stands in a row of the grid, both from 0. */
  rowOf(row: number): number {
    return this.order ? this.order[row]! : row;
  }

  label(column: number): string {
    return this.sheet.columns[column]!.replace(/^_/, "");
  }

  /** The whole text of a cell of the grid. */
  text(row: number, column: number): string {
    const spans = this.spansOf(this.rowOf(row));
    return decoder.decode(this.sheet.bytes.subarray(spans[2 * column]!, spans[2 * column + 1]!));
  }

  private arrow(column: number): string {
    if (this.sortedBy?.column !== column) return "";
    return this.sortedBy.descending ? " ▼" : " ▲";
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
