import { type Blobs, squaredDistance } from "./blobs";
import { CellGrid } from "./cellGrid";
import { moveRigidly, rigidFit } from "./rigidFit";

/** A place listens to at least so many Gaussians. */
const neighbours = 12;
/** Standard deviations beyond which a Gaussian has no weight. */
const reach = 3;

/**
 * Carries points by the displacements of Gaussians: each by the rigid motion that fits the displacements around it best,
 * weighted by exp(−d²/2h²) and amplitude (moving least squares; Schaefer et al., SIGGRAPH 2006, in three dimensions), so
 * that the rotation of a domain is carried as such. h is the spacing of the Gaussians; a point outside of them
 * moves with the nearest ones.
 *
 * @param points [n · 3] in Å
 * @param from, to the same Gaussians before and after
 * @returns the moved points, [n · 3]
 */
export function carryPoints(points: Float64Array, from: Blobs, to: Blobs): Float64Array {
  const width = gaussianSpacing(from);
  const moved = points.slice();
  // What is absent in one of the states has no place there.
  const present = from.amplitudes.map((a, i) => Math.min(a, to.amplitudes[i]!));
  const grids: CellGrid[] = [];
  for (let i = 0; i < points.length / 3; i++) {
    for (let wider = 0; ; wider++) {
      const own = width * 1.5 ** wider;
      grids[wider] ??= new CellGrid(from.centres, reach * own);
      const found = near(grids[wider], points, i, { width: own, present });
      if (found.indices.length < Math.min(neighbours, from.count)) continue;
      moveRigidly(rigidFit({ before: from.centres, after: to.centres, ...found }), points, i, moved);
      break;
    }
  }
  return moved;
}

function near(
  grid: CellGrid,
  points: Float64Array,
  i: number,
  { width, present }: { width: number; present: Float64Array },
): { indices: number[]; weights: number[] } {
  const indices: number[] = [];
  const weights: number[] = [];
  grid.near(points[3 * i]!, points[3 * i + 1]!, points[3 * i + 2]!, (j, squared) => {
    indices.push(j);
    weights.push((present[j]! + 1e-9) * Math.exp(-squared / (2 * width * width)));
  });
  return { indices, weights };
}

/** In Å: the median distance of a Gaussian from its sixth neighbour, at least 1. */
export function gaussianSpacing({ centres, count }: Blobs): number {
  const sample = Math.min(count, 200);
  const distances = Float64Array.from({ length: sample }, (_, s) => {
    const i = Math.floor((s * count) / sample);
    const squared = Float64Array.from({ length: count }, (_, j) =>
      squaredDistance(centres, i, centres, j),
    ).sort();
    return Math.sqrt(squared[Math.min(6, count - 1)]!);
  }).sort();
  return Math.max(distances[sample >> 1]!, 1);
}
