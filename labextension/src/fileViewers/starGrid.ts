import { BasicSelectionModel, DataGrid } from "@lumino/datagrid";
import { MessageLoop } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { onThemeChange } from "../dom.js";
import { StarGridData } from "./starGridData.js";
import { GridKeyHandler, GridMouseHandler, scrollByTouch } from "./starGridInput.js";
import { applyTheme, fontOf } from "./starGridStyle.js";
import type { StarModel } from "./starModel.js";
import type { StarTable } from "./starTable.js";

/** Rows whose values decide how wide a column is. */
const measuredRows = 40;
/** Limits of the width of a column in pixels. */
const columnWidth = { least: 56, most: 420, padding: 18 };

/** Lumino's virtual grid with the table of a model. It is drawn on a canvas; the status describes the cell at the cursor. */
export class StarGrid {
  private readonly grid: DataGrid;
  private readonly closing = new AbortController();

  constructor(private readonly model: StarModel) {
    this.grid = new DataGrid({
      defaultSizes: { rowHeight: 24, columnWidth: 120, rowHeaderWidth: 80, columnHeaderHeight: 28 },
      minimumSizes: { rowHeight: 18, columnWidth: 40, rowHeaderWidth: 40, columnHeaderHeight: 24 },
      headerVisibility: "all",
    });
    this.grid.keyHandler = new GridKeyHandler(() => void this.copy());
    this.grid.mouseHandler = new GridMouseHandler((column) => model.sortByClick(column));
    const { node } = this.grid.viewport;
    node.tabIndex = 0;
    node.setAttribute("role", "application");
    node.setAttribute("aria-roledescription", "table");
    this.grid.node.classList.add("e2gmm-starViewer-lumino");
    scrollByTouch(this.grid, this.closing.signal);
    onThemeChange(() => this.readTheme(), this.closing.signal);
    model.tableChanged.connect(this.showTable, this);
    this.showTable(model, model.table);
  }

  /** Puts the grid into an element of the page. */
  attach(host: HTMLElement): void {
    if (!this.grid.isAttached) Widget.attach(this.grid, host);
    this.readTheme();
  }

  /** Takes the grid out of the page. */
  detach(): void {
    if (this.grid.isAttached) Widget.detach(this.grid);
  }

  /** Takes the size of the element that the grid is in. */
  resize(): void {
    MessageLoop.sendMessage(this.grid, Widget.ResizeMessage.UnknownSize);
  }

  /** Moves the keyboard focus to the table. */
  focus(): void {
    this.grid.viewport.node.focus();
  }

  /** Copies the selected cells. */
  async copy(): Promise<void> {
    const selection = this.grid.selectionModel?.currentSelection() ?? undefined;
    await this.model.copy(selection, (text) => navigator.clipboard.writeText(text));
  }

  private showTable(model: StarModel, table: StarTable | undefined): void {
    const { grid } = this;
    if (!table) {
      grid.dataModel = null;
      return;
    }
    const data = new StarGridData(table);
    grid.dataModel = data;
    grid.viewport.node.setAttribute("aria-label", `data_${table.sheet.block}`);
    const selection = new BasicSelectionModel({ dataModel: data });
    selection.changed.connect(() => {
      const { cursorRow: row, cursorColumn: column } = selection;
      model.cursor = row >= 0 ? { row, column } : undefined;
    });
    grid.selectionModel = selection;
    table.rowsChanged.connect((_, { reordered }) => {
      if (!reordered) return;
      selection.clear();
      grid.scrollTo(grid.scrollX, 0);
    });
    this.fitColumns(data);
  }

  /** Makes each column as wide as its name, with the arrow of a sorted column, and its first values. */
  private fitColumns(data: StarGridData): void {
    const context = document.createElement("canvas").getContext("2d");
    if (!context) return;
    context.font = fontOf(getComputedStyle(document.body));
    const rows = Math.min(measuredRows, data.rowCount("body"));
    const { least, most, padding } = columnWidth;
    for (let column = 0; column < data.columnCount("body"); column++) {
      let width = context.measureText(`${data.table.label(column)} ▼`).width;
      for (let row = 0; row < rows; row++) {
        width = Math.max(width, context.measureText(data.data("body", row, column)).width);
      }
      this.grid.resizeColumn("body", column, Math.round(Math.min(Math.max(width + padding, least), most)));
    }
  }

  private readTheme(): void {
    applyTheme(this.grid, getComputedStyle(document.body));
  }

  /** Removes the grid and stops following the model. */
  dispose(): void {
    this.closing.abort();
    this.model.tableChanged.disconnect(this.showTable, this);
    this.detach();
    this.grid.dispose();
  }
}
