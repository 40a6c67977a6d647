import { child, type WidgetKind } from "tslab-widgets";
import { nullable } from "tslab-widgets/traits";
import type { ExploredRun } from "./exploredRun";
import { explorerTraits } from "./explorerState";
import { GaussianViewer } from "./gaussianViewer/gaussianViewer";
import { LatentScatter } from "./latentScatter/latentScatter";
import { widgetModule, widgetModuleVersion } from "./module";
import { particleThumbnail } from "./particleImages";

const noDefault = (): never => {
  throw new TypeError("an explorer has a scatter and a viewer");
};

const traits = {
  ...explorerTraits,
  scatter: child<LatentScatter>("a LatentScatter", (value) => value instanceof LatentScatter, noDefault),
  /** The second plot; null while it is hidden. */
  second: nullable(
    child<LatentScatter>("a LatentScatter", (value) => value instanceof LatentScatter, noDefault),
  ),
  viewer: child<GaussianViewer>("a GaussianViewer", (value) => value instanceof GaussianViewer, noDefault),
};

/** Traits of the explorer with its two child widgets. */
export type ExplorerTraits = typeof traits;

/** The explorer as a widget: front-end module and traits. */
export const explorerKind: WidgetKind<ExplorerTraits> = {
  modelName: "ExplorerModel",
  modelModule: widgetModule,
  modelModuleVersion: widgetModuleVersion,
  viewName: "ExplorerView",
  viewModule: widgetModule,
  viewModuleVersion: widgetModuleVersion,
  traits,
};

/**
 * The two child widgets of an explorer. If the viewer cannot be created, the scatter is closed.
 * @param options.free 1 for each Gaussian that training may move; undefined: all
 */
export function makeChildren(
  explored: ExploredRun,
  { free, title = "" }: { free: Uint8Array | undefined; title: string | undefined },
): { scatter: LatentScatter; viewer: GaussianViewer } {
  const { latents, latent, deviations, neutral } = explored;
  const thumbnail = async (row: number) => particleThumbnail(explored.requireParticles(), row);
  const scatter = new LatentScatter({ latents, latent, deviations, title, thumbnail });
  try {
    return { scatter, viewer: new GaussianViewer({ neutral, title, ...(free && { free }) }) };
  } catch (error) {
    scatter.close();
    throw error;
  }
}
