/** Analysis of the latent space: principal components, UMAP, clusters, selections, paths, statistics. */
export { type MeasuredPoints, type PriorOptions, typicalErrors, withoutPrior } from "./deconvolution";
export { type DensityClusters, type DensityOptions, densityClusters } from "./density";
export { type InterpolationOptions, NeighbourInterpolation } from "./interpolation";
export { type KMeansSelection, type KMeansSelectionOptions, selectKMeans } from "./kMeansSelection";
export { type Clusters, type KMeansOptions, kMeans, kMeansAsync } from "./kmeans";
export { type LabelOptions, labelPoints } from "./labelPoints";
export { adjustedRandIndex, assignment, type MatchedLabels, matchLabels } from "./match";
export { matchPlaces } from "./matchPlaces";
export { type GaussianMixture, gaussianMixture, type MixtureOptions } from "./mixture";
export { type MixtureSelection, type MixtureSelectionOptions, selectMixture } from "./mixtureSelection";
export type { MixtureSets } from "./mixtureSets";
export {
  type ComponentPathOptions,
  type Eigenmotion,
  type EigenmotionOptions,
  LocalMotions,
  localEigenmotions,
  MotionComponents,
  type MotionComponentsOptions,
  type MotionDecoder,
  type MotionRegion,
  type MotionTerm,
  motionComponents,
  type TracedMotion,
  type TraceOptions,
} from "./motions";
export { type ParticleSets, type ParticleSetsOptions, particleSets } from "./particleSets";
export { type Path, type PathLine, type PathOptions, pathLine, pathThrough } from "./path";
export {
  type PathParts,
  type PathPartsOptions,
  type PlacesOnPath,
  partsAlongPath,
  placesOnPath,
  reachOfPath,
} from "./pathParts";
export { type Pca, pca, pcaInverse, pcaTransform } from "./pca";
export type { Places } from "./places";
export { type ReadPlacesOptions, readPlaces } from "./placesFile";
export type { PointSet } from "./points";
export {
  type PopulationDensity,
  type PopulationDensityOptions,
  populationDensity,
} from "./populationDensity";
export {
  type Columns,
  columnsOf,
  intersectRows,
  type Line,
  type LineOptions,
  type LineParts,
  nearestRows,
  otherRows,
  partsAlongLine,
  rowsByLabel,
  rowsByNearest,
  rowsInBox,
  rowsInPolygon,
  rowsWithin,
  squaredDistances,
  subtractRows,
  unionRows,
} from "./selection";
export { pearson, ranks, spearman } from "./statistics";
export { type Umap, type UmapOptions, umap } from "./umap";
export {
  formatUnitCorrelation,
  type UnitCorrelation,
  type UnitCorrelationOptions,
  type UnitPairs,
  unitCorrelation,
} from "./unitCorrelation";
