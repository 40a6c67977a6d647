import { describeLeftOut, type LeftOutImage } from "../particles/images/imageOutliers";
import type { ParticleSet } from "../particles/particleSet";

/** The particles of a file; of tilt series each has several images. */
type LeftOutFrom = Pick<ParticleSet, "file" | "count" | "rows"> & { tilts(): { readonly count: number } };

/**
 * Sentences on the outlier images that were left out, with their rows in each file.
 * @param leftOut by their index among the particles of all sets in turn
 */
export function leftOutNotes(leftOut: readonly LeftOutImage[], sets: readonly LeftOutFrom[]): string[] {
  let from = 0;
  return sets.flatMap((set) => {
    const [first, end] = [from, from + set.count];
    from = end;
    const all = leftOut
      .filter(({ index }) => index >= first && index < end)
      .map((one) => ({ ...one, index: set.rows[one.index - first]! }));
    if (all.length === 0) return [];
    const { count: images } = set.tilts();
    // Symmetry copies are of one image, tilts are not.
    const ofTilts = images > set.count;
    const own = ofTilts ? all : [...new Map(all.map((one) => [one.index, one])).values()];
    const among = ofTilts ? images : new Set(set.rows).size;
    return [`${set.file}: ${describeLeftOut(own, among, (row) => row)}; --keep-outliers uses them`];
  });
}
