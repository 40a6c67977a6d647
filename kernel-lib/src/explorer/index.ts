/** Live views of a run: the explorer, and its latent scatter and Gaussian viewer alone. */

export { type NamedSet, type NewSet, type SetOperation, SetTable } from "../workbench/setTable";
export type { AtomState } from "./atoms/atomState";
export { ExplorerAtoms, type ShownAtoms } from "./atoms/explorerAtoms";
export { explore, exploreTraining } from "./explore";
export type { ExploreOptions } from "./exploreOptions";
export { Explorer } from "./explorer";
export type { ExportOptions, ExportResult } from "./explorerExport";
export type { ExportKind } from "./explorerState";
export type { DensityMap } from "./gaussianViewer/densityMap";
export {
  GaussianViewer,
  type GaussianViewerOptions,
  type MotionArrows,
  type PlaybackOptions,
} from "./gaussianViewer/gaussianViewer";
export type { ResolutionSource } from "./gaussianViewer/mapResolutions";
export type { ChosenGaussians, MaskShape, SolidShape } from "./gaussianViewer/maskShapes";
export type { MapSlice, PictureStyle } from "./gaussianViewer/state";
export type { MapLook } from "./gaussianViewer/viewerMaps";
export type { ScatterSet } from "./latentScatter/colours";
export { LatentScatter } from "./latentScatter/latentScatter";
export type { LatentScatterOptions, Thumbnail } from "./latentScatter/options";
export type { SelectMode } from "./latentScatter/scatterSelection";
export type { OfferedColumn, ScatterColumn, TableColumn } from "./latentScatter/table";
export { type ExportedPage, exportPage, type PageOptions } from "./page/exportPage";
export { servePanels } from "./panel";
export { serveProject } from "./projectServer";
export { ExplorerRegion, type RegionMode } from "./region/explorerRegion";
export type { RegionMaskOptions } from "./region/regionMask";
export type { RegionMotionReport, RegionParticles, RegionRound } from "./region/regionMessages";
export type { ChainGaussians } from "./region/regionSources";
export type { SavedMask, SaveMaskOptions } from "./region/savedMasks";
export { SavedWork } from "./savedWork";
export type { Clustering } from "./sets/clusterings";
export type { PathDivision, PathSetsOptions } from "./sets/pathSets";
