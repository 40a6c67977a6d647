import { InputError } from "../errors";
import { type PointGroup, productTable, turned } from "../optics/symmetry";
import { Random } from "../random";
import type { UnitLatents } from "../training/units/unitTables";

/** Options of {@link unitCorrelation}. */
export interface UnitCorrelationOptions {
  /**
   * Centre of the first unit in Å, from the centre of the box, for the distances of the units (`freeCentre` of a run). Default:
   * none; pairs are then ordered by the angle of the rotation between them.
   */
  centre?: readonly [number, number, number] | undefined;
  /** Samples of the bootstrap. Default 1,000. */
  bootstrap?: number;
  /** Confidence level of the intervals, between 0 and 1. Default 0.95. */
  confidence?: number;
  /** Seed of the bootstrap. Default 1. */
  seed?: number;
}

/** Pairs of units with the same relation to each other, and the correlation of their coordinates. */
export interface UnitPairs {
  /** Rank by distance, from 1: the neighbours around a ring. */
  neighbour: number;
  /** Index of the operators S for which units S_g and S_g·S are such a pair: one, or one and its inverse. */
  operators: number[];
  /** Angle of that rotation in degrees, 0 to 180. */
  angle: number;
  /** Distance of the centres in Å; undefined without a centre. */
  distance: number | undefined;
  /** Number of such pairs in a particle. */
  pairs: number;
  /** Pearson's r along each axis, [D]. */
  correlation: Float64Array;
  /** Lower ends of the confidence intervals, [D]. */
  low: Float64Array;
  /** Upper ends of the confidence intervals, [D]. */
  high: Float64Array;
}

/** The result of {@link unitCorrelation}. */
export interface UnitCorrelation {
  /** All kinds of pairs, the nearest first. */
  kinds: UnitPairs[];
  /**
   * Part of the variance of the coordinates that is not their own uncertainty, along each axis, [D]: errors that are independent
   * from unit to unit make a correlation smaller by about this factor, for which nothing is corrected.
   */
  reliability: Float64Array;
  /** Particles that were used: all but those left out of training. */
  particles: number;
}

/** Particles are resampled in at most so many groups, which is as exact and takes less time. */
const maxGroups = 4000;

/**
 * Correlation between the units of a particle: Pearson's r of the refined coordinates of two units, over all particles and all
 * pairs that are related alike (in a ring: direct neighbours, second neighbours, …), with bootstrap confidence intervals over
 * particles (percentiles). Both orders of a pair count. Coordinates are taken as they are; their errors make r smaller, see
 * `reliability`. Units that overlap in projection can exchange a part of their errors.
 * @throws InputError for fewer than 2 particles, and options out of their range
 * @example
 * ```ts
 * const random = new e2.Random(1);
 * const group = e2.optics.pointGroup("C3");
 * const [particles, units, latent] = [500, group.order, 1];
 * const refined = new Float32Array(particles * units).map((_, i) => (i % 3 < 2 ? random.normal() : 0));
 * const standardDeviation = new Float32Array(refined.length).fill(0.1);
 * const leftOut = new Uint8Array(particles);
 * const given = { group, particles, units, latent, refined, standardDeviation, leftOut };
 * const { kinds } = e2.latent.unitCorrelation(given);
 * console.log(kinds[0]!.correlation[0], kinds[0]!.low[0], kinds[0]!.high[0]);
 * ```
 */
export function unitCorrelation(latents: UnitLatents, options: UnitCorrelationOptions = {}): UnitCorrelation {
  const { bootstrap = 1000, confidence = 0.95, seed = 1, centre } = options;
  if (!Number.isInteger(bootstrap) || bootstrap < 10) {
    throw new InputError("bootstrap", "an integer of 10 or more", String(bootstrap));
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new InputError("confidence", "a number between 0 and 1", String(confidence));
  }
  const used = Int32Array.from({ length: latents.particles }, (_, i) => i).filter(
    (i) => latents.leftOut[i] !== 1,
  );
  if (used.length < 2) throw new InputError("particles", "at least 2", String(used.length));
  const kinds = pairKinds(latents.group, centre);
  const { latent } = latents;
  const of = kinds.map(({ of: _, ...kind }) => ({
    ...kind,
    correlation: new Float64Array(latent),
    low: new Float64Array(latent),
    high: new Float64Array(latent),
  }));
  const reliability = new Float64Array(latent);
  for (let d = 0; d < latent; d++) {
    const sums = groupSums(latents, kinds, d, used);
    reliability[d] = reliabilityOf(latents, d, used);
    const own = correlations(sums, kinds);
    const samples = resampled(sums, kinds, bootstrap, new Random(seed).fork(d));
    for (const [k, kind] of of.entries()) {
      kind.correlation[d] = own[k]!;
      const sorted = samples.map((sample) => sample[k]!).sort((a, b) => a - b);
      kind.low[d] = percentile(sorted, (1 - confidence) / 2);
      kind.high[d] = percentile(sorted, (1 + confidence) / 2);
    }
  }
  return { kinds: of, reliability, particles: used.length };
}

/** Pairs of one kind. */
interface PairKind {
  neighbour: number;
  operators: number[];
  angle: number;
  distance: number | undefined;
  pairs: number;
  /** The pairs, as units (g, h). */
  of: [number, number][];
}

