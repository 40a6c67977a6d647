import { DataModel } from "@lumino/datagrid";
import type { RowsChange, StarTable } from "./starTable.js";

/** Longest text that a cell draws; the status line and copies have all of it. */
const drawnCharacters = 200;

/** A table as Lumino's grid reads it: values are taken out of the file's bytes when they are drawn. */
export class StarGridData extends DataModel {
  constructor(readonly table: StarTable) {
    super();
    table.rowsChanged.connect(this.update, this);
  }

  /** See `DataModel`. */
  rowCount(region: DataModel.RowRegion): number {
    return region === "body" ? this.table.rowCount : 1;
  }

  /** See `DataModel`. */
  columnCount(region: DataModel.ColumnRegion): number {
    return region === "body" ? this.table.columnCount : 1;
  }

  /** See `DataModel`; long texts are cut. */
  data(region: DataModel.CellRegion, row: number, column: number): string {
    const { table } = this;
    switch (region) {
      case "body": {
        const text = table.text(row, column);
        return text.length > drawnCharacters ? `${text.slice(0, drawnCharacters)}…` : text;
      }
      case "column-header":
        return table.label(column) + this.arrow(column);
      case "row-header":
        return (table.rowOf(row) + 1).toLocaleString("en");
      case "corner-header":
        return "row";
    }
  }

  private arrow(column: number): string {
    const { sortedBy } = this.table;
    if (sortedBy?.column !== column) return "";
    return sortedBy.descending ? " ▼" : " ▲";
  }

  /** Reports what has changed; a reset would undo the widths of the columns. */
  private update(_table: StarTable, { before, reordered }: RowsChange): void {
    const now = this.table.rowCount;
    const kept = Math.min(now, before);
    const span = Math.abs(now - before);
    if (span > 0) {
      const type = now > before ? "rows-inserted" : "rows-removed";
      this.emitChanged({ type, region: "body", index: kept, span });
    }
    if (!reordered) return;
    const cells = { row: 0, column: 0, rowSpan: kept, columnSpan: this.table.columnCount };
    if (kept > 0) {
      this.emitChanged({ type: "cells-changed", region: "body", ...cells });
      this.emitChanged({ type: "cells-changed", region: "row-header", ...cells, columnSpan: 1 });
    }
    this.emitChanged({ type: "cells-changed", region: "column-header", ...cells, rowSpan: 1 });
  }
}
