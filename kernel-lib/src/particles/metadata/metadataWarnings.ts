import { InputError } from "../../errors";
import { roundedText } from "../../shortText";
import type { DefocusColumns, ParticleMetadata } from "./metadata";

/** Warnings about values that are possible but implausible. */

const inText = (value: number) => roundedText(value, 4);

/** Particles from which the largest value indicates a wrong unit. */
const minParticles = 20;
/** Defocus in Å below which images are recorded only with a phase plate; in nm nearly all would be below. */
const minTypicalDefocus = 3500;
/** Phase shifts in radians would all be below this. */
const fullTurnInRadians = 2 * Math.PI;
/** Limits of the astigmatism, in Å and as a fraction of the larger defocus; real ones are far smaller. */
const maxAstigmatism = { length: 3000, fraction: 0.5 };

/** Warnings about implausible defoci and shifts. */
export function metadataWarnings(metadata: ParticleMetadata): string[] {
  const { defocus } = metadata;
  return [...(defocus ? defocusWarnings(metadata, defocus) : []), ...originWarnings(metadata)];
}

function defocusWarnings({ count, writeStar }: ParticleMetadata, defocus: DefocusColumns): string[] {
  const warnings: string[] = [];
  const { defocusU, defocusV, phaseShift } = defocus;
  const largest = Math.max(greatest(defocusU), greatest(defocusV));
  const largestShift = phaseShift ? greatest(phaseShift) : 0;
  if (count >= minParticles && largest < minTypicalDefocus && largestShift === 0) {
    warnings.push(`no defocus is beyond ${Math.round(largest)} Å: it has to be in Å, not in nm`);
  }
  if (writeStar && count >= minParticles && largestShift > 0 && largestShift <= fullTurnInRadians) {
    warnings.push(
      `no phase shift is beyond ${largestShift.toFixed(2)}°: RELION's are in degrees, not in radians`,
    );
  }
  const astigmatic = rowsWhere(count, (row) => {
    const [u, v] = [defocusU[row]!, defocusV[row]!];
    const difference = Math.abs(u - v);
    return difference > maxAstigmatism.length && difference > maxAstigmatism.fraction * Math.max(u, v);
  });
  if (astigmatic.rows > 0) {
    const { rows, first } = astigmatic;
    const found = `${inText(defocusU[first]!)} and ${inText(defocusV[first]!)} Å in row ${first + 1}`;
    warnings.push(
      `the two defoci of ${rows} of ${count} particles differ more than astigmatism can make them (${found})`,
    );
  }
  return warnings;
}

/** Shifts beyond the image wrap around in the Fourier transform. */
function originWarnings(metadata: ParticleMetadata): string[] {
  const { count, opticsGroups, opticsGroup, unaligned } = metadata;
  const shifts = shiftsOf(metadata);
  if (!shifts) return [];
  const outside = rowsWhere(count, (row) => {
    if (unaligned?.[row] === 1) return false;
    const { boxSize, apix } = opticsGroups[opticsGroup[row]!]!;
    return Math.max(Math.abs(shifts[2 * row]!), Math.abs(shifts[2 * row + 1]!)) > boxSize * apix;
  });
  if (outside.rows === 0) return [];
  const { rows, first } = outside;
  const { boxSize, apix } = opticsGroups[opticsGroup[first]!]!;
  const found = `row ${first + 1}: ${inText(shifts[2 * first]!)}, ${inText(shifts[2 * first + 1]!)} Å in a box of ${inText(boxSize * apix)} Å`;
  return [`the shifts of ${rows} of ${count} particles lead out of their images (${found})`];
}

/** The shifts; undefined if the file has none, which is an error only if they are needed. */
function shiftsOf(metadata: ParticleMetadata): Float32Array | undefined {
  if (!metadata.hasPoses) return undefined;
  try {
    return metadata.shifts();
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function rowsWhere(count: number, holds: (row: number) => boolean): { rows: number; first: number } {
  let rows = 0;
  let first = -1;
  for (let row = 0; row < count; row++) {
    if (!holds(row)) continue;
    if (rows++ === 0) first = row;
  }
  return { rows, first };
}

function greatest(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
