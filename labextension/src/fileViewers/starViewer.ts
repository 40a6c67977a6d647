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
  const columns = model.columns.map((name, column) => [String(column), name] as const);
  const columnOf = (value: string) => (value === "" ? undefined : Number(value));
  const blocks = model.sheetNames.map((name, index) => [String(index), name] as const);
  return html`<div class="e2gmm-fileViewer-toolbar" role="toolbar" aria-label="Table">
      ${labelled(
        "Block",
        select(choices(blocks, String(model.sheetIndex)), (index) => model.chooseSheet(Number(index)), {
          label: "Block",
        }),
      )}
      <fieldset class="e2gmm-starViewer-order" ?disabled=${model.arriving}>
        ${labelled(
          "Filter",
          html`<input
            type="search"
            placeholder="Filter rows"
            aria-label="Filter rows"
            .value=${live(model.filterText)}
            @input=${({ target }: Event) => {
              model.filterText = (target as HTMLInputElement).value;
            }}
          />`,
        )}
        ${labelled(
          "in",
          columnChoice({
            label: "Column that is filtered",
            columns: [["", "any column"], ...columns],
            column: model.filterColumn,
            onChange: (value) => {
              model.filterColumn = columnOf(value);
            },
          }),
        )}
        ${labelled(
          "Sort by",
          columnChoice({
            label: "Column that sorts",
            columns: [["", "file order"], ...columns],
            column: model.sortColumn,
            onChange: (value) => {
              model.sortColumn = columnOf(value);
            },
          }),
        )}
        ${labelled(
          "descending",
          html`<input
            type="checkbox"
            .checked=${live(model.descending)}
            @change=${({ target }: Event) => {
              model.descending = (target as HTMLInputElement).checked;
            }}
          />`,
        )}
      </fieldset>
      ${button("Copy", "Copy the selected cells, tab-separated (Ctrl+C)", copy)}
    </div>
    <div class="e2gmm-starViewer-grid"></div>`;
}

function columnChoice(options: {
  label: string;
  columns: readonly (readonly [value: string, text: string])[];
  column: number | undefined;
  onChange(value: string): void;
}): TemplateResult {
  const { label, columns, column, onChange } = options;
  return select(choices(columns, column === undefined ? "" : String(column)), onChange, { label });
}
