/** The Gaussian model of a map: making, editing, reading and writing it. */
export {
  maskOfGaussians as maskOf,
  type SymmetricModel,
  symmetriseModel as symmetrise,
} from "./asymmetricUnit";
export { type ModelDensityOptions, modelDensity as density } from "./density";
export { mergedModels as merge, movedModel as move, rescaledModel as rescale } from "./edit";
export { readEman2Text, writeEman2Text } from "./eman2Text";
export { emptyModel as empty, type GaussianModel, Row, type Vector3 } from "./gaussianModel";
export { growNeutralModel as grow } from "./growNeutralModel";
export type { GrownModel, GrowOptions, GrowthRound } from "./growth";
export type { ModelBox } from "./modelFileChecks";
export type { MovingBodies } from "./movingBodies";
export { type PdbOptions, readModelPdb as readPdb, writeModelPdb as writePdb } from "./pdb";
export { type RegionMotion, type RegionMotionOptions, regionMotion } from "./regionMotion";
export { gaussiansInRegion, isInside, maskFlags, type Region } from "./regions";
export { displacements, type RigidMotion, rigidMotion } from "./rigidMotion";
export { type StateChange, stateChange } from "./stateChange";
export { readModelText as readText, writeModelText as writeText } from "./text";
