/** Simulated particles whose state is known. */
export {
  type CircularMotionOptions,
  type DesignOptions,
  type LinearMotionOptions,
  simulateCircularMotion as circularMotion,
  simulateComposition as composition,
  simulateLinearMotion as linearMotion,
} from "./designs";
export {
  type SimulatedCtf,
  type SimulatedData,
  type SimulateOptions,
  simulateFromModels as fromModels,
} from "./simulateParticles";
