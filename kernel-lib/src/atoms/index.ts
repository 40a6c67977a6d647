/** Atomic models: reading, carrying along the motion of a run, writing. */
export { type AtomAgreement, atomAgreement as agreement } from "./agreement";
export { type AtomDensityOptions, atomCentre as centre, atomDensity as density } from "./atomDensity";
export type { AtomFormat, AtomModel } from "./atomModel";
export { type AtomPairs, findBonds as bonds } from "./bonds";
export { type CarriedAtoms, type CarriedModel, type CarryOptions, carryAtoms as carry } from "./carry";
export type { CifTable, CifTables } from "./molstarReader";
export { type PopulationOptions, type PopulationPlaces, populationPlaces } from "./population";
export { type ReadAtomsOptions, readAtomEnsemble as readEnsemble, readAtoms as read } from "./readAtoms";
export type { RigidGroups } from "./rigidGroups";
export { atomRmsd as rmsd, type RmsdOptions } from "./rmsd";
export { type Decoder, type ModelPlace, nearestPlace } from "./startPlace";
export { type WriteAtomsOptions, writeAtoms as write } from "./writeAtoms";
