import { type Displayable, displaySymbol, escapeMarkup, type MimeBundle, pngOf } from "tslab-widgets/display";
import { writeAtomic } from "../atomicWrite";

/** Options of every figure. */
export interface FigureOptions {
  /** Above the figure. Default depends on the figure. */
  title?: string;
  /** Width of the plotting area in pixels. Default depends on the figure. */
  width?: number;
  /** Height of the plotting area in pixels. Default depends on the figure. */
  height?: number;
}

/**
 * A static figure. The value of a cell or `show` displays it in the notebook, and it stays in saved notebooks, on GitHub and
 * in exported pages. It is drawn when it is needed for the first time.
 *
 * @example
 * ```ts
 * const figure = e2.figures.histogram({ label: "z", values: [0.1, 0.4, 0.2] });
 * await figure.save("histogram.svg");
 * ```
 */
export class Figure implements Displayable {
  private drawn: Promise<string> | undefined;

  /** @param draw returns the SVG document */
  constructor(
    /** The figure in words, for consoles and screen readers. */
    readonly description: string,
    private readonly draw: () => string | Promise<string>,
  ) {}

  /** Draws the figure as an SVG document. */
  svg(): Promise<string> {
    this.drawn ??= Promise.resolve(this.draw()).then((svg) =>
      svg.replace(/^<svg /, `<svg role="img" aria-label="${escapeMarkup(this.description)}" `),
    );
    return this.drawn;
  }

  /** Writes the figure as an SVG file. */
  async save(path: string): Promise<void> {
    await writeAtomic(path, await this.svg());
  }

  /** Forms for the notebook: SVG, PNG and the description. */
  async [displaySymbol](): Promise<MimeBundle> {
    const svg = await this.svg();
    const png = await pngOf(svg);
    return {
      "image/svg+xml": svg,
      // For notebooks that are not trusted, in which SVG is not shown
      ...(png !== undefined && { "image/png": png }),
      "text/plain": this.description,
    };
  }

  /** The description, for consoles. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.description;
  }
}
