import {
  BasicKeyHandler,
  BasicMouseHandler,
  BasicSelectionModel,
  DataGrid,
  TextRenderer,
} from "@lumino/datagrid";
import { type Message, MessageLoop } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { button, element, labelled, onThemeChange } from "../dom.js";
import { FileViewer, type ViewerInput } from "./fileViewer.js";
import { formatBytes, type RemoteFile } from "./remoteFile.js";
import { Slices } from "./slices.js";
import { StarIndexer, type StarSheet } from "./starIndex.js";
import { checkRows, filterRows, type SortBy, sortRows } from "./starOrder.js";
import { StarTable } from "./starTable.js";

/** Cells that one copy takes at most. */
const copiedCells = 2_000_000;
const typingMilliseconds = 250;
/** Time between two drawings of what has arrived: at least this, and this share of the time that it has taken so far. */
const growMilliseconds = 250;
const growShare = 0.2;

const count = (n: number) => n.toLocaleString("en");
const plural = (n: number, thing: string) => `${count(n)} ${thing}${n === 1 ? "" : "s"}`;

/** A STAR file as tables. Rows are found while the file arrives; the page is never held up for long. */
export class StarViewer extends FileViewer {
  private readonly sheetSelect = element("select", { "aria-label": "Block" });
  private readonly filterInput = element("input", {
    type: "search",
    placeholder: "Filter rows",
    "aria-label": "Filter rows",
  });
  private readonly filterColumn = element("select", { "aria-label": "Column that is filtered" });
  private readonly sortColumn = element("select", { "aria-label": "Column that sorts" });
  private readonly descending = element("input", { type: "checkbox" });
  private readonly gridPlace = element("div", { class: "e2gmm-starViewer-grid" });
  private readonly grid: DataGrid;
  private readonly closing = new AbortController();
  /** Sorting and filtering of the table that is shown. */
  private ordering = new AbortController();
  private indexer: StarIndexer | undefined;
  private table: StarTable | undefined;
  /** What the file as a whole is, before what the table is. */
  private about = "";
  private arriving = false;
  /** Whether the user has said which table to show. */
  private isChosen = false;
  private typing: ReturnType<typeof setTimeout> | undefined;

  constructor(input: ViewerInput) {
    super(input);
    this.addClass("e2gmm-starViewer");
    this.grid = new DataGrid({
      defaultSizes: { rowHeight: 24, columnWidth: 120, rowHeaderWidth: 80, columnHeaderHeight: 28 },
      minimumSizes: { rowHeight: 18, columnWidth: 40, rowHeaderWidth: 40, columnHeaderHeight: 24 },
      headerVisibility: "all",
    });
    this.grid.keyHandler = new KeyHandler(() => void this.copy());
    this.grid.mouseHandler = new MouseHandler((column) => this.sortByClick(column));
    this.grid.viewport.node.tabIndex = 0;
    // Drawn on a canvas: the status line tells the cell under the cursor
    this.grid.viewport.node.setAttribute("role", "application");
    this.grid.viewport.node.setAttribute("aria-roledescription", "table");
    this.scrollByTouch();
    this.grid.node.classList.add("e2gmm-starViewer-lumino");
    this.main.append(this.toolbar(), this.gridPlace);
    onThemeChange(() => this.readTheme(), this.closing.signal);
  }

  private toolbar(): HTMLElement {
    this.sheetSelect.addEventListener("change", () => {
      this.isChosen = true;
      this.showSheet(this.indexer?.sheets[this.sheetSelect.selectedIndex]);
    });
    const { signal } = this.closing;
    this.filterInput.addEventListener(
      "input",
      () => {
        clearTimeout(this.typing);
        this.typing = setTimeout(() => void this.order(), typingMilliseconds);
      },
      { signal },
    );
    for (const control of [this.filterColumn, this.sortColumn, this.descending]) {
      control.addEventListener("change", () => void this.order(), { signal });
    }
    return element(
      "div",
      { class: "e2gmm-fileViewer-toolbar", role: "toolbar", "aria-label": "Table" },
      labelled("Block", this.sheetSelect),
      labelled("Filter", this.filterInput),
      labelled("in", this.filterColumn),
      labelled("Sort by", this.sortColumn),
      labelled("descending", this.descending),
      button("Copy", "Copy the selected cells, tab-separated (Ctrl+C)", () => void this.copy()),
    );
  }

