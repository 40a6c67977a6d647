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
export { explore, exploreTraining } from "./explorer/explore";
export { type ExploreOptions, Explorer } from "./explorer/explorer";
export type { ExportKind } from "./explorer/explorerState";
export {
  GaussianViewer,
  type GaussianViewerOptions,
  type MapLook,
  type PlaybackOptions,
} from "./explorer/gaussianViewer/gaussianViewer";
export type { MaskShape } from "./explorer/gaussianViewer/maskShapes";
export type { ScatterSet } from "./explorer/latentScatter/colours";
export {
  LatentScatter,
  type LatentScatterOptions,
  type SelectMode,
} from "./explorer/latentScatter/latentScatter";
export type { ScatterColumn } from "./explorer/latentScatter/table";
export { servePanels } from "./explorer/panel";
export type { Clustering } from "./explorer/sets/clusterings";
export { type NamedSet, type SetOperation, SetTable } from "./explorer/sets/particleSets";
export { type ByteSign, type MrcFile, openMrc } from "./formats/mrc";
export { type TrainingBox, trainingBox } from "./fourier/trainingBox";
export { type DensityClusters, type DensityOptions, densityClusters } from "./latent/density";
export { type InterpolationOptions, NeighbourInterpolation } from "./latent/interpolation";
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
export { type ReadMapOptions, readMap, writeMap } from "./maps/mapFile";
export { applyMask, densityMask, readMask, sphericalMask } from "./maps/mask";
export { resizeVolume } from "./maps/resize";
export * from "./maps/sections";
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
export * from "./optics/ctf";
export { describeLeftOut, type LeftOutImage } from "./particles/images/imageOutliers";
export * from "./particles/particleColumns";
export { openParticles, ParticleSet } from "./particles/particleSet";
export { type ParticleTargets, prepareTargets } from "./particles/targets";
export * from "./particles/writeSelection";
export * from "./progress";
export type * from "./projection/engine";
export { createEngine, type EngineChoice } from "./projection/engines";
export type { Workload } from "./projection/trial";
export * from "./random";
export * from "./reconstruction/fsc";
export { type Reconstruction, type ReconstructOptions, reconstruct } from "./reconstruction/reconstruct";
export * from "./simulate/designs";
export { type SimulatedCtf, type SimulatedData, simulateFromModels } from "./simulate/simulateParticles";
export type { Outlier, OutlierReason } from "./training/agreement/agreement";
export { type BackgroundSettings, train } from "./training/background";
export { defaultTrainingOptions, type TrainingOptions } from "./training/options";
export { type Latents, Run, type RunRecord } from "./training/runs/run";
export { trainInThisThread } from "./training/train";
export type { EpochReport } from "./training/trainer";
export type { TrainSettings } from "./training/trainSettings";
export type { Weighting } from "./training/weights";
export { packageVersion } from "./version";
export * as widgets from "./widgets";
