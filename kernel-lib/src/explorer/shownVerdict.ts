import { unmeasured, verdictOfRun } from "../evidence/verdict";
import { columnsOf } from "../latent/selection";
import type { LatentAxis } from "../training/axes/latentAxis";
import type { Latents } from "../training/runs/run";
import type { ExplorerParts } from "./explorerParts";
import type { RunKnowledge } from "./runKnowledge";

/** Shows what a run knows about itself: the verdict, the sizes of the axes, how well each particle is seen along them. */
export class ShownVerdict {
  private titled = false;

  constructor(private readonly parts: Pick<ExplorerParts, "page" | "explored" | "scatter">) {}

  /** Shows that a training has not come to a verdict yet. */
  begin(): void {
    const { page, scatter } = this.parts;
    if (this.titled) scatter.setAxisTitles([]);
    this.titled = false;
    page.set({ verdict: unmeasured("it is when the training has ended") });
  }

  /** Shows the verdict of the explored run. */
  show({ measured, axes, latents, problem }: RunKnowledge): void {
    const { page, explored, scatter } = this.parts;
    const { run, count } = explored;
    if (page.closed || !run) return;
    page.set({
      verdict: verdictOfRun(run, measured, axes),
      ...(problem !== "" && { status: problem }),
    });
    scatter.setAxisTitles(axes.map(axisTitle));
    this.titled = axes.length > 0;
    if (!latents || count * latents.latent !== latents.observability.length) return;
    for (const column of observabilityColumns(latents)) scatter.setColumn(column);
  }
}

/** How well each particle is seen along each axis. */
export function observabilityColumns({
  latent,
  observability,
}: Latents): { name: string; values: Float32Array }[] {
  return columnsOf(observability, latent).map((values, d) => ({
    name: `observability of z${d + 1}`,
    values,
  }));
}

/** The title of an axis in the scatter. */
export function axisTitle({ name, title, real }: LatentAxis): string {
  return `${name}${real === false ? ", not real" : ""} · ${title}`;
}
