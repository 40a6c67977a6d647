/** Motion-corrected reconstruction: one state from all particles. */
export {
  type CorrectedReconstruction,
  type CorrectOptions,
  correctMotion,
  type MapWithHalves,
} from "./correctMotion";
export type { Motion } from "./motion";
