/** Motion-corrected reconstruction: states from all particles. */
export type { PartStep } from "./cellShares";
export { correctMotion } from "./correctMotion";
export { type CorrectRunOptions, correctRun, prepareRunCorrection } from "./correctRun";
export type { Motion } from "./motion";
export {
  type CorrectedReconstruction,
  type CorrectOptions,
  type MapWithHalves,
  type MotionCorrection,
  prepareCorrection,
} from "./motionCorrection";
