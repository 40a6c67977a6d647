/** Whether to believe a run: evidence for heterogeneity, leaks, and how well its places fit where the truth is known. */
export type {
  AxisGain,
  Evidence,
  EvidenceGain,
  MotionSize,
  ReducedMotion,
  RingGain,
  ToldApart,
} from "../training/evidence/evidence";
export {
  type AxisLeak,
  type Leak,
  type LeakData,
  type LeakOptions,
  type Leaks,
  measureLeaks,
  type Nuisance,
} from "../training/leaks/leaks";
export { leaksOfPlaces, type OthersPlaces, type RunLeaksOptions } from "../training/leaks/runLeaks";
export type { PosePrior } from "../training/posterior/placePosterior";
export { type AxisCoverage, type CoverageData, coverage } from "./coverage";
export { leaksReport } from "./leaksReport";
export { report } from "./report";
export {
  type ClassAgreement,
  type ClassAgreementOptions,
  type ClassedPlaces,
  classAgreement,
  isClassColumn,
} from "./score/classAgreement";
export { type FscArea, type FscAreaOptions, fscArea } from "./score/fscArea";
export {
  type ChanceLevel,
  type InformationImbalance,
  informationImbalance,
  type NeighbourhoodOptions,
  type NeighbourhoodSimilarity,
  neighbourhoodSimilarity,
  type TwoSpaces,
} from "./score/neighbourhoods";
export {
  type AreaScore,
  type ScoredVolume,
  scoreVolumes,
  type VolumeScores,
  type VolumeTruth,
} from "./score/scoreVolumes";
export { type Verdict, verdict } from "./verdict";
