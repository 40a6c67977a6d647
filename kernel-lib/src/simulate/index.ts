/** Simulated particles whose state is known. */
export { type AssemblyOptions, simulateAssembly as assembly } from "./assemblyDesign";
export type { DesignOptions, MotionOptions } from "./designOptions";
export {
  type CircularMotionOptions,
  type LinearMotionOptions,
  simulateCircularMotion as circularMotion,
  simulateComposition as composition,
  simulateLinearMotion as linearMotion,
  simulateLinearOccupancy as linearOccupancy,
} from "./designs";
export {
  simulateOneState as oneState,
  simulateTilt as tilt,
  simulateTwoDomains as twoDomains,
  type TiltOptions,
} from "./domainDesigns";
export type { Imperfections, SimulatedCtf } from "./simulatedParticles";
export {
  type SimulatedData,
  type SimulateOptions,
  simulateFromModels as fromModels,
} from "./simulateParticles";
export { type SymmetricOptions, simulateSymmetric as symmetric } from "./symmetricDesign";
