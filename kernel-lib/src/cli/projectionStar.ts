import { finiteText } from "../finite";
import { noMicroscope, OpticsGroups, relionStarHead } from "../formats/relionStar";
import { eulerFromRotation } from "../optics/pose";
import type { Views } from "./projectImages";

/**
 * Text of the STAR file (RELION 3.1) of projections. CTF columns are written only if the images have a CTF, since readers
 * correct for it.
 * @param stack path of the stack relative to the STAR file
 */
export function projectionStar(
  { count, rotations, shifts, ctf: ctfOf }: Views,
  stack: string,
  box: { boxSize: number; apix: number },
): string {
  const groups = new OpticsGroups();
  const columns = ["rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi", "rlnOriginXAngst", "rlnOriginYAngst"];
  if (ctfOf) {
    columns.push("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle", "rlnPhaseShift");
    columns.push("rlnCtfBfactor", "rlnCtfScalefactor");
  }
  columns.push("rlnOpticsGroup", "rlnImageName");
  const rows: string[] = [];
  for (let i = 0; i < count; i++) {
    const { rot, tilt, psi } = eulerFromRotation(rotations, 9 * i);
    const row = [rot, tilt, psi, -shifts[2 * i]!, -shifts[2 * i + 1]!].map(decimal);
    const ctf = ctfOf?.(i);
    if (ctf) {
      const { defocusU, defocusV, angle, phaseShift, bFactor, scale } = ctf;
      row.push(...[defocusU, defocusV, angle, phaseShift, bFactor, scale].map(decimal));
    }
    row.push(String(groups.number(ctf ?? noMicroscope)), `${String(i + 1).padStart(6, "0")}@${stack}`);
    rows.push(`${row.join(" ")}\n`);
  }
  const optics = groups.microscopes.map((microscope) => ({ ...microscope, ...box }));
  return relionStarHead(optics, columns) + rows.join("");
}

function decimal(value: number): string {
  const text = finiteText(value, 6, "STAR file of the projections", "a pose or CTF");
  return text === "-0.000000" ? "0.000000" : text;
}