/** All kinds of pairs of a group: those related by the same operator, or its inverse. */
function pairKinds(group: PointGroup, centre: readonly [number, number, number] | undefined): PairKind[] {
  const { order, operators } = group;
  const table = productTable(group);
  const kinds: Omit<PairKind, "neighbour">[] = [];
  for (let s = 1; s < order; s++) {
    const inverse = operators.findIndex((_, i) => table[order * s + i] === 0);
    if (inverse < s) continue;
    const of: [number, number][] = [];
    for (let g = 0; g < order; g++) {
      const h = table[order * g + s]!;
      // A twofold rotation relates a pair both ways.
      if (inverse !== s || g < h) of.push([g, h]);
    }
    const matrix = operators[s]!;
    const cosine = Math.min(1, Math.max(-1, (matrix[0]! + matrix[4]! + matrix[8]! - 1) / 2));
    const moved = centre && turned(operators[s]!, centre);
    kinds.push({
      operators: inverse === s ? [s] : [s, inverse],
      angle: (Math.acos(cosine) * 180) / Math.PI,
      distance: moved && Math.hypot(...moved.map((x, axis) => x - centre[axis]!)),
      pairs: of.length,
      of,
    });
  }
  return kinds
    .sort((p, q) => (p.distance ?? p.angle) - (q.distance ?? q.angle))
    .map((kind, k) => ({ ...kind, neighbour: k + 1 }));
}

/** Sums over groups of particles: number of particles, Σ z, Σ z², and for each kind Σ z_g·z_h; one row per group. */
interface Sums {
  rows: number;
  width: number;
  values: Float64Array;
  units: number;
}

function groupSums(latents: UnitLatents, kinds: readonly PairKind[], d: number, used: Int32Array): Sums {
  const { units, latent, refined } = latents;
  const rows = Math.min(maxGroups, used.length);
  const width = 3 + kinds.length;
  const values = new Float64Array(rows * width);
  const z = new Float64Array(units);
  for (const [k, i] of used.entries()) {
    const at = width * Math.floor((k * rows) / used.length);
    values[at]! += 1;
    for (let g = 0; g < units; g++) {
      const value = refined[(i * units + g) * latent + d]!;
      z[g] = value;
      values[at + 1]! += value;
      values[at + 2]! += value * value;
    }
    for (const [c, { of }] of kinds.entries()) {
      let sum = 0;
      for (const [g, h] of of) sum += z[g]! * z[h]!;
      values[at + 3 + c]! += sum;
    }
  }
  return { rows, width, values, units };
}

/** Pearson's r of each kind, from the sums over some groups: all, or as often as `times` says. */
function correlations(
  { rows, width, values, units }: Sums,
  kinds: readonly PairKind[],
  times?: Uint32Array,
): Float64Array {
  const total = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    const weight = times ? times[row]! : 1;
    if (weight === 0) continue;
    for (let c = 0; c < width; c++) total[c]! += weight * values[row * width + c]!;
  }
  const count = total[0]!;
  const mean = total[1]! / (count * units);
  const variance = total[2]! / (count * units) - mean * mean;
  return Float64Array.from(
    kinds,
    ({ pairs }, c) => (total[3 + c]! / (count * pairs) - mean * mean) / variance,
  );
}

function resampled(sums: Sums, kinds: readonly PairKind[], samples: number, random: Random): Float64Array[] {
  const times = new Uint32Array(sums.rows);
  return Array.from({ length: samples }, () => {
    times.fill(0);
    for (let i = 0; i < sums.rows; i++) times[random.integer(sums.rows)]!++;
    return correlations(sums, kinds, times);
  });
}

/** Variance of the coordinates, as a part of it and their mean squared standard deviation. */
function reliabilityOf(latents: UnitLatents, d: number, used: Int32Array): number {
  const { units, latent, refined, standardDeviation } = latents;
  let [sum, square, error] = [0, 0, 0];
  for (const i of used) {
    for (let g = 0; g < units; g++) {
      const at = (i * units + g) * latent + d;
      sum += refined[at]!;
      square += refined[at]! ** 2;
      error += standardDeviation[at]! ** 2;
    }
  }
  const count = used.length * units;
  const variance = square / count - (sum / count) ** 2;
  return variance / (variance + error / count);
}

/** A quantile of sorted values, interpolated. */
function percentile(sorted: readonly number[], fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

/**
 * Text of a table of correlations: a row for each axis and kind of pairs, with the columns axis, neighbour, angle_degrees,
 * distance_angstrom (empty if unknown), pairs, r, low, high and reliability.
 * @example
 * ```ts no-run
 * const run = await e2.openRun("RUN");
 * const found = e2.latent.unitCorrelation(await e2.training.unitLatents(run));
 * console.log(e2.latent.formatUnitCorrelation(found));
 * ```
 */
export function formatUnitCorrelation({ kinds, reliability }: UnitCorrelation): string {
  const lines = ["axis,neighbour,angle_degrees,distance_angstrom,pairs,r,low,high,reliability"];
  for (const [d, reliable] of reliability.entries()) {
    for (const { neighbour, angle, distance, pairs, correlation, low, high } of kinds) {
      const numbers = [correlation[d]!, low[d]!, high[d]!, reliable].map((value) => value.toFixed(4));
      const place = distance === undefined ? "" : distance.toFixed(2);
      lines.push([`z${d + 1}`, neighbour, angle.toFixed(2), place, pairs, ...numbers].join(","));
    }
  }
  return `${lines.join("\n")}\n`;
}
