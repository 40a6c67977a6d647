import { describeLeftOut, type LeftOutImage } from "../particles/images/imageOutliers";
import type { ParticleSet } from "../particles/particleSet";

/**
 * Sentences on the outlier images that were left out, with their rows in each file.
 * @param leftOut by their index among the particles of all sets in turn
 */
export function leftOutNotes(
  leftOut: readonly LeftOutImage[],
  sets: readonly Pick<ParticleSet, "file" | "count" | "rows">[],
): string[] {
  let from = 0;
  return sets.flatMap((set) => {
    const [first, end] = [from, from + set.count];
    from = end;
    // Symmetry copies have the same row.
    const rows = new Map<number, LeftOutImage>();
    for (const one of leftOut)
      if (one.index >= first && one.index < end) rows.set(set.rows[one.index - first]!, one);
    if (rows.size === 0) return [];
    const own = [...rows].map(([row, one]) => ({ ...one, index: row }));
    const among = new Set(set.rows).size;
    return [`${set.file}: ${describeLeftOut(own, among, (row) => row)}; --keep-outliers uses them`];
  });
}
