import { shortNumber } from "../display/checks";
import { InputError } from "../errors";
import type { ExplorerParts } from "./explorerParts";
import { stationsThrough } from "./latentScatter/path";

/**
 * The path that motions and particle sets follow: the one drawn in the scatter, or the line along which the particles
 * spread most. Owns the notes about it, such as which line replaced a missing path; they are shown as the status.
 */
export class ExplorerPath {
  private notes = "";

  constructor(private readonly parts: Pick<ExplorerParts, "page" | "explored" | "scatter">) {}

  /** Notes about the path since {@link anchors} was called last; empty for none. */
  get note(): string {
    return this.notes;
  }

  /**
   * Anchors of the drawn path, or the two ends of the default path, which is then noted. Clears the earlier notes.
   * @throws InputError if no path is drawn and there are fewer than two particles
   */
  anchors(): number[][] {
    const drawn = this.parts.scatter.anchors;
    this.setNote("");
    if (drawn.length > 1) return drawn;
    const ends = this.parts.scatter.defaultPath();
    if (ends.length < 2) throw InputError.of("There are no particles yet for a path.");
    const [from, to] = ends.map((z) =>
      z.length === 1 ? shortNumber(z[0]!) : `(${z.map(shortNumber).join(", ")})`,
    );
    const line = ends[0]!.length === 1 ? "" : "along the first principal component, ";
    this.setNote(`No path drawn: ${line}from z = ${from} to ${to}`);
    return ends;
  }

  /** Latent vectors at equal distances along the path through some anchors, as many as the scatter has stations. */
  stations(anchors: readonly number[][]): number[][] {
    const { scatter, explored } = this.parts;
    return stationsThrough(anchors, explored.latent, scatter.stationCount);
  }

  /** Appends a note to those about the current path. */
  addNote(note: string): void {
    this.setNote(this.notes === "" ? note : `${this.notes}. ${note}`);
  }

  /** An empty note clears the status only if it still shows the notes about the previous path. */
  private setNote(note: string): void {
    const { page } = this.parts;
    const before = this.notes;
    this.notes = note;
    if (note !== "" || page.get("status") === before) page.set({ status: note });
  }
}
