/** Decoded motions of a population: principal components, and local eigenmotions of regions. */
export { type ComponentPathOptions, MotionComponents } from "./componentPaths";
export type { MotionDecoder, MotionRegion } from "./decoder";
export { type EigenmotionOptions, localEigenmotions } from "./localEigenmotions";
export {
  type Eigenmotion,
  LocalMotions,
  type MotionTerm,
  type TracedMotion,
  type TraceOptions,
} from "./localMotions";
export { type MotionComponentsOptions, motionComponents } from "./motionComponents";
