import { throwIfStopped } from "../errors";
import type { TaskOptions } from "../progress";
import { type CommonOptions, type CommonParticles, commonParticles } from "./commonPlaces";
import { compareAverages } from "./comparison/averages";
import { canonicalPairs } from "./comparison/canonical";
import { compareChanges } from "./comparison/changes";
import { type Clustering, compareClusters } from "./comparison/clusters";
import { compareSpaces } from "./comparison/spaces";
import { verdictOf } from "./comparison/verdict";
import type { StudyFolder } from "./studyFolder";
import type { AverageReport, ClusterReport, Comparison } from "./studyReport";
import type { ClusterOptions, TrainedPart } from "./trainedPart";

/** How parts are compared. */
export interface CompareOptions extends CommonOptions, ClusterOptions {}

/** Compares two parts. */
export async function compareParts(
  folder: StudyFolder,
  both: readonly [TrainedPart, TrainedPart],
  options: CompareOptions,
): Promise<Comparison> {
  const { signal, onProgress, seed } = options;
  const task: TaskOptions = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const [first, second] = both;
  const common = await commonParticles(folder, both, options);
  const { placed, owner } = common;
  throwIfStopped(signal);
  const pairs = canonicalPairs(placed);
  const space = compareSpaces(placed, pairs, seed);
  throwIfStopped(signal);
  const changes = compareChanges({ decoders: [first.run, second.run], placed, pairs });
  const divided = await divide(both, common, options);
  const clusters = compareClusters({ first: divided[0], second: divided[1], owner });
  const averages = await averagesOf(both, clusters, { ...options, ...task });
  const compared = {
    ...{ space, changes, clusters },
    ...(averages && { averages }),
  };
  const parts = [first.report(), second.report()] as const;
  return { parts: [first.part.name, second.part.name], ...verdictOf({ ...compared, parts }), ...compared };
}

/** The clusters of each part, with all particles labelled. */
async function divide(
  both: readonly [TrainedPart, TrainedPart],
  { placed }: CommonParticles,
  options: CompareOptions,
): Promise<[Clustering, Clustering]> {
  const divided: Clustering[] = [];
  for (const [p, part] of both.entries()) {
    const { centres } = await part.clusters(options, options);
    const labels = await part.labels(p === 0 ? placed.first : placed.second, options, options);
    divided.push({ labels, centres, dimensions: part.run.latent, spread: part.spread });
  }
  return divided as [Clustering, Clustering];
}

/** Averages of the matched clusters of two halves. */
async function averagesOf(
  both: readonly [TrainedPart, TrainedPart],
  clusters: ClusterReport,
  options: CompareOptions,
): Promise<AverageReport | undefined> {
  const [first, second] = both;
  if (!first.part.half || Math.max(...clusters.numbers) === 1) return undefined;
  const labels: Int32Array[] = [];
  for (const part of both) {
    const all = new Int32Array(part.set.count).fill(-1);
    const { labels: own } = await part.clusters(options, options);
    part.used.forEach((i, at) => {
      all[i] = own[at]!;
    });
    labels.push(all);
  }
  const { signal, onProgress } = options;
  return compareAverages(
    {
      sets: [first.set, second.set],
      labels: labels as [Int32Array, Int32Array],
      boxSize: Math.min(first.set.boxSize, Math.max(first.run.neutral.boxSize, second.run.neutral.boxSize)),
      pairs: clusters.pairs.filter(({ matched }) => matched),
    },
    { ...(signal && { signal }), ...(onProgress && { onProgress }) },
  );
}
