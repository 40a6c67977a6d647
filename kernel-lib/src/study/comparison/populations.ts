import { Random } from "../../random";
import type { PopulationReport } from "../studyReport";
import type { MatchedAxis } from "./spaces";

/** Distance in standard deviations below which two populations count as the same. */
const leastDistance = 0.15;
/** Divisions at random from which the distance comes that chance alone makes, and the fraction of them that is below it. */
const divisions = 200;
const belowChance = 0.95;
const bins = 24;
/** Ends of the histograms in standard deviations. */
const end = 3;

/**
 * The distribution of the own particles of two parts along a matched axis. The distance is that of Wasserstein: how far, in the
 * mean, particles have to be moved to make one distribution the other.
 * @param owner part whose own each particle is, 1 or 2; 0: of both, [particles]
 */
export function comparePopulations(
  matched: readonly MatchedAxis[],
  owner: Uint8Array,
  seed: number,
): PopulationReport[] {
  return matched.map(({ axis, first, second }) => {
    const own = [first.filter((_, i) => owner[i] !== 2), second.filter((_, i) => owner[i] !== 1)] as const;
    const distance = wasserstein(own[0].slice().sort(), own[1].slice().sort());
    // The same particles: nothing is left to chance.
    const chance = owner.includes(0) ? 0 : chanceOf(first, own[0].length, new Random(seed).fork(22));
    return {
      ...{ axis, distance, chance, same: distance <= Math.max(leastDistance, chance) },
      histograms: {
        edges: Array.from({ length: bins + 1 }, (_, b) => Number((-end + (2 * end * b) / bins).toFixed(3))),
        ...{ first: fractions(own[0]), second: fractions(own[1]) },
      },
    };
  });
}

/** The distance that two parts of one population, divided at random, seldom exceed. */
function chanceOf(values: Float64Array, size: number, random: Random): number {
  const order = Int32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const distances = Float64Array.from({ length: divisions }, () => {
    const inFirst = new Uint8Array(values.length);
    for (const i of random.permutation(values.length).subarray(0, size)) inFirst[i] = 1;
    const parts = [1, 0].map((part) =>
      Float64Array.from(
        order.filter((i) => inFirst[i] === part),
        (i) => values[i]!,
      ),
    );
    return wasserstein(parts[0]!, parts[1]!);
  }).sort();
  return distances[Math.ceil(belowChance * divisions) - 1]!;
}

/** ∫ |F − G| of two sorted samples. */
export function wasserstein(a: Float64Array, b: Float64Array): number {
  let [i, j, sum] = [0, 0, 0];
  let at = Math.min(a[0]!, b[0]!);
  while (i < a.length || j < b.length) {
    const next = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY);
    sum += Math.abs(i / a.length - j / b.length) * (next - at);
    at = next;
    while (i < a.length && a[i] === next) i++;
    while (j < b.length && b[j] === next) j++;
  }
  return sum;
}

/** Fraction of the values in each bin; those beyond the ends are in the outermost. */
function fractions(values: Float64Array): number[] {
  const counts = new Float64Array(bins);
  for (const x of values) {
    counts[Math.max(0, Math.min(bins - 1, Math.floor(((x + end) / (2 * end)) * bins)))]! += 1;
  }
  return Array.from(counts, (count) => Number((count / values.length).toFixed(4)));
}
