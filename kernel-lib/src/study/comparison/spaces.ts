import { pearson } from "../../latent/statistics";
import { Random } from "../../random";
import type { Interval, SpaceReport } from "../studyReport";
import { type CanonicalPairs, canonicalCorrelations } from "./canonical";
import { countPlaced, type PlacedParticles } from "./placedParticles";

/** Samples of the particles with repetition (Efron, Ann. Stat. 7, 1, 1979), from which intervals come. */
const samples = 200;
/** Particles that are drawn. */
const mostDrawn = 800;

/** How well the places of the same particles in two spaces agree. */
export function compareSpaces(placed: PlacedParticles, pairs: CanonicalPairs, seed: number): SpaceReport {
  const n = countPlaced(placed);
  const random = new Random(seed).fork(21);
  const drawn = Array.from({ length: samples }, () =>
    canonicalCorrelations(
      placed,
      Int32Array.from({ length: n }, () => random.integer(n)),
    ),
  );
  const canonical = pairs.correlations.map((value, k) =>
    interval(
      value,
      drawn.map((one) => one[k] ?? 0),
    ),
  );
  const rows = random.permutation(n).slice(0, mostDrawn);
  const count = pairs.correlations.length;
  const along = (values: Float64Array) => Array.from(rows, (i) => Number(values[i * count]!.toFixed(3)));
  return {
    particles: n,
    canonical,
    axes: axisCorrelations(placed),
    sample: { first: along(pairs.first), second: along(pairs.second) },
  };
}

/** The central 95 % of what samples of the particles give. */
function interval(value: number, drawn: number[]): Interval {
  const sorted = drawn.sort((a, b) => a - b);
  const at = (fraction: number) => sorted[Math.round(fraction * (sorted.length - 1))]!;
  return { value, low: Math.min(at(0.025), value), high: Math.max(at(0.975), value) };
}

/** Correlation of each axis of the first space with each of the second. */
function axisCorrelations({ first, firstAxes, second, secondAxes }: PlacedParticles): number[][] {
  const column = (points: Float32Array, axes: number, d: number) => points.filter((_, i) => i % axes === d);
  return Array.from({ length: firstAxes }, (_, d) =>
    Array.from({ length: secondAxes }, (_, e) => {
      const r = pearson(column(first, firstAxes, d), column(second, secondAxes, e));
      return Number.isFinite(r) ? r : 0;
    }),
  );
}
