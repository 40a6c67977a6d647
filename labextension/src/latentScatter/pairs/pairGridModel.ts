import type { PairAxis, Snapshot } from "../snapshot.js";

/** Number of axes from which on there are pairs to choose among; the kernel's own limit. */
const leastAxes = 3;

/** What the grid of pairs is connected to. */
export interface PairGridLinks {
  state(): Snapshot;
  change(entries: Partial<Snapshot>): void;
}

/** A small plot of two axes: their places among those of the grid. */
export interface Pair {
  across: number;
  up: number;
}

/** The grid of small plots of all pairs of axes, one of which becomes the axes of the plot. */
export class PairGridModel {
  constructor(private readonly links: PairGridLinks) {}

  /** Whether there are enough axes. */
  get isOffered(): boolean {
    return this.links.state().axes.filter(({ kind }) => kind === "latent").length >= leastAxes;
  }

  /** Whether it is open, with its points here. */
  get isOpen(): boolean {
    const { pairs, pairAxes } = this.links.state();
    return pairs !== "" && pairAxes.length >= leastAxes;
  }

  /** The axes, in order. */
  get axes(): readonly PairAxis[] {
    return this.links.state().pairAxes;
  }

  /** Pairs as rows from above: the axis up is constant in each, and each pair is there once. */
  get rows(): Pair[][] {
    return Array.from({ length: Math.max(this.axes.length - 1, 0) }, (_, row) =>
      Array.from({ length: row + 1 }, (_, across) => ({ across, up: row + 1 })),
    );
  }

  /** Whether the plot shows this pair. */
  isShown({ across, up }: Pair): boolean {
    const { x, y, z } = this.links.state();
    return z === null && x === this.axes[across]?.name && y === this.axes[up]?.name;
  }

  /** Opens the grid of latent axes or principal components, or closes it. */
  show(pairs: Snapshot["pairs"]): void {
    this.links.change({ pairs });
  }

  /** Makes a pair the axes of the plot, and closes the grid. */
  choose({ across, up }: Pair): void {
    const [x, y] = [this.axes[across], this.axes[up]];
    if (x && y) this.links.change({ x: x.name, y: y.name, z: null, pairs: "" });
  }
}

/** The pair that an arrow key leads to; undefined at the border of the grid, and for other keys. */
export function neighbour({ across, up }: Pair, key: string, axes: number): Pair | undefined {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  if (!step) return undefined;
  const next = { across: across + step[0]!, up: up + step[1]! };
  return next.across >= 0 && next.across < next.up && next.up < axes ? next : undefined;
}
