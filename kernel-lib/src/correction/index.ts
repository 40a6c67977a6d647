/** Motion-corrected reconstruction: one state from all particles. */
export {
  type CorrectedReconstruction,
  type CorrectOptions,
  correctMotion,
  type MapWithHalves,
} from "./correctMotion";
export { type CorrectRunOptions, correctRun } from "./correctRun";
export type { Motion } from "./motion";
