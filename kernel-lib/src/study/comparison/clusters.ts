import { adjustedRandIndex, matchLabels } from "../../latent/match";
import { pearson } from "../../latent/statistics";
import type { ClusterPair, ClusterReport } from "../studyReport";
import { areEqual, fractionInterval, simultaneous } from "./fractions";

/** Clusters of one part, with the labels of all particles that are compared. */
export interface Clustering {
  /** Cluster of each particle, from 0, [particles]. */
  labels: Int32Array;
  /** Mean of each cluster, [clusters · dimensions]. */
  centres: ArrayLike<number>;
  /** Axes of the space. */
  dimensions: number;
  /** Standard deviation of the population along each axis, [dimensions]. */
  spread: ArrayLike<number>;
}

/** Two divisions of the same particles. */
export interface DividedParticles {
  first: Clustering;
  second: Clustering;
  /** Part whose own each particle is, 1 or 2; 0: of both, [particles]. */
  owner: Uint8Array;
}

/** Of the particles of two clusters that match, more than this fraction is in both. */
const leastOverlap = 0.5;

/** Matches the clusters of two parts one to one, and compares their sizes and distances. */
export function compareClusters({
  first,
  second,
  owner,
}: DividedParticles): Omit<ClusterReport, "apart" | "chosen"> {
  const numbers: [number, number] = [numberOf(first), numberOf(second)];
  const { match, shared } = matchLabels(first.labels, second.labels);
  const deviations = simultaneous(Math.max(...numbers));
  const pairs: ClusterPair[] = [];
  for (const [a, b] of match.entries()) {
    if (b < 0) continue;
    const counts: [number, number] = [sizeOf(first.labels, a), sizeOf(second.labels, b)];
    const union = counts[0] + counts[1] - shared[a]!;
    const overlap = union > 0 ? shared[a]! / union : 0;
    const own = [ownShare(first.labels, a, owner, 1), ownShare(second.labels, b, owner, 2)] as const;
    pairs.push({
      ...{ first: a + 1, second: b + 1, overlap, matched: overlap > leastOverlap, counts },
      fractions: [
        fractionInterval(own[0].part, own[0].total, deviations),
        fractionInterval(own[1].part, own[1].total, deviations),
      ],
      equal: areEqual(...own, deviations),
    });
  }
  const matched = pairs.filter((pair) => pair.matched);
  const without = (count: number, of: (pair: ClusterPair) => number) => {
    const found = new Set(matched.map(of));
    return Array.from({ length: count }, (_, c) => c + 1).filter((c) => !found.has(c));
  };
  const arrangement = arrangementOf(first, second, matched);
  return {
    ...{ numbers, rand: adjustedRandIndex(first.labels, second.labels), pairs },
    alone: [without(numbers[0], (pair) => pair.first), without(numbers[1], (pair) => pair.second)],
    ...(arrangement !== undefined && { arrangement }),
  };
}

const numberOf = ({ centres, dimensions }: Clustering) => centres.length / dimensions;

const sizeOf = (labels: Int32Array, cluster: number) =>
  labels.reduce((sum, label) => sum + Number(label === cluster), 0);

/** Of the own particles of a part, those in a cluster. */
function ownShare(labels: Int32Array, cluster: number, owner: Uint8Array, part: number) {
  let [inside, total] = [0, 0];
  for (const [i, label] of labels.entries()) {
    if (owner[i] !== part && owner[i] !== 0) continue;
    total++;
    if (label === cluster) inside++;
  }
  return { part: inside, total };
}

/** Correlation of the distances between matched clusters; undefined for fewer than three of them. */
function arrangementOf(
  first: Clustering,
  second: Clustering,
  matched: readonly ClusterPair[],
): number | undefined {
  if (matched.length < 3) return undefined;
  const distances = (of: Clustering, clusters: number[]) =>
    clusters.flatMap((a, i) => clusters.slice(i + 1).map((b) => distance(of, a - 1, b - 1)));
  const r = pearson(
    distances(
      first,
      matched.map((pair) => pair.first),
    ),
    distances(
      second,
      matched.map((pair) => pair.second),
    ),
  );
  return Number.isFinite(r) ? r : undefined;
}

/** Distance of two clusters in standard deviations of the population. */
function distance({ centres, dimensions, spread }: Clustering, a: number, b: number): number {
  let sum = 0;
  for (let d = 0; d < dimensions; d++) {
    sum += ((centres[a * dimensions + d]! - centres[b * dimensions + d]!) / (spread[d]! || 1)) ** 2;
  }
  return Math.sqrt(sum);
}
