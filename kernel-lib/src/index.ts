/**
 * e2gmm: Gaussian mixture models of cryo-EM heterogeneity. What a notebook imports; see the README for a first look.
 */
export {
  type BackendInUse,
  type BackendName,
  type BackendReport,
  backendNames,
  listBackends,
  measureMatmul,
  useBackend,
} from "./compute/backends";
export type { Column } from "./display/checks";
export { type Displayable, displaySymbol, type MimeBundle } from "./display/displayable";
export { Figure, type FigureOptions } from "./display/figure";
export { type FscFigureOptions, fscFigure, type LabelledFsc } from "./display/fscFigure";
export { growthFigure } from "./display/growthFigure";
export { histogramFigure } from "./display/histogramFigure";
export { type LabelledMap, type MapFigureOptions, mapFigure } from "./display/mapFigure";
export { type LabelledImage, type MontageOptions, montageFigure } from "./display/montageFigure";
export { clearestAxis, type MotionOptions, motionFigure } from "./display/motionFigure";
export { type ParticlesFigureOptions, particlesFigure } from "./display/particlesFigure";
export { progressBar } from "./display/progressBar";
export { type ScatterOptions, type SetColumn, scatterFigure } from "./display/scatterFigure";
export { type ShowOptions, show } from "./display/show";
export { type Cell, Table, table } from "./display/table";
export { trainingFigure } from "./display/trainingFigure";
export * from "./errors";
export type { Clustering } from "./explorer/clusterings";
export { explore, exploreTraining } from "./explorer/explore";
export { type ExploreOptions, Explorer } from "./explorer/explorer";
export type { ExportKind } from "./explorer/explorerState";
export {
  GaussianViewer,
  type GaussianViewerOptions,
  type MapLook,
  type PlaybackOptions,
} from "./explorer/gaussianViewer";
export { LatentScatter, type LatentScatterOptions, type SelectMode } from "./explorer/latentScatter";
export type { ScatterSet } from "./explorer/latentScatterColours";
export type { ScatterColumn } from "./explorer/latentScatterTable";
export type { MaskShape } from "./explorer/maskShapes";
export { servePanels } from "./explorer/panel";
export { type NamedSet, type SetOperation, SetTable } from "./explorer/particleSets";
export { type DensityClusters, type DensityOptions, densityClusters } from "./latent/density";
export { NeighbourInterpolation } from "./latent/interpolation";
export * from "./latent/kmeans";
export * from "./latent/match";
export { type GaussianMixture, gaussianMixture, type MixtureOptions } from "./latent/mixture";
export { type Path, type PathLine, type PathOptions, pathLine, pathThrough } from "./latent/path";
export * from "./latent/pathParts";
export * from "./latent/pca";
export * from "./latent/selection";
export * from "./latent/statistics";
export { type Umap, type UmapOptions, umap } from "./latent/umap";
export * from "./maps/filter";
export * from "./maps/fsc";
export { describeLeftOut, type LeftOutImage } from "./maps/imageOutliers";
export { applyMask, densityMask, readMask, sphericalMask } from "./maps/mask";
export { type ByteSign, type MrcFile, openMrc, type ReadMapOptions, readMap, writeMap } from "./maps/mrc";
export { type Reconstruction, type ReconstructOptions, reconstruct } from "./maps/reconstruct";
export { resizeVolume } from "./maps/resize";
export * from "./maps/sections";
export { type TrainingBox, trainingBox } from "./maps/trainingBox";
export * from "./maps/volume";
export * from "./model/density";
export * from "./model/edit";
export {
  emptyModel,
  type GaussianModel,
  Row,
} from "./model/gaussianModel";
export type { GrownModel, GrowOptions, GrowthRound } from "./model/growth";
export { growNeutralModel } from "./model/neutral";
export { readModelPdb, writeModelPdb } from "./model/pdb";
export { readModelText, writeModelText } from "./model/text";
export type { Varied } from "./network/head";
export * from "./particles/ctf";
export * from "./particles/particleColumns";
export { openParticles, ParticleSet } from "./particles/particleSet";
export { type ParticleTargets, prepareTargets } from "./particles/targets";
export * from "./particles/writeSelection";
export * from "./progress";
export type * from "./projection/engine";
export { createEngine, type EngineChoice } from "./projection/engines";
export type { Workload } from "./projection/trial";
export * from "./random";
export * from "./simulate/designs";
export { type SimulatedCtf, type SimulatedData, simulateFromModels } from "./simulate/simulateParticles";
export type { Outlier, OutlierReason } from "./training/agreement";
export { type BackgroundSettings, train } from "./training/background";
export { defaultTrainingOptions, type TrainingOptions } from "./training/options";
export { type Latents, Run, type RunRecord } from "./training/run";
export { trainInThisThread } from "./training/train";
export type { EpochReport } from "./training/trainer";
export type { TrainSettings } from "./training/trainSettings";
export type { Weighting } from "./training/weights";
export { packageVersion } from "./version";
export * as widgets from "./widgets";
