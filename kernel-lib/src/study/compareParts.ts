import { throwIfStopped } from "../errors";
import type { TaskOptions } from "../progress";
import { type CommonOptions, type CommonParticles, commonParticles } from "./commonPlaces";
import { type AveragesContext, compareAverages } from "./comparison/averages";
import { compareChanges } from "./comparison/changes";
import { comparePopulations } from "./comparison/populations";
import { compareSpaces, type MatchedAxis } from "./comparison/spaces";
import { isFound, verdictOf } from "./comparison/verdict";
import { type DividedParts, divideParts } from "./dividedParts";
import type { GroupNumber } from "./particleGroups";
import type { StudyFolder } from "./studyFolder";
import type { AverageReport, Comparison } from "./studyReport";
import type { TrainedPart } from "./trainedPart";

/** How parts are compared. */
export interface CompareOptions extends CommonOptions {
  clusters: GroupNumber;
  seed: number;
}

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
  const { report: space, matched } = compareSpaces(placed, [first.axes, second.axes], seed);
  throwIfStopped(signal);
  const changes = compareChanges({ decoders: [first.run, second.run], placed, matched });
  const populations = comparePopulations(matched, owner, seed);
  throwIfStopped(signal);
  const { reference } = space;
  const shared = matched.filter(({ axis }) => isFound(space.axes[reference - 1]![axis - 1]!));
  const how = { ...task, seed };
  const divided = await divideParts(
    { both: [first.groups, second.groups], common, shared, reference },
    options.clusters,
    how,
  );
  const averages = await averagesOf({ both, common, divided, shared }, task);
  const compared = {
    ...{ space, changes, populations, clusters: divided.report },
    ...(averages && { averages }),
  };
  const parts = [first.report(), second.report()] as const;
  return { parts: [first.part.name, second.part.name], ...verdictOf({ ...compared, parts }), ...compared };
}

interface DividedHalves {
  both: readonly [TrainedPart, TrainedPart];
  common: CommonParticles;
  divided: DividedParts;
  shared: readonly MatchedAxis[];
}

/** Averages of the matched clusters of two halves, or of the thirds of a continuum. */
async function averagesOf(halves: DividedHalves, task: TaskOptions): Promise<AverageReport | undefined> {
  const { both, divided, shared } = halves;
  const [first, second] = both;
  if (!first.part.half) return undefined;
  const isContinuum = Math.max(...divided.report.numbers) === 1;
  if (isContinuum && shared.length === 0) return undefined;
  return compareAverages(
    {
      sets: [first.set, second.set],
      ...(isContinuum ? thirds(halves) : matchedClusters(halves)),
      boxSize: Math.min(first.set.boxSize, Math.max(first.run.neutral.boxSize, second.run.neutral.boxSize)),
    },
    task,
  );
}

type Labelled = Pick<AveragesContext, "labels" | "pairs" | "of">;

function matchedClusters({ both, common, divided }: DividedHalves): Labelled {
  const labels = both.map((part, p) => ofSet(part, ownOf(divided.labels[p]!, common, p)));
  return {
    of: "clusters",
    labels: labels as [Int32Array, Int32Array],
    pairs: divided.report.pairs.filter(({ matched }) => matched),
  };
}

/** What is known of all particles, of the own ones of a half. */
const ownOf = <T extends Int32Array | Float64Array>(values: T, { owner }: CommonParticles, p: number): T =>
  values.filter((_, i) => owner[i] === p + 1) as T;

/** The own particles of either half in three parts along the first axis of the shared scale, cut at the same places in both. */
function thirds({ both, common, shared }: DividedHalves): Labelled {
  const { first, second } = shared[0]!;
  const all = first.map((x, i) => (x + second[i]!) / 2).sort();
  const cuts = [1 / 3, 2 / 3].map((part) => all[Math.floor(part * all.length)]!);
  const labels = both.map((part, p) => {
    const own = ownOf(p === 0 ? first : second, common, p);
    return ofSet(
      part,
      Int32Array.from(own, (x) => cuts.filter((cut) => x >= cut).length),
    );
  });
  const pairs = [1, 2, 3].map((third) => ({ first: third, second: third }));
  return { of: "thirds", labels: labels as [Int32Array, Int32Array], pairs };
}

/** Labels of the used particles of a part as labels of all of them, −1 for the others. */
function ofSet(part: TrainedPart, own: Int32Array): Int32Array {
  const all = new Int32Array(part.set.count).fill(-1);
  part.used.forEach((i, at) => {
    all[i] = own[at]!;
  });
  return all;
}
