import { checkedRows, subtractRows, unionRows } from "../../latent/selection";
import type { LatentScatterState } from "./state";
import type { ViewAxes } from "./viewAxes";

/** How a selection changes the one before it. */
export type SelectMode = "replace" | "add" | "subtract";

/** Selections of up to this size are always shown in full: particles that are not drawn are sent in addition. */
const minSelectedShown = 10_000;

/** Owns the selected rows, ascending. */
export class ScatterSelection {
  private selected = new Uint32Array(0);
  private readonly handlers = new Set<(rows: Uint32Array) => unknown>();

  /** Must not be modified. */
  get rows(): Uint32Array {
    return this.selected;
  }

  /** @throws InputError for rows that are not from 0 to `count` − 1 */
  change(rows: ArrayLike<number>, mode: SelectMode, count: number): void {
    const chosen = checkedRows(rows, count);
    if (mode === "add") this.selected = unionRows(this.selected, chosen);
    else if (mode === "subtract") this.selected = subtractRows(this.selected, chosen);
    else this.selected = chosen;
  }

  /** Calls `handler` on {@link notify}. @returns a function that removes it */
  onChange(handler: (rows: Uint32Array) => unknown): () => void {
    this.handlers.add(handler);
    return () => void this.handlers.delete(handler);
  }

  /** Calls the handlers; must be called after the change is published. */
  notify(): void {
    for (const handler of [...this.handlers]) handler(this.selected.slice());
  }

  /** @param drawnRows rows of the points that are drawn, ascending; empty: all `count` */
  traits(drawnRows: Uint32Array, count: number): Pick<LatentScatterState, "selected" | "selectedCount"> {
    const rows = this.selected;
    const selected = new Uint8Array(drawnRows.length || count);
    if (drawnRows.length === 0) for (let i = 0; i < rows.length; i++) selected[rows[i]!] = 1;
    else
      for (let i = 0, j = 0; i < drawnRows.length && j < rows.length; ) {
        if (drawnRows[i] === rows[j]) selected[i] = 1;
        if (drawnRows[i]! <= rows[j]!) i++;
        else j++;
      }
    return { selected, selectedCount: rows.length };
  }

  /** Coordinates of selected particles that are not drawn, so that a small selection is shown completely. */
  notDrawn(view: ViewAxes, drawnRows: Uint32Array): Pick<LatentScatterState, "selectedBeside"> {
    if (drawnRows.length === 0) return { selectedBeside: new Float32Array(0) };
    const beside = subtractRows(this.selected, drawnRows);
    const drawn = this.selected.length - beside.length;
    const count = Math.min(beside.length, Math.max(minSelectedShown - drawn, 0));
    const rows = Uint32Array.from(
      { length: count },
      (_, i) => beside[Math.floor((i * beside.length) / count)]!,
    );
    return { selectedBeside: view.placesOfRows(rows) };
  }
}
