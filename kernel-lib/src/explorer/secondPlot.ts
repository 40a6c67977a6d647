import type { ExplorerParts } from "./explorerParts";
import type { LatentScatter } from "./latentScatter/latentScatter";

/** Axes of a plot. */
type Axes = { x: string; y: string; z: string | null };

/**
 * The second plot of an explorer: the same particles over axes of its own, such as a UMAP beside the latent coordinates. Selection,
 * sets, colours, probe and path are those of the first. It is made when it is first shown, and closed when it is hidden.
 */
export class SecondPlot {
  private shownPlot: LatentScatter | undefined;
  /** Axes when it was shown last. */
  private before: Axes | undefined;

  /** @param publish shows it in pages, or removes it */
  constructor(
    private readonly first: ExplorerParts["scatter"],
    private readonly publish: (plot: LatentScatter | null) => void,
  ) {}

  /** The plot; undefined while it is hidden. */
  get plot(): LatentScatter | undefined {
    return this.shownPlot;
  }

  /** Its axes; null while it is hidden. */
  get axes(): Axes | null {
    if (!this.shownPlot) return null;
    const { x, y, z } = this.shownPlot;
    return { x, y, z };
  }

  /**
   * Shows it, or hides it.
   * @param axes Default: those it had last, else others than those of the first
   * @throws TypeError for axes that there are not
   */
  show(shown: boolean, axes?: Axes): void {
    if (!shown) {
      this.close();
      return;
    }
    const plot = this.shownPlot ?? this.first.beside();
    try {
      if (axes || !this.shownPlot) plot.set(axes ?? this.defaultAxes());
    } catch (error) {
      if (!this.shownPlot) plot.close();
      throw error;
    }
    if (this.shownPlot) return;
    this.shownPlot = plot;
    this.publish(plot);
  }

  /** Hides it. */
  close(): void {
    const plot = this.shownPlot;
    if (!plot) return;
    this.before = this.axes ?? undefined;
    this.shownPlot = undefined;
    this.publish(null);
    plot.close();
  }

  private defaultAxes(): Axes {
    const names = this.first.state.axes.map(({ name }) => name);
    const { before } = this;
    if (before && [before.x, before.y, before.z ?? before.x].every((name) => names.includes(name)))
      return before;
    const { x: firstX, y: firstY } = this.first;
    const pairs = [
      ["UMAP 1", "UMAP 2"],
      ["z3", "z4"],
      ["z1", "z3"],
      ["PC 1", "PC 2"],
      ["z1", "z2"],
      ["z1", "row"],
      ["row", "z1"],
    ] as const;
    const [x, y] = pairs.find(
      (pair) => pair.every((name) => names.includes(name)) && !(pair[0] === firstX && pair[1] === firstY),
    )!;
    return { x, y, z: null };
  }
}