  /** The grid knows a mouse and a wheel only. */
  private scrollByTouch(): void {
    const { node } = this.grid.viewport;
    const { signal } = this.closing;
    let last: Touch | undefined;
    const begin = (event: TouchEvent) => {
      last = event.touches.length === 1 ? event.touches[0] : undefined;
    };
    const move = (event: TouchEvent) => {
      const [touch] = event.touches;
      if (!last || !touch || event.touches.length !== 1) return;
      event.preventDefault();
      this.grid.scrollBy(last.clientX - touch.clientX, last.clientY - touch.clientY);
      last = touch;
    };
    node.addEventListener("touchstart", begin, { signal, passive: true });
    node.addEventListener("touchmove", move, { signal, passive: false });
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (!this.grid.isAttached) Widget.attach(this.grid, this.gridPlace);
    this.readTheme();
  }

  protected override onBeforeDetach(message: Message): void {
    if (this.grid.isAttached) Widget.detach(this.grid);
    super.onBeforeDetach(message);
  }

  protected override onResize(message: Widget.ResizeMessage): void {
    super.onResize(message);
    MessageLoop.sendMessage(this.grid, Widget.ResizeMessage.UnknownSize);
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    MessageLoop.sendMessage(this.grid, Widget.ResizeMessage.UnknownSize);
  }

  protected override onActivateRequest(): void {
    this.grid.viewport.node.focus();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    clearTimeout(this.typing);
    this.closing.abort();
    this.ordering.abort();
    if (this.grid.isAttached) Widget.detach(this.grid);
    this.grid.dispose();
    this.indexer = undefined;
    this.table = undefined;
    super.dispose();
  }

  protected override async load(file: RemoteFile, signal: AbortSignal): Promise<void> {
    const limit = this.input.settings.starMegabytes * 1e6;
    const size = Math.min(file.size, limit);
    const bytes = new Uint8Array(size);
    const indexer = new StarIndexer(bytes, file.name);
    this.indexer = indexer;
    this.about = "";
    this.showSheet(undefined);
    this.arriving = true;
    this.isChosen = false;
    const slices = new Slices(signal);
    let filled = 0;
    let grown = 0;
    const began = performance.now();
    const advance = async (last: boolean) => {
      while (!indexer.advance(filled, last, () => slices.over())) await slices.next();
      const now = performance.now();
      if (last || now - grown > Math.max(growMilliseconds, growShare * (now - began))) {
        grown = now;
        this.about =
          file.about ??
          (file.size > filled
            ? `${formatBytes(filled)} of ${formatBytes(file.size)}`
            : formatBytes(file.size));
        this.grow();
      }
    };
    try {
      await file.stream(
        0,
        size,
        async (piece) => {
          bytes.set(piece, filled);
          filled += piece.length;
          if (slices.over()) await slices.next();
          await advance(false);
        },
        signal,
      );
      // Where only the beginning is read, the line that it ends in is left out
      await advance(size === file.size);
      if (size === file.size) indexer.finish();
    } finally {
      if (!signal.aborted) {
        this.arriving = false;
        this.grow();
        this.setBusy(false);
      }
    }
    if (size < file.size) {
      this.about = `only the first ${formatBytes(size)} of ${formatBytes(file.size)} (a setting)`;
      this.sayWhatIsShown();
    }
    await this.check(indexer, signal);
  }

  /** Looks for rows with too few or too many values, after everything is shown. */
  private async check(indexer: StarIndexer, signal: AbortSignal): Promise<void> {
    const found: string[] = [];
    for (const sheet of indexer.sheets) {
      const { broken, first } = await checkRows(sheet, signal);
      if (first)
        found.push(
          `data_${sheet.block}, ${first}${broken > 1 ? ` (and ${plural(broken - 1, "other row")})` : ""}`,
        );
    }
    if (found.length > 0) this.showProblem(`${found.join("; ")}.`);
  }

  /** Shows what has arrived since the last call. */
  private grow(): void {
    const { indexer } = this;
    if (!indexer) return;
    if (indexer.sheets.length !== this.sheetSelect.options.length) this.listSheets(indexer.sheets);
    if (!this.table) {
      // The greatest table is what a file is opened for; while it arrives, the last one is likely that
      const greatest = [...indexer.sheets].sort((a, b) => b.count - a.count)[0];
      if (greatest && greatest.count > 0) this.showSheet(greatest);
    } else if (this.arriving && !this.isChosen) {
      const last = indexer.sheets[indexer.sheets.length - 1]!;
      if (last.count > this.table.sheet.count) this.showSheet(last);
      else this.table.grow();
    } else {
      this.table.grow();
    }
    this.sayWhatIsShown();
  }

  private listSheets(sheets: readonly StarSheet[]): void {
    const options = sheets.map((sheet) => {
      const twin = sheets.filter((other) => other.block === sheet.block && other.kind === sheet.kind);
      const which = twin.length > 1 ? ` (${twin.indexOf(sheet) + 1})` : "";
      return element("option", {}, `data_${sheet.block}${sheet.kind === "pairs" ? " (values)" : ""}${which}`);
    });
    this.sheetSelect.replaceChildren(...options);
    this.sheetSelect.selectedIndex = this.table ? sheets.indexOf(this.table.sheet) : -1;
  }

