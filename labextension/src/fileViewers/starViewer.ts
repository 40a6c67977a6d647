import type { Message } from "@lumino/messaging";
import type { Widget } from "@lumino/widgets";
import { live } from "lit/directives/live.js";
import { html, type TemplateResult } from "lit/html.js";
import { button, choices, labelled, select } from "../controls.js";
import type { ViewerInput } from "./fileModel.js";
import { FileViewer } from "./fileViewer.js";
import { StarGrid } from "./starGrid.js";
import { StarModel } from "./starModel.js";

/** A STAR file as tables. */
export class StarViewer extends FileViewer<StarModel> {
  private readonly grid: StarGrid;

  constructor(input: ViewerInput, model = new StarModel(input)) {
    super(model);
    this.addClass("e2gmm-starViewer");
    this.grid = new StarGrid(model);
  }

  protected override content(): TemplateResult {
    return starTemplate(this.model, () => void this.grid.copy());
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.grid.attach(this.node.querySelector<HTMLElement>(".e2gmm-starViewer-grid")!);
  }

  protected override onBeforeDetach(message: Message): void {
    this.grid.detach();
    super.onBeforeDetach(message);
  }

  protected override onResize(message: Widget.ResizeMessage): void {
    super.onResize(message);
    this.grid.resize();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.grid.resize();
  }

  protected override onActivateRequest(): void {
    this.grid.focus();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.grid.dispose();
    super.dispose();
  }
}

/** The controls of a table above its grid. */
function starTemplate(model: StarModel, copy: () => void): TemplateResult {
  const blocks = model.sheetNames.map((name, index) => [String(index), name] as const);
  const choose = (index: string) => model.chooseSheet(Number(index));
  return html`<div class="e2gmm-fileViewer-toolbar" role="toolbar" aria-label="Table">
      ${labelled("Block", select(choices(blocks, String(model.sheetIndex)), choose, { label: "Block" }))}
      <fieldset class="e2gmm-starViewer-order" ?disabled=${model.arriving}>
        ${filterControls(model)} ${sortControls(model)}
      </fieldset>
      ${button("Copy", "Copy the selected cells, tab-separated (Ctrl+C)", copy)}
    </div>
    <div class="e2gmm-starViewer-grid"></div>`;
}

function filterControls(model: StarModel): TemplateResult {
  const field = html`<input
    type="search"
    placeholder="Filter rows"
    aria-label="Filter rows"
    .value=${live(model.filterText)}
    @input=${({ target }: Event) => {
      model.filterText = (target as HTMLInputElement).value;
    }}
  />`;
  const column = columnChoice({
    label: "Column that is filtered",
    none: "any column",
    columns: model.columns,
    column: model.filterColumn,
    onChange: (column) => {
      model.filterColumn = column;
    },
  });
  return html`${labelled("Filter", field)} ${labelled("in", column)}`;
}

function sortControls(model: StarModel): TemplateResult {
  const column = columnChoice({
    label: "Column that sorts",
    none: "file order",
    columns: model.columns,
    column: model.sortColumn,
    onChange: (column) => {
      model.sortColumn = column;
    },
  });
  const direction = html`<input
    type="checkbox"
    .checked=${live(model.descending)}
    @change=${({ target }: Event) => {
      model.descending = (target as HTMLInputElement).checked;
    }}
  />`;
  return html`${labelled("Sort by", column)} ${labelled("descending", direction)}`;
}

/** A column by its index, or none. */
function columnChoice(options: {
  label: string;
  none: string;
  columns: readonly string[];
  column: number | undefined;
  onChange(column: number | undefined): void;
}): TemplateResult {
  const { label, none, columns, column, onChange } = options;
  const list = [["", none] as const, ...columns.map((name, i) => [String(i), name] as const)];
  const chosen = (value: string) => onChange(value === "" ? undefined : Number(value));
  return select(choices(list, column === undefined ? "" : String(column)), chosen, { label });
}
