/** Live views of a run: the explorer, and its latent scatter and Gaussian viewer alone. */
export { explore, exploreTraining } from "./explore";
export { type ExploreOptions, Explorer } from "./explorer";
export type { ExportKind } from "./explorerState";
export {
  GaussianViewer,
  type GaussianViewerOptions,
  type MapLook,
  type PlaybackOptions,
} from "./gaussianViewer/gaussianViewer";
export type { MaskShape } from "./gaussianViewer/maskShapes";
export type { ScatterSet } from "./latentScatter/colours";
export { LatentScatter, type LatentScatterOptions, type SelectMode } from "./latentScatter/latentScatter";
export type { ScatterColumn } from "./latentScatter/table";
export { servePanels } from "./panel";
export type { Clustering } from "./sets/clusterings";
export { type NamedSet, type SetOperation, SetTable } from "./sets/particleSets";
