import { InputError } from "../../errors";
import type { DefocusColumns, ParticleMetadata } from "./metadata";

/** Numbers that can be, and that hardly any microscope or alignment gives: they are used, and noted. */

/** Particles from which the largest of their numbers tells a unit. */
const ENOUGH = 20;
/** Å. Images are recorded further from focus than this, unless with a phase plate; in nm nearly all would be below. */
const CLOSE_TO_FOCUS = 3500;
/** Degrees below which all phase shifts would lie in radians. */
const FULL_TURN_IN_RADIANS = 2 * Math.PI;
/** Difference of the two defoci, in Å and as a fraction of the larger one: astigmatism is far smaller. */
const ASTIGMATISM = { length: 3000, fraction: 0.5 };

/** What is doubtful, in sentences. */
export function metadataWarnings(metadata: ParticleMetadata): string[] {
  const { defocus } = metadata;
  return [...(defocus ? defocusDoubts(metadata, defocus) : []), ...originDoubts(metadata)];
}

function defocusDoubts({ count, writeStar }: ParticleMetadata, defocus: DefocusColumns): string[] {
  const doubts: string[] = [];
  const { defocusU, defocusV, phaseShift } = defocus;
  const largest = Math.max(greatest(defocusU), greatest(defocusV));
  const largestShift = phaseShift ? greatest(phaseShift) : 0;
  if (count >= ENOUGH && largest < CLOSE_TO_FOCUS && largestShift === 0) {
    doubts.push(`no defocus is beyond ${Math.round(largest)} Å: it has to be in Å, not in nm`);
  }
  if (writeStar && count >= ENOUGH && largestShift > 0 && largestShift <= FULL_TURN_IN_RADIANS) {
    doubts.push(
      `no phase shift is beyond ${largestShift.toFixed(2)}°: RELION's are in degrees, not in radians`,
    );
  }
  const astigmatic = rowsWhere(count, (row) => {
    const [u, v] = [defocusU[row]!, defocusV[row]!];
    const difference = Math.abs(u - v);
    return difference > ASTIGMATISM.length && difference > ASTIGMATISM.fraction * Math.max(u, v);
  });
  if (astigmatic.rows > 0) {
    const { rows, first } = astigmatic;
    const found = `${plain(defocusU[first]!)} and ${plain(defocusV[first]!)} Å in row ${first + 1}`;
    doubts.push(
      `the two defoci of ${rows} of ${count} particles differ more than astigmatism can make them (${found})`,
    );
  }
  return doubts;
}

/** Images are periodic to the Fourier transform: one whose origin lies outside comes in again on the other side. */
function originDoubts(metadata: ParticleMetadata): string[] {
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
  const found = `row ${first + 1}: ${plain(shifts[2 * first]!)}, ${plain(shifts[2 * first + 1]!)} Å in a box of ${plain(boxSize * apix)} Å`;
  return [`the shifts of ${rows} of ${count} particles lead out of their images (${found})`];
}

/** Undefined where the file has none, which is refused where they are needed. */
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

function plain(value: number): string {
  return String(Number(value.toPrecision(4)));
}
