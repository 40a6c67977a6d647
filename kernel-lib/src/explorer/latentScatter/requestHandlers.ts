import type { Widget } from "tslab-widgets";
import { InputError } from "../../errors";
import { otherRows } from "../../latent/selection";
import { chosenRows, visibleRows } from "./chosenRows";
import type { CsvExport } from "./csv";
import type { DerivedState } from "./derivedState";
import type { Thumbnail } from "./options";
import type { ScatterHandlers } from "./requestServer";
import type { CsvRequest, SelectRequest } from "./requests";
import type { SelectMode } from "./scatterSelection";
import type { LatentScatterTraits, ProbeTarget } from "./state";
import { latentWith } from "./viewAxes";

/** The part of the scatter used by the handlers. */
export interface ScatterPage extends Pick<Widget<LatentScatterTraits>, "state" | "set"> {
  /** Changes the selection. */
  select(rows: ArrayLike<number>, mode: SelectMode): void;
  /** Shows a message in the status line. */
  refuse(text: string): void;
}

/** Handles the requests of pages by calling the public methods. */
export class RequestHandlers implements ScatterHandlers {
  constructor(
    private readonly page: ScatterPage,
    private readonly derived: DerivedState,
    private readonly sources: {
      csv: CsvExport;
      thumbnail: ((row: number) => Promise<Thumbnail>) | undefined;
    },
  ) {}

  select(request: SelectRequest): { selected: number; radius?: number } {
    const { page, derived } = this;
    const { rows, radius, note } = chosenRows(request, this.context());
    const whole = request.how === "none" || request.how === "all" || request.how === "invert";
    page.select(rows, whole ? "replace" : request.mode);
    page.refuse(note);
    return { selected: derived.selection.rows.length, ...(radius !== undefined && { radius }) };
  }

  /** Moves the probe to coordinates along axes; ignores axes that do not exist. */
  dragProbe(target: ProbeTarget): void {
    const { page, derived } = this;
    const axes = derived.table.axes();
    const targets = Object.entries(target)
      .filter(([name]) => axes.some((axis) => axis.name === name))
      .map(([name, value]) => ({ name, value }));
    if (targets.length === 0 || !targets.every(({ value }) => Number.isFinite(value))) return;
    const { state } = page;
    const found = latentWith(derived.table, targets, state.probe);
    if (found) page.set(derived.probe(state, found.z, found.row));
  }

  anchor(at: readonly number[] | null): void {
    const { page, derived } = this;
    page.refuse("");
    const { anchors, probe, ...rest } = page.state;
    const anchor = at ? derived.view(rest).latentAt(at, probe) : probe;
    page.set({ anchors: [...anchors, anchor] });
  }

  async thumbnail(row: number): Promise<Thumbnail> {
    const { thumbnail } = this.sources;
    const { count } = this.derived.table;
    if (!thumbnail) throw new InputError("thumbnail", "a scatter that was given images", "none");
    if (row >= count) throw new InputError("row", `a row from 0 to ${count - 1}`, String(row));
    return thumbnail(row);
  }

  csv({ what, from, version }: CsvRequest) {
    const { derived, sources } = this;
    const context = this.context();
    const all = otherRows(new Uint32Array(0), derived.table.count);
    const rows = visibleRows(what === "selected" ? context.selected : all, context);
    const axes = [...new Set(context.view.names)];
    return sources.csv.piece({ rows, axes, sets: derived.colours.sets }, from, version);
  }

  private context() {
    const { derived } = this;
    const { x, y, z, hidden, colourRange, probe } = this.page.state;
    return {
      table: derived.table,
      view: derived.view({ x, y, z }),
      probe,
      selected: derived.selection.rows,
      visible: derived.colours.visible({ hidden, colourRange }),
    };
  }
}
