import type { Ctf } from "../optics/ctf";
import type { OpticsGroup, ParticleMetadata } from "./metadata/metadata";

/** Values of some rows of a file: rows of `all` [count · width] in the given order. */
export function valuesOfRows(all: Float32Array, width: number, rows: ArrayLike<number>): Float32Array {
  const out = new Float32Array(width * rows.length);
  for (let i = 0; i < rows.length; i++) {
    const from = width * rows[i]!;
    for (let j = 0; j < width; j++) out[width * i + j] = all[from + j]!;
  }
  return out;
}

/** CTF of a row of a file; undefined if the file has none. */
export function ctfOfRow(
  { defocus }: ParticleMetadata,
  row: number,
  { voltage, sphericalAberration, amplitudeContrast }: OpticsGroup,
): Ctf | undefined {
  if (!defocus) return undefined;
  return {
    defocusU: defocus.defocusU[row]!,
    defocusV: defocus.defocusV[row]!,
    angle: defocus.angle[row]!,
    phaseShift: defocus.phaseShift?.[row] ?? 0,
    voltage,
    sphericalAberration,
    amplitudeContrast,
    bFactor: defocus.bFactor?.[row] ?? 0,
    scale: defocus.scale?.[row] ?? 1,
    ...(defocus.dose && { dose: defocus.dose[row]! }),
  };
}

/** Rows of a file, and the symmetry operator of each, if there are operators. */
interface RowList {
  readonly rows: ArrayLike<number>;
  readonly operators?: ArrayLike<number> | undefined;
}

/**
 * Index of each wanted row among others, the first of several, or −1.
 * @param count number of rows in the file
 */
export function placesOfRows(among: RowList, wanted: RowList, count: number): Int32Array {
  const withOperators = among.operators !== undefined && wanted.operators !== undefined;
  const key = ({ rows, operators }: RowList, i: number) =>
    rows[i]! + (withOperators ? count * operators![i]! : 0);
  const first = new Map<number, number>();
  for (let i = 0; i < among.rows.length; i++) {
    const own = key(among, i);
    if (!first.has(own)) first.set(own, i);
  }
  return Int32Array.from({ length: wanted.rows.length }, (_, i) => first.get(key(wanted, i)) ?? -1);
}
