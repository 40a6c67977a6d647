import { lowPass } from "../../maps/filter";
import type { Volume } from "../../maps/volume";
import type { ParticleSet } from "../../particles/particleSet";
import type { TaskOptions } from "../../progress";
import { type FscCurve, fourierShellCorrelation, resolutionAt } from "../../reconstruction/fsc";
import { reconstruct } from "../../reconstruction/reconstruct";
import type { AverageReport, ClusterPair } from "../studyReport";

/** Fewest particles of a class in each half: fewer give a map of noise. */
export const fewestOfClass = 30;

/** Differences are compared at least to so many voxels. */
const coarsest = 12;

/** The halves, and the clusters of their own particles. */
export interface AveragesContext {
  /** Own particles of each half. */
  sets: readonly [ParticleSet, ParticleSet];
  /** Cluster of each, from 0; −1 for none. */
  labels: readonly [Int32Array, Int32Array];
  /** Voxels along each edge of the maps. */
  boxSize: number;
  /** Pairs that match, as numbers from 1. */
  pairs: readonly MatchedPair[];
  /** What the clusters are. */
  of: AverageReport["of"];
}

type MatchedPair = Pick<ClusterPair, "first" | "second">;

/** Averages of one class in both halves. */
interface ClassMaps {
  pair: MatchedPair;
  particles: [number, number];
  maps: [Volume, Volume];
}

/**
 * Reconstructs each matched cluster from the particles of either half, and compares: matched averages, averages that were not
 * matched as a control, and the differences of averages from the mean of their half, which have nothing in common but the
 * heterogeneity. Undefined if there is no pair with enough particles.
 */
export async function compareAverages(
  context: AveragesContext,
  task: TaskOptions,
): Promise<AverageReport | undefined> {
  const refused: string[] = [];
  const made: ClassMaps[] = [];
  for (const pair of context.pairs) {
    const rows = [pair.first, pair.second].map((cluster, half) =>
      Int32Array.from(context.labels[half]!.keys()).filter((i) => context.labels[half]![i] === cluster - 1),
    ) as [Int32Array, Int32Array];
    const particles: [number, number] = [rows[0].length, rows[1].length];
    if (Math.min(...particles) < fewestOfClass) {
      refused.push(
        `${context.of === "thirds" ? "third" : "cluster"} ${pair.first}: ${particles.join(" and ")} particles are too few for a map, at least ${fewestOfClass} are needed in each half`,
      );
      continue;
    }
    const maps: Volume[] = [];
    for (const half of [0, 1] as const) {
      const options = { ...task, indices: rows[half], halves: "none" as const, boxSize: context.boxSize };
      maps.push((await reconstruct(context.sets[half], options)).map);
    }
    made.push({ pair, particles, maps: maps as [Volume, Volume] });
  }
  return made.length === 0 ? undefined : { of: context.of, ...curvesOf(made), refused };
}

function curvesOf(made: readonly ClassMaps[]): Omit<AverageReport, "refused" | "of"> {
  const fsc = made.map((a) => made.map((b) => fourierShellCorrelation(a.maps[0], b.maps[1])));
  const matched = fsc.map((row, i) => row[i]!);
  // A single class has nothing to be told apart from.
  const others = made.length < 2 ? [] : fsc.map((row, i) => meanOf(row.filter((_, j) => j !== i)));
  const limit = (curve: FscCurve, threshold: number) => {
    const resolution = resolutionAt(curve, threshold);
    return Number.isFinite(resolution) ? resolution : null;
  };
  const resolution = matched.map((curve) => ({ half: limit(curve, 0.5), seventh: limit(curve, 0.143) }));
  const { apix } = made[0]!.maps[0];
  const reached = resolution.map(({ half }) => half ?? coarsest * apix).sort((a, b) => a - b);
  const differencesTo = Math.min(reached[reached.length >> 1]!, coarsest * apix);
  return {
    clusters: made.map(({ pair }) => pair.first),
    particles: made.map(({ particles }) => particles),
    frequency: Array.from(matched[0]!.frequency),
    matched: matched.map((curve) => rounded(curve.fsc)),
    others: others.map(rounded),
    resolution,
    differencesTo,
    differences: made.length < 2 ? [] : differenceCorrelations(made, differencesTo),
  };
}

const rounded = (values: ArrayLike<number>) => Array.from(values, (x) => Number(x.toFixed(5)));

function meanOf(curves: readonly FscCurve[]): Float64Array {
  const mean = new Float64Array(curves[0]?.fsc.length ?? 0);
  for (const { fsc } of curves) {
    for (let r = 0; r < mean.length; r++) mean[r]! += fsc[r]! / curves.length;
  }
  return mean;
}

/** Correlation of the difference of each class from the mean of all in one half with each of the other half. */
function differenceCorrelations(made: readonly ClassMaps[], resolution: number): number[][] {
  const differences = [0, 1].map((half) => {
    const total = made.reduce((sum, { particles }) => sum + particles[half]!, 0);
    const mean = new Float64Array(made[0]!.maps[0].data.length);
    for (const { particles, maps } of made) {
      const share = particles[half]! / total;
      maps[half]!.data.forEach((value, i) => {
        mean[i]! += share * value;
      });
    }
    return made.map(({ maps }) => {
      const map = maps[half]!;
      return lowPass({ ...map, data: map.data.map((value, i) => value - mean[i]!) }, resolution).data;
    });
  }) as [Float32Array[], Float32Array[]];
  return differences[0].map((a) => differences[1].map((b) => correlation(a, b)));
}

function correlation(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return aa * bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}
