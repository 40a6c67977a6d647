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

/** The clusters of two parts, in one number. */
export interface DividedParts {
  report: ClusterReport;
  /** Number of clusters of each part as it was asked for. */
  number: GroupNumber;
}

/**
 * Divides both parts and compares. If each by itself finds the same clusters, these are compared. Else the number is chosen for both
 * together, from the places of all particles on the shared scale: two halves of a continuum, or of groups whose gaps are
 * shallow, are divided at other places, or not at all, where their own particles happen to be few. One means a continuum.
 */
export async function divideParts(
  context: DivideContext,
  clusters: GroupNumber,
  options: GroupOptions,
): Promise<DividedParts> {
  const { both } = context;
  const compared = async (number: GroupNumber, chosen: ClusterReport["chosen"]): Promise<DividedParts> => {
    const [first, second] = await clusterings(context, number, options);
    const report = compareClusters({ first, second, owner: context.common.owner });
    const apart = clusters === "auto" ? await numbersApart(both, options) : report.numbers;
    return { report: { ...report, apart, chosen }, number };
  };
  if (clusters !== "auto") return compared(clusters, "given");
  const apart = await compared("auto", "apart");
  if (apart.report.alone.every((list) => list.length === 0)) return apart;
  if (context.shared.length === 0) return compared(1, "none");
  return compared(await numberTogether(context, options), "together");
}

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

/** The number of groups of all particles, by the mean of their coordinates in both parts. */
async function numberTogether(
  { both, shared, reference }: DivideContext,
  options: GroupOptions,
): Promise<number> {
  const axes = shared.length;
  const n = shared[0]!.first.length;
  const points = new Float32Array(n * axes);
  const deviations = new Float32Array(n * axes);
  for (const [d, { axis, first, second }] of shared.entries()) {
    const error = both[reference - 1]!.relativeError(axis - 1);
    for (let i = 0; i < n; i++) {
      points[i * axes + d] = (first[i]! + second[i]!) / 2;
      deviations[i * axes + d] = error;
    }
  }
  return numberOf(await selectMixture(points, axes, { ...options, deviations }));
}
