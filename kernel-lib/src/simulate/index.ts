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
export type { Imperfections, SimulatedCtf, SimulatedViews } from "./simulatedParticles";
export type { MapSource } from "./simulatedStates";
export {
  type SimulatedData,
  type SimulateOptions,
  simulateFromMaps as fromMaps,
  simulateFromModels as fromModels,
} from "./simulateParticles";
export { type SymmetricOptions, simulateSymmetric as symmetric } from "./symmetricDesign";
export type { TiltScheme } from "./tiltScheme";
