import type { ProjectResults } from "e2gmm/messages/project";
import { ViewModel } from "../../view.js";
import type { ProjectRequests } from "../projectKernel.js";

export type Comparison = ProjectResults["compare"];
/** One of the two runs. */
export type Side = "first" | "second";
/** Low and high end of a range. */
export type Ends = readonly [low: number, high: number];

/** Two runs side by side: axes of both scatters, and the particles that are selected in both. */
export class CompareModel extends ViewModel {
  shown: Comparison | undefined;
  status = "";
  /** Whether the runs are being read. */
  busy = false;
  /** Axes that are drawn, from 0. */
  readonly axes: Record<Side, [x: number, y: number]> = { first: [0, 1], second: [0, 1] };
  /** 1 for each shown particle that is selected. */
  selected = new Uint8Array();
  private asked = 0;

  constructor(private readonly services: ProjectRequests) {
    super();
  }

  /** Compares two runs; an earlier comparison that is still going on is not shown any more. */
  async compare(first: string, second: string): Promise<void> {
    const number = ++this.asked;
    this.busy = true;
    this.say(`Comparing ${first} with ${second}…`);
    try {
      const shown = await this.services.ask({ kind: "compare", first, second });
      if (number !== this.asked) return;
      this.shown = shown;
      this.selected = new Uint8Array(shown.shown);
      for (const side of ["first", "second"] as const)
        this.axes[side] = [0, Math.min(1, shown[side].axes - 1)];
      this.say("");
    } catch (error) {
      if (number === this.asked) this.say((error as Error).message);
    } finally {
      if (number === this.asked) {
        this.busy = false;
        this.changed();
      }
    }
  }

  close(): void {
    this.asked++;
    this.shown = undefined;
    this.busy = false;
    this.say("");
  }

  /** Draws another axis. @param at 0 for x, 1 for y */
  setAxis(side: Side, at: 0 | 1, axis: number): void {
    this.axes[side][at] = axis;
    this.changed();
  }

  /** Places of the shown particles along a drawn axis. */
  places(side: Side, at: 0 | 1): readonly number[] {
    return this.shown?.[side].places[this.axes[side][at]] ?? [];
  }

  /** Selects the particles in a rectangle of one scatter, in both. */
  select(side: Side, x: Ends, y: Ends): void {
    const [xs, ys] = [this.places(side, 0), this.places(side, 1)];
    const within = (value: number, [low, high]: Ends) =>
      value >= Math.min(low, high) && value <= Math.max(low, high);
    this.selected = Uint8Array.from(xs, (value, i) => (within(value, x) && within(ys[i]!, y) ? 1 : 0));
    this.changed();
  }

  clear(): void {
    this.selected = new Uint8Array(this.selected.length);
    this.changed();
  }

  /** How many are selected, and where they are in either run. */
  get summary(): string {
    const { shown, selected } = this;
    if (!shown) return "";
    const rows = Array.from(selected).flatMap((flag, i) => (flag ? [i] : []));
    const of = `${shown.shown.toLocaleString("en")} particles`;
    if (rows.length === 0) return `None of ${of} is selected: drag over one scatter, or type a range.`;
    const where = (["first", "second"] as const).map((side) => {
      const text = ([0, 1] as const).map((at) => {
        const places = this.places(side, at);
        const mean = rows.reduce((sum, i) => sum + places[i]!, 0) / rows.length;
        const deviation = Math.sqrt(rows.reduce((sum, i) => sum + (places[i]! - mean) ** 2, 0) / rows.length);
        return `z${this.axes[side][at] + 1} ${mean.toFixed(2)} ± ${deviation.toFixed(2)}`;
      });
      return `${side} run ${[...new Set(text)].join(", ")}`;
    });
    return `${rows.length.toLocaleString("en")} of ${of} selected; ${where.join("; ")}.`;
  }

  private say(status: string): void {
    this.status = status;
    this.changed();
  }
}
