import {
  type Aberrations,
  areAberrations,
  evenPhase,
  isMagnified,
  magnified,
  oddPhase,
} from "../optics/aberrations";
import { type Ctf, CtfEvaluator } from "../optics/ctf";
import type { AberrationTables, BatchGroup } from "./backprojectionMemory";

/**
 * Tables of a group's aberrations at the samples of its images: turns to add to the phase of the CTF, and the factor that takes
 * antisymmetric aberrations back.
 * @param ctf of one image of the group: its voltage and spherical aberration, or undefined
 */
export function aberrationTables(
  aberrations: Aberrations | undefined,
  { rings, extent }: Pick<BatchGroup, "rings" | "extent">,
  boxLength: number,
  ctf: Ctf | undefined,
): AberrationTables | undefined {
  if (!aberrations || !areAberrations(aberrations)) return undefined;
  const quads = Math.floor(rings / 4 + 1);
  const even = new Float32Array(quads * (rings + 1) * 8);
  const odd = new Float32Array(quads * (rings + 1) * 16);
  const microscope = ctf ?? { sphericalAberration: 0, voltage: 300 };
  const fourth = ctf && isMagnified(aberrations) ? new CtfEvaluator(ctf).inTurns(boxLength).fourth : 0;
  for (let kx = 0; kx < 4 * quads; kx++) {
    const reach = extent[Math.min(rings, 4 * (kx >> 2))]!;
    for (let ky = -reach; ky <= reach; ky++) {
      const [x, y] = [kx / boxLength, ky / boxLength];
      const row = (kx >> 2) * (rings + 1) + Math.abs(ky);
      const side = ky < 0 ? 1 : 0;
      const [mx, my] = magnified(aberrations.magnification, kx, ky);
      const spherical = fourth * ((mx * mx + my * my) ** 2 - (kx * kx + ky * ky) ** 2);
      even[8 * row + 4 * side + (kx & 3)] = spherical - evenPhase(aberrations, x, y) / (2 * Math.PI);
      const phase = -oddPhase(aberrations, microscope, x, y);
      const at = 16 * row + 8 * side + (kx & 3);
      odd[at] = Math.cos(phase);
      odd[at + 4] = Math.sin(phase);
    }
  }
  return { even, odd };
}

/** Quadratic terms of the phase of a CTF in turns, at M·k instead of k. */
export function magnifiedTerms(
  { xx, yy, xy }: { xx: number; yy: number; xy: number },
  [a, b, c, d]: Aberrations["magnification"],
): { xx: number; yy: number; xy: number } {
  return {
    xx: xx * a * a + yy * c * c + xy * a * c,
    yy: xx * b * b + yy * d * d + xy * b * d,
    xy: 2 * (xx * a * b + yy * c * d) + xy * (a * d + b * c),
  };
}

/** Rows 1 and 2 of a rotation for images of an anisotropic magnification. */
export function magnifiedAxes(
  rotation: ArrayLike<number>,
  [a, b, c, d]: Aberrations["magnification"],
): Float64Array {
  return Float64Array.from({ length: 6 }, (_, i) => {
    const [one, two] = [rotation[i % 3]!, rotation[3 + (i % 3)]!];
    return i < 3 ? a * one + c * two : b * one + d * two;
  });
}