  private showSheet(sheet: StarSheet | undefined): void {
    this.ordering.abort();
    this.filterInput.value = "";
    this.descending.checked = false;
    this.table = sheet && new StarTable(sheet);
    const table = this.table;
    const names = table ? table.sheet.columns.map((_, column) => table.label(column)) : [];
    const options = (first: string) => [first, ...names].map((name) => element("option", {}, name));
    this.filterColumn.replaceChildren(...options("any column"));
    this.sortColumn.replaceChildren(...options("file order"));
    this.grid.dataModel = table ?? null;
    if (!table || !sheet) return;
    this.sheetSelect.selectedIndex = this.indexer?.sheets.indexOf(sheet) ?? -1;
    this.grid.viewport.node.setAttribute("aria-label", `data_${sheet.block}`);
    const selection = new BasicSelectionModel({ dataModel: table });
    selection.changed.connect(() => this.sayWhatIsShown());
    this.grid.selectionModel = selection;
    this.fitColumns(table);
    this.setBusy(this.arriving);
    this.sayWhatIsShown();
  }

  /** Each column as wide as its name and its first values, within limits. */
  private fitColumns(table: StarTable): void {
    const style = getComputedStyle(this.node);
    const context = document.createElement("canvas").getContext("2d");
    if (!context) return;
    context.font = fontOf(style);
    const rows = Math.min(40, table.rowCount("body"));
    for (let column = 0; column < table.columnCount("body"); column++) {
      // Room for the arrow of the sorted column
      let width = context.measureText(`${table.label(column)} ▼`).width;
      for (let row = 0; row < rows; row++)
        width = Math.max(width, context.measureText(table.data("body", row, column)).width);
      this.grid.resizeColumn("body", column, Math.round(Math.min(Math.max(width + 18, 56), 420)));
    }
  }

  private setBusy(busy: boolean): void {
    for (const control of [this.filterInput, this.filterColumn, this.sortColumn, this.descending])
      control.disabled = busy;
  }

  /** One click sorts upwards, a second downwards, a third gives the file's order back. */
  private sortByClick(column: number): void {
    if (this.arriving || !this.table) return;
    const now = this.table.sortedBy;
    const isThis = now?.column === column;
    this.sortColumn.selectedIndex = isThis && now?.descending ? 0 : column + 1;
    this.descending.checked = isThis && !now?.descending;
    void this.order();
  }

