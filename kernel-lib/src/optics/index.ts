/** The contrast transfer function (CTF) of the microscope, and point groups. */
export type { Aberrations } from "./aberrations";
export { type Ctf, CtfEvaluator, ctfValue, electronWavelength } from "./ctf";
export { type PointGroup, pointGroup } from "./symmetry";
