import { type Displayable, displaySymbol, escapeMarkup, type MimeBundle, pngOf } from "tslab-widgets/display";
import { writeAtomic } from "../atomicWrite";

/** Options that every figure knows. */
export interface FigureOptions {
  title?: string;
  /** Of the drawing area, in pixels. */
  width?: number;
  height?: number;
}

/**
 * A static figure. As the last expression of a cell, or through `show`, it appears in the notebook; in a saved
 * notebook, on GitHub and in exported pages it stays. It is drawn when it is first asked for.
 */
export class Figure implements Displayable {
  private drawn: Promise<string> | undefined;

  /**
   * @param description what the figure shows, in words: its text/plain form, and what screen readers read
   * @param draw        makes the SVG
   */
  constructor(
    readonly description: string,
    private readonly draw: () => string | Promise<string>,
  ) {}

  /** The figure as an SVG document. */
  svg(): Promise<string> {
    this.drawn ??= Promise.resolve(this.draw()).then((svg) =>
      svg.replace(/^<svg /, `<svg role="img" aria-label="${escapeMarkup(this.description)}" `),
    );
    return this.drawn;
  }

  /** Writes the figure as an SVG file. */
  async save(file: string): Promise<void> {
    await writeAtomic(file, await this.svg());
  }

  async [displaySymbol](): Promise<MimeBundle> {
    const svg = await this.svg();
    const png = await pngOf(svg);
    return {
      "image/svg+xml": svg,
      // What is shown of a notebook that is not trusted
      ...(png !== undefined && { "image/png": png }),
      "text/plain": this.description,
    };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.description;
  }
}