  /** Filters and sorts as the toolbar says. */
  private async order(): Promise<void> {
    const { table } = this;
    if (!table || this.arriving) return;
    this.ordering.abort();
    this.ordering = new AbortController();
    const { signal } = this.ordering;
    const text = this.filterInput.value;
    const column = this.filterColumn.selectedIndex - 1;
    const sortColumn = this.sortColumn.selectedIndex - 1;
    const by: SortBy | undefined =
      sortColumn < 0 ? undefined : { column: sortColumn, descending: this.descending.checked };
    this.say(by ? "Sorting…" : "Filtering…");
    try {
      let rows =
        text === ""
          ? undefined
          : await filterRows(table.sheet, text, column < 0 ? undefined : column, signal);
      if (by) {
        const all = () => Uint32Array.from({ length: table.sheet.count }, (_, row) => row);
        rows = await sortRows(table.sheet, rows ?? all(), by, signal);
      }
      table.setOrder(rows, by);
      this.grid.selectionModel?.clear();
      this.grid.scrollTo(this.grid.scrollX, 0);
      this.sayWhatIsShown();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  protected override sayWhatIsShown(): void {
    const { table } = this;
    if (!table) {
      this.say(this.about);
      return;
    }
    const { sheet } = table;
    const rows = table.rowCount("body");
    const parts = [
      rows === sheet.count ? plural(rows, "row") : `${count(rows)} of ${plural(sheet.count, "row")}`,
      plural(sheet.columns.length, "column"),
      this.arriving ? `${this.about}, reading…` : this.about,
    ];
    const selection = this.grid.selectionModel;
    if (selection && selection.cursorRow >= 0 && selection.cursorRow < rows) {
      const { cursorRow, cursorColumn } = selection;
      const row = count(table.rowOf(cursorRow) + 1);
      parts.push(`row ${row}, ${table.label(cursorColumn)}: ${table.text(cursorRow, cursorColumn)}`);
    }
    this.say(parts.join(" · "));
  }

  /** Puts the selected cells on the clipboard, one line for each row, in the order that is shown. */
  private async copy(): Promise<void> {
    const { table } = this;
    const selection = this.grid.selectionModel?.currentSelection();
    if (!table || !selection) {
      this.say("Nothing is selected: click a cell, drag over cells, or use Shift and the arrow keys.");
      return;
    }
    const within = (a: number, b: number, end: number): [number, number] => [
      Math.max(0, Math.min(a, b)),
      Math.min(end - 1, Math.max(a, b)),
    ];
    const [r1, r2] = within(selection.r1, selection.r2, table.rowCount("body"));
    const [c1, c2] = within(selection.c1, selection.c2, table.columnCount("body"));
    const cells = (r2 - r1 + 1) * (c2 - c1 + 1);
    if (cells > copiedCells) {
      this.say(`Expected at most ${count(copiedCells)} cells to copy, found ${count(cells)}: select fewer.`);
      return;
    }
    const slices = new Slices(this.closing.signal);
    const lines: string[] = [];
    for (let row = r1; row <= r2; row++) {
      if (slices.over()) await slices.next();
      const values: string[] = [];
      for (let column = c1; column <= c2; column++) values.push(table.text(row, column));
      lines.push(values.join("\t"));
    }
    try {
      await navigator.clipboard.writeText(lines.join("\n"));
      this.say(`${plural(cells, "cell")} copied.`);
    } catch {
      this.say("The browser does not let this page write to the clipboard.");
    }
  }

  /** Takes the colours of the grid, which is drawn on a canvas, from JupyterLab's theme. */
  private readTheme(): void {
    const style = getComputedStyle(this.node);
    const colour = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback;
    const isLight = document.body.dataset["jpThemeLight"] !== "false";
    const line = isLight ? "rgba(0, 0, 0, 0.12)" : "rgba(255, 255, 255, 0.12)";
    const brand = colour("--jp-brand-color1", "#1976d2");
    const header = colour("--jp-layout-color2", "#eee");
    this.grid.style = {
      ...DataGrid.defaultStyle,
      voidColor: colour("--jp-layout-color0", "#fff"),
      backgroundColor: colour("--jp-layout-color0", "#fff"),
      rowBackgroundColor: (row) =>
        row % 2 === 0 ? "" : isLight ? "rgba(0, 0, 0, 0.025)" : "rgba(255, 255, 255, 0.03)",
      gridLineColor: line,
      headerBackgroundColor: header,
      headerGridLineColor: line,
      selectionFillColor: isLight ? "rgba(25, 118, 210, 0.15)" : "rgba(100, 181, 246, 0.25)",
      selectionBorderColor: brand,
      cursorBorderColor: brand,
      headerSelectionFillColor: isLight ? "rgba(25, 118, 210, 0.15)" : "rgba(100, 181, 246, 0.25)",
      headerSelectionBorderColor: brand,
      scrollShadow: {
        size: 6,
        color1: isLight ? "rgba(0, 0, 0, 0.15)" : "rgba(0, 0, 0, 0.5)",
        color2: isLight ? "rgba(0, 0, 0, 0.05)" : "rgba(0, 0, 0, 0.2)",
        color3: "rgba(0, 0, 0, 0)",
      },
    };
    const text = { font: fontOf(style), textColor: colour("--jp-ui-font-color1", "#222") };
    const strong = { ...text, font: `600 ${text.font}` };
    this.grid.cellRenderers.update({
      body: new TextRenderer(text),
      "column-header": new TextRenderer(strong),
      "corner-header": new TextRenderer(strong),
      "row-header": new TextRenderer({
        ...text,
        textColor: colour("--jp-ui-font-color2", "#666"),
        horizontalAlignment: "right",
      }),
    });
  }
}

function fontOf(style: CSSStyleDeclaration): string {
  const variable = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback;
  return `${variable("--jp-ui-font-size1", "13px")} ${variable("--jp-ui-font-family", "sans-serif")}`;
}

class KeyHandler extends BasicKeyHandler {
  constructor(private readonly copy: () => void) {
    super();
  }

  override onKeyDown(grid: DataGrid, event: KeyboardEvent): void {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "c") {
      event.preventDefault();
      event.stopPropagation();
      this.copy();
      return;
    }
    // Tab leaves the table, as it leaves any other control
    if (event.key === "Tab") return;
    super.onKeyDown(grid, event);
  }
}

class MouseHandler extends BasicMouseHandler {
  constructor(private readonly sort: (column: number) => void) {
    super();
  }

  override onMouseDown(grid: DataGrid, event: MouseEvent): void {
    const hit = grid.hitTest(event.clientX, event.clientY);
    const { region, column } = hit;
    // With Shift or Ctrl, or at an edge that is to be moved, the click is what it is in any grid
    const atEdge = hit.x < 5 || hit.width - hit.x <= 5;
    const plain = event.button === 0 && !event.shiftKey && !event.ctrlKey && !event.metaKey;
    if (region === "column-header" && plain && !atEdge) {
      this.sort(column);
      return;
    }
    super.onMouseDown(grid, event);
  }
}
