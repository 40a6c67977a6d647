/** The Gaussian model of a map: making, editing, reading and writing it. */
export { modelDensity as density } from "./density";
export {
  displacements,
  gaussiansInRegion,
  isInside,
  maskFlags,
  mergedModels as merge,
  movedModel as move,
  type Region,
  type RigidMotion,
  rescaledModel as rescale,
  rigidMotion,
} from "./edit";
export { emptyModel as empty, type GaussianModel, Row, type Vector3 } from "./gaussianModel";
export type { GrownModel, GrowOptions, GrowthRound } from "./growth";
export { growNeutralModel as grow } from "./neutral";
export { readModelPdb as readPdb, writeModelPdb as writePdb } from "./pdb";
export { type ModelBox, readModelText as readText, writeModelText as writeText } from "./text";
