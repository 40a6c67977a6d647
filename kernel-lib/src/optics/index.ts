/** The contrast transfer function (CTF) of the microscope. */
export { type Ctf, CtfEvaluator, ctfValue, electronWavelength } from "./ctf";
