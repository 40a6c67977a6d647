/** Whether there is heterogeneity: the evidence of a run as text, and how well its intervals hold where the truth is known. */
export type { AxisGain, Evidence, EvidenceGain, MotionSize, RingGain } from "../training/evidence/evidence";
export type { PosePrior } from "../training/posterior/placePosterior";
export { type AxisCoverage, type CoverageData, coverage } from "./coverage";
export { report } from "./report";
export { type Verdict, verdict } from "./verdict";
