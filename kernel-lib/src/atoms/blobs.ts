import { boxLengthOf, type GaussianModel, Row } from "../model/gaussianModel";
import type { Beads } from "./beads";
import { CellGrid, type NeighbourLists } from "./cellGrid";

/** A density as a sum of Gaussians A exp(−|x − c|² / 2v), in Å. */
export interface Blobs {
  count: number;
  /** Centres in Å, as files place atoms, [count · 3]. */
  centres: Float64Array;
  /** A, [count]. */
  amplitudes: Float64Array;
  /** v in Å², [count]. */
  variances: Float64Array;
}

/**
 * The Gaussians of a model in the frame of its map: voxel ⌊S/2⌋, the origin of box units, lies at ⌊S/2⌋ · apix + origin.
 * @param shares factor of each amplitude, [count]. Default: 1
 */
export function blobsOf(model: GaussianModel, shares?: Float64Array): Blobs {
  const { count, params, boxSize, apix, origin = [0, 0, 0] } = model;
  const boxLength = boxLengthOf(model);
  const centres = new Float64Array(3 * count);
  for (let axis = 0; axis < 3; axis++) {
    const centre = Math.floor(boxSize / 2) * apix + origin[axis]!;
    for (let i = 0; i < count; i++) centres[3 * i + axis] = params[axis * count + i]! * boxLength + centre;
  }
  const from = (row: number, change: (value: number, i: number) => number) =>
    Float64Array.from(params.subarray(row * count, (row + 1) * count), change);
  return {
    count,
    centres,
    // A Gaussian without amplitude, or with a negative one, holds no atoms.
    amplitudes: from(Row.amplitude, (a, i) => Math.max(a, 0) * (shares?.[i] ?? 1)),
    variances: from(Row.sigma, (sigma) => (sigma * apix) ** 2),
  };
}

/** Beads as blobs that are as blurred as a map. @param variance of the blur, in Å² */
export function blurredBeads({ count, centres, electrons, variances }: Beads, variance: number): Blobs {
  const total = variances.map((own) => own + variance);
  return { count, centres, variances: total, amplitudes: electrons.map((e, i) => e * total[i]! ** -1.5) };
}

/** Standard deviations of a product beyond which it is 0. */
export const reach = 3.5;

/**
 * For each blob of `a` those of `b` that overlap it, or will when they have moved by `slack` Å.
 * @param wanted which of the pairs to list. Default: all
 */
export function overlapLists(
  a: Blobs,
  b: Blobs,
  slack = 0,
  wanted: (i: number, j: number) => boolean = () => true,
): NeighbourLists {
  const widest = (variances: Float64Array) => variances.reduce((most, v) => Math.max(most, v), 0);
  const grid = new CellGrid(b.centres, reach * Math.sqrt(widest(a.variances) + widest(b.variances)) + slack);
  return grid.lists(
    a.centres,
    (i, j, squared) =>
      wanted(i, j) && squared <= (reach * Math.sqrt(a.variances[i]! + b.variances[j]!) + slack) ** 2,
  );
}

/**
 * The integral of the product of two blobs without the factor (2π)^{3/2}; 0 beyond {@link reach}.
 * @param squared squared distance in Å²
 */
export function overlap(a: Blobs, i: number, b: Blobs, j: number, squared: number): number {
  const [va, vb] = [a.variances[i]!, b.variances[j]!];
  const sum = va + vb;
  if (squared > reach * reach * sum) return 0;
  const product = (va * vb) / sum;
  return a.amplitudes[i]! * b.amplitudes[j]! * product * Math.sqrt(product) * Math.exp(-squared / (2 * sum));
}

/** Squared distance of two blobs in Å². */
export function squaredDistance(a: Float64Array, i: number, b: Float64Array, j: number): number {
  const dx = a[3 * i]! - b[3 * j]!;
  const dy = a[3 * i + 1]! - b[3 * j + 1]!;
  const dz = a[3 * i + 2]! - b[3 * j + 2]!;
  return dx * dx + dy * dy + dz * dz;
}

/** For each blob of `a` its overlap with all of `b`, [a.count]. */
export function overlaps(a: Blobs, b: Blobs): Float64Array {
  const { starts, indices } = overlapLists(a, b);
  const sums = new Float64Array(a.count);
  for (let i = 0; i < a.count; i++) {
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      const j = indices[at]!;
      sums[i]! += overlap(a, i, b, j, squaredDistance(a.centres, i, b.centres, j));
    }
  }
  return sums;
}

const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);

/** Correlation of two densities, ∫ab / √(∫a² ∫b²): 1 where they are the same but for a factor, 0 where they do not meet. */
export function correlation(a: Blobs, b: Blobs, squareOfB = total(overlaps(b, b))): number {
  const norm = Math.sqrt(total(overlaps(a, a)) * squareOfB);
  return norm > 0 ? total(overlaps(a, b)) / norm : 0;
}
