import { InputError } from "../../errors";
import type { StarTable } from "../../formats/starTable";
import { type Aberrations, areAberrations, isMagnified } from "../../optics/aberrations";
import type { OpticsGroup } from "./metadata";

/**
 * Aberrations of a group of data_optics, undefined for none.
 * @throws InputError for anything but finite numbers, and a magnification that is no small distortion
 */
export function aberrationsOf(optics: StarTable, group: number): Aberrations | undefined {
  const numbers = (name: string): number[] => {
    if (!optics.has(name)) return [];
    const text = optics.text(name)[group]!;
    const found = text.split(/[[\],\s]+/).filter((part) => part !== "");
    const values = found.map(Number);
    if (values.every(Number.isFinite)) return values;
    throw new InputError(`${optics.where(group)}, column ${name}`, "numbers", `"${text}"`);
  };
  const number = (name: string, missing: number) => numbers(name)[0] ?? missing;
  const found: Aberrations = {
    odd: numbers("_rlnOddZernike"),
    even: numbers("_rlnEvenZernike"),
    beamTilt: [number("_rlnBeamTiltX", 0), number("_rlnBeamTiltY", 0)],
    magnification: [
      number("_rlnMagMat00", 1),
      number("_rlnMagMat01", 0),
      number("_rlnMagMat10", 0),
      number("_rlnMagMat11", 1),
    ],
  };
  const [a, b, c, d] = found.magnification;
  if (
    Math.abs(a * d - b * c - 1) > mostDistortion ||
    [a - 1, b, c, d - 1].some((x) => Math.abs(x) > mostDistortion)
  ) {
    const place = `${optics.where(group)}, columns _rlnMagMat00 to _rlnMagMat11`;
    throw new InputError(place, "a matrix near 1, 0, 0, 1", found.magnification.join(", "));
  }
  return areAberrations(found) ? found : undefined;
}

/** Anisotropic magnifications are a few percent. */
const mostDistortion = 0.3;

/** Where aberrations of RELION's STAR files are corrected, and where not. */
export function aberrationWarnings(groups: readonly OpticsGroup[], table: StarTable): string[] {
  const warnings: string[] = [];
  const where = "corrected in reconstructions and motion-corrected maps, not in trainings";
  const all = groups.flatMap(({ aberrations }) => aberrations ?? []);
  if (all.some(({ odd, even, beamTilt }) => [...odd, ...even, ...beamTilt].some((x) => x !== 0)))
    warnings.push(`beam tilt and higher-order aberrations in the optics table are ${where}`);
  if (all.some(isMagnified)) warnings.push(`the anisotropic magnification in the optics table is ${where}`);
  const ofParticles = ["_rlnBeamTiltX", "_rlnBeamTiltY"].filter((name) => table.has(name));
  if (ofParticles.some((name) => table.text(name).some((value) => Number(value) !== 0)))
    warnings.push(
      "the beam tilt in the particle table is not corrected: `relion_convert_star` moves it to the optics table",
    );
  return warnings;
}
