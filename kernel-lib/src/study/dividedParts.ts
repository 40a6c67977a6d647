import { labelPoints } from "../latent/labelPoints";
import { selectMixture } from "../latent/mixtureSelection";
import type { CommonParticles } from "./commonPlaces";
import { type Clustering, compareClusters } from "./comparison/clusters";
import type { MatchedAxis } from "./comparison/spaces";
import { type GroupNumber, type GroupOptions, numberOf, type ParticleGroups } from "./particleGroups";
import type { ClusterReport } from "./studyReport";

/** What is divided. */
export interface DivideContext {
  both: readonly [ParticleGroups, ParticleGroups];
  common: Pick<CommonParticles, "placed" | "owner">;
  /** Axes of the shared scale that both parts have; none if they have nothing in common. */
  shared: readonly MatchedAxis[];
  /** Part whose axes these are. */
  reference: 1 | 2;
}

/** The clusters of two parts. */
export interface DividedParts {
  report: ClusterReport;
  /** Cluster of each particle by the first and by the second part, from 0, [particles]. */
  labels: [Int32Array, Int32Array];
}

/**
 * Divides both parts and compares. If each by itself finds the same clusters, these are compared. Else there is one division for
 * both, of the places of all particles on the shared scale, and each part says in which cluster a particle is: two halves of a
 * continuum, or of groups whose gaps are shallow, are cut at other places, or not at all, where their own particles happen to be
 * few. One cluster means a continuum.
 */
export async function divideParts(
  context: DivideContext,
  clusters: GroupNumber,
  options: GroupOptions,
): Promise<DividedParts> {
  const { both, shared } = context;
  const { owner } = context.common;
  const [first, second] = await clusterings(context, clusters, options);
  const found = compareClusters({ first, second, owner });
  const apart = { ...found, apart: found.numbers };
  const labels: DividedParts["labels"] = [first.labels, second.labels];
  if (clusters !== "auto") return { report: { ...apart, chosen: "given" }, labels };
  if (found.alone.every((list) => list.length === 0))
    return { report: { ...apart, chosen: "apart" }, labels };
  const numbers = await numbersApart(both, options);
  if (shared.length === 0) {
    const one = alike(owner.length);
    const report = compareClusters({ first: one, second: one, owner });
    return { report: { ...report, apart: numbers, chosen: "none" }, labels: [one.labels, one.labels] };
  }
  const [a, b] = await clusteringsTogether(context, options);
  // Distances between the same centres say nothing.
  const { arrangement: _, ...report } = compareClusters({ first: a, second: b, owner });
  return { report: { ...report, apart: numbers, chosen: "together" }, labels: [a.labels, b.labels] };
}

/** All particles in one cluster. */
const alike = (count: number): Clustering => ({
  ...{ labels: new Int32Array(count), centres: [0], dimensions: 1, spread: [1] },
});

async function numbersApart(both: DivideContext["both"], options: GroupOptions): Promise<[number, number]> {
  const numbers: number[] = [];
  for (const part of both) numbers.push(numberOf(await part.divided("auto", options)));
  return numbers as [number, number];
}

/** The clusters of each part, with all particles labelled. */
async function clusterings(
  { both, common: { placed } }: DivideContext,
  number: GroupNumber,
  options: GroupOptions,
): Promise<[Clustering, Clustering]> {
  const divided: Clustering[] = [];
  for (const [p, part] of both.entries()) {
    const { centres } = await part.divided(number, options);
    const labels = await part.labels(p === 0 ? placed.first : placed.second, number, options);
    divided.push({ labels, centres, dimensions: part.axes, spread: part.spread });
  }
  return divided as [Clustering, Clustering];
}

/** One division of all particles, by the mean of their coordinates in both parts, and the clusters that either part gives them. */
async function clusteringsTogether(
  { both, shared, reference }: DivideContext,
  options: GroupOptions,
): Promise<[Clustering, Clustering]> {
  const dimensions = shared.length;
  const n = shared[0]!.first.length;
  const points = (of: (axis: MatchedAxis, i: number) => number) =>
    Float32Array.from({ length: n * dimensions }, (_, k) =>
      of(shared[k % dimensions]!, Math.floor(k / dimensions)),
    );
  const errors = shared.map(({ axis }) => both[reference - 1]!.relativeError(axis - 1));
  const deviations = Float32Array.from({ length: n * dimensions }, (_, k) => errors[k % dimensions]!);
  const mean = points(({ first, second }, i) => (first[i]! + second[i]!) / 2);
  const selection = await selectMixture(mean, dimensions, { ...options, deviations });
  const { seed: _, ...task } = options;
  const clusterings: Clustering[] = [];
  for (const part of ["first", "second"] as const) {
    const places = points((axis, i) => axis[part][i]!);
    const labels = await labelPoints(selection, places, dimensions, { ...task, deviations });
    clusterings.push({ labels, centres: selection.centres, dimensions, spread: errors.map(() => 1) });
  }
  return clusterings as [Clustering, Clustering];
}
