/** Training of a heterogeneity model, and the run folder that holds its results. */
export type { AxisRoles, DecoderForm } from "../network/decoder";
export type { Varied } from "../network/head";
export type { Outlier, OutlierReason } from "./agreement/agreement";
export type { Fit } from "./agreement/chosenParticles";
export type { FittedFactor } from "./agreement/defocusFit";
export type { GroupsByImages, PlacedGroups } from "./assignment/assignByImages";
export type { PlaceMixture } from "./assignment/placeMixture";
export { type AxisKind, type AxisSize, LatentAxis } from "./axes/latentAxis";
export { train } from "./background";
export type { MeasuredMotion, MeasuredMotionOptions } from "./bodies/measuredRegionMotion";
export type { CheckedInputs, CheckedRing, Finding, FindingStatus } from "./check/checkedInputs";
export { type CheckSettings, checkInputs } from "./check/checkInputs";
export type { Schedule } from "./course";
export type { RunLeaksOptions } from "./leaks/runLeaks";
export { neutralFromParticles, polishNeutralModel } from "./neutral/neutralFromParticles";
export type {
  FromParticlesOptions,
  NeutralFromParticles,
  NeutralReport,
  NeutralRing,
  PolishedModel,
  PolishOptions,
} from "./neutral/neutralOptions";
export { defaultTrainingOptions as defaultOptions, type RunOptions, type TrainingOptions } from "./options";
export { type PoseChange, poseChange, type Spread } from "./poses/commonFrame";
export { type RefinePosesOptions, refineConsensusPoses as refinePoses } from "./poses/consensusPoses";
export type {
  MotionMeasurement,
  PoseChoice,
  PoseDecision,
  PoseMeasurement,
} from "./poses/first/poseDecision";
export type { PoseReport, RefinedPoses } from "./poses/refinedPoses";
export { type BestPoses, bestPoses } from "./poses/rounds/bestPoses";
export type { HalfMapGain } from "./poses/rounds/halfMapGain";
export { refineInRounds } from "./poses/rounds/refineInRounds";
export type {
  HalfMapResolution,
  RoundReport,
  RoundsReport,
  RoundsSettings,
} from "./poses/rounds/roundsSettings";
export type { RunPosesOptions } from "./poses/runPoses";
export type { SharedMotion } from "./poses/sharedMotion";
export { refineWithTraining } from "./poses/trained/refineWithTraining";
export type {
  TrainedHalf,
  TrainedReport,
  TrainedRoundsSettings,
  TrainingEvidence,
  TrainingRound,
} from "./poses/trained/trainedSettings";
export type { PlacesOptions } from "./posterior/otherPlaces";
export type { PosePrior } from "./posterior/placePosterior";
export type { Posterior } from "./posterior/posterior";
export type { FileState, InputFiles } from "./runs/inputFiles";
export { openRun } from "./runs/openRun";
export {
  type AssignOptions,
  type EvidenceOptions,
  type InheritedAxes,
  type Latents,
  type Lineage,
  Run,
  type RunRecord,
  type UnexplainedOptions,
} from "./runs/run";
export {
  openRunParticles as openParticles,
  type ParticleInputs,
  type RunParticlesOptions,
} from "./runs/runParticles";
export type { StartingRun, TrainingSettings } from "./settings";
export type { AxisKinds } from "./survey/axisRoles";
export type { Survey } from "./survey/survey";
export { trainInThisThread } from "./train";
export type { EpochReport } from "./trainer";
export { type GpuReport, measureCpuStep, measureGpus } from "./trial/gpuReports";
export type { Unexplained } from "./unexplained/unexplained";
export { decodeUnits, type UnitLatents, unitLatents } from "./units/unitTables";
export type { Weighting } from "./weights";
