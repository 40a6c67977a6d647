import { InputError } from "../../errors";
import type { NumberReader, StarTable } from "../../formats/starTable";
import type { ParticleMetadata } from "../metadata/metadata";
import { valuesOfRows } from "../particleRows";
import type { TiltImages } from "./tiltMetadata";

/*
 * Tilt series with a row for each image, as Warp 1, M, cryoSRPNT and nextPYP write them, and cryoDRGN-ET and tomoDRGN read them: rows
 * of one particle share a group, `_rlnCtfBfactor` is −4 times the exposure in e/Å², `_rlnCtfScalefactor` the cosine of the tilt.
 */

const bFactorColumn = "_rlnCtfBfactor";
const scaleColumn = "_rlnCtfScalefactor";
const dosePerBFactor = -1 / 4;

/** Column of the groups of a table with a row for each image of tilt series; undefined for single particles. */
export function tiltGroupColumn(table: StarTable, values: NumberReader): string | undefined {
  const group = table.has("_rlnTiltIndex") ? "_rlnGroupNumber" : "_rlnGroupName";
  const bFactor = values.column(bFactorColumn);
  if (!bFactor || !table.has(scaleColumn) || !table.has(group)) return undefined;
  // A real B factor weakens an image. An exposure is above 0 for all but a first image.
  return bFactor.every((b) => b <= 0) && bFactor.some((b) => b < 0) ? group : undefined;
}

/** The images of a table with a row for each. @throws InputError for images of one particle of different optics groups or halves */
export function groupedTilts(rows: ParticleMetadata, group: string): TiltImages {
  const { codes } = rows.categories(group);
  const order = Int32Array.from(codes, (_, row) => row).sort((a, b) => codes[a]! - codes[b]! || a - b);
  requireSame(rows, order, codes);
  const some = (values: ArrayLike<number>) => Int32Array.from(order, (row) => values[row]!);
  const numbers = (values: Float64Array) => Float64Array.from(order, (row) => values[row]!);
  const { defocus } = rows;
  const particles = 1 + codes.reduce((most, code) => Math.max(most, code), 0);
  const dose = numbers(rows.numbers(bFactorColumn)).map((b) => b * dosePerBFactor);
  const fact = `tilt series: ${order.length} images of ${particles} particles, by ${group}; ${bFactorColumn} is read as −4 times the exposure`;
  return {
    particleOf: some(codes),
    rowOf: order,
    stacks: rows.stacks,
    stack: some(rows.stack),
    section: some(rows.section),
    rotations: rows.hasPoses ? valuesOfRows(rows.rotations(), 9, order) : new Float32Array(9 * order.length),
    shifts: valuesOfRows(rows.shifts(), 2, order),
    defocus: defocus && {
      defocusU: numbers(defocus.defocusU),
      defocusV: numbers(defocus.defocusV),
      angle: numbers(defocus.angle),
      phaseShift: defocus.phaseShift && numbers(defocus.phaseShift),
      bFactor: undefined,
      scale: defocus.scale && numbers(defocus.scale),
      dose,
    },
    dose,
    warnings: [fact],
    facts: [fact],
  };
}

function requireSame(rows: ParticleMetadata, order: Int32Array, codes: Uint32Array): void {
  const { opticsGroup, randomSubset } = rows;
  for (let i = 1; i < order.length; i++) {
    const [before, row] = [order[i - 1]!, order[i]!];
    if (codes[before] !== codes[row]) continue;
    if (opticsGroup[before] !== opticsGroup[row]) {
      throw new InputError(rows.where(row), "the optics of the other images of its particle", "others");
    }
    if (randomSubset && randomSubset[before] !== randomSubset[row]) {
      throw new InputError(
        rows.where(row),
        `the half set of the other images of its particle, ${randomSubset[before]}`,
        `${randomSubset[row]}`,
      );
    }
  }
}
