import type { Ctf } from "./ctf";

/** A CTF without astigmatism, phase plate and envelope, of a microscope of 300 kV; tests change what they are about. */
export const plainCtf: Ctf = {
  defocusU: 15000,
  defocusV: 15000,
  angle: 0,
  phaseShift: 0,
  voltage: 300,
  sphericalAberration: 2.7,
  amplitudeContrast: 0.1,
  bFactor: 0,
  scale: 1,
};
