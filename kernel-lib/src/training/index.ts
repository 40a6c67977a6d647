/** Training of a heterogeneity model, and the run folder that holds its results. */
export type { Varied } from "../network/head";
export type { Outlier, OutlierReason } from "./agreement/agreement";
export { type BackgroundSettings, train } from "./background";
export { defaultTrainingOptions as defaultOptions, type TrainingOptions } from "./options";
export { type Latents, Run, type RunRecord } from "./runs/run";
export { trainInThisThread } from "./train";
export type { EpochReport } from "./trainer";
export type { TrainSettings } from "./trainSettings";
export type { Weighting } from "./weights";
