import { displaySymbol, type MimeBundle } from "tslab-widgets/display";
import { verdict, verdictLine } from "../evidence/verdict";
import { Run } from "../training/runs/run";
import { Figure, type FigureOptions } from "./figure";
import { verdictCard } from "./verdictCard";

/**
 * What a run knows about itself: its verdict on the heterogeneity, a line for each axis of the latent space, and what it was
 * trained on. A run that is the value of a cell is shown like this.
 *
 * @param options width default 720; height and title are not used
 * @throws InputError if files of the run are damaged
 *
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * await e2.show(await e2.figures.run(run));
 * ```
 */
export async function runFigure(run: Run, options: Pick<FigureOptions, "width"> = {}): Promise<Figure> {
  const { width = 720 } = options;
  const known = await verdict(run);
  const about = aboutRun(run);
  const description = [verdictLine(known), ...known.axes, about].join("\n");
  return new Figure(description, () => {
    const { svg, height } = verdictCard(known, width, [about]);
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${svg}</svg>`;
  });
}

function aboutRun({ record, neutral, latent, folder }: Run): string {
  const axes = `${latent} ${latent === 1 ? "axis" : "axes"}`;
  const state = record.status === "complete" ? "" : ", training not finished";
  return `${folder}: ${record.particles} particles, ${axes}, ${neutral.count} Gaussians${state}`;
}

/*
 * Notebooks show a value by its display method. It is added to runs here, since training lies below figures in the import
 * order.
 */
Object.defineProperty(Run.prototype, displaySymbol, {
  configurable: true,
  async value(this: Run): Promise<MimeBundle> {
    return (await runFigure(this))[displaySymbol]();
  },
});
