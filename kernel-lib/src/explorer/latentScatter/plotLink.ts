import type { Widget } from "tslab-widgets";
import type { LatentScatterTraits } from "./state";

/** A plot, as far as its link knows it. */
type Plot = Pick<Widget<LatentScatterTraits>, "get" | "set" | "observe">;

/** What two plots of the same particles share; axes, zoom and population are each plot's own. */
const shared = ["colour", "hidden", "colourRange", "probe", "anchors", "stationCount", "title"] as const;

/** Keeps the choices of two plots of the same particles alike. */
export class PlotLink {
  private readonly stops: (() => void)[] = [];
  /** A change is being taken over, whose own consequences are the same in both. */
  private busy = false;

  constructor(first: Plot, second: Plot) {
    const follow = (from: Plot, to: Plot) => {
      for (const key of shared) this.stops.push(from.observe(key, () => this.take(key, from, to)));
    };
    // In this order: a choice of colours shows all that was hidden
    for (const key of shared) this.take(key, first, second);
    follow(first, second);
    follow(second, first);
  }

  private take(key: (typeof shared)[number], from: Plot, to: Plot): void {
    if (!this.busy) this.during(() => to.set({ [key]: from.get(key) }));
  }

  /** Makes a change of both, in which neither follows the other. */
  during(act: () => void): void {
    const before = this.busy;
    this.busy = true;
    try {
      act();
    } finally {
      this.busy = before;
    }
  }

  /** Ends it. */
  close(): void {
    for (const stop of this.stops) stop();
  }
}
