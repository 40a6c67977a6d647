import { cholesky, invertLower } from "../../cholesky";
import { InputError } from "../../errors";
import type { TaskOptions } from "../../progress";
import { Pacing } from "../pacing";
import { checkIntegers, countPoints } from "../points";
import type { PatternScores } from "./patterns";
import { stepAlong } from "./patterns";
import type { Population } from "./population";

/** What {@link MotionComponents} are made of. */
export interface ComponentParts {
  /** The population, [n · latent]. */
  points: Float32Array;
  population: Population;
  measure: PatternScores;
  /** [n · components] */
  scores: Float32Array;
  /** Mean square of the motion of the whole population in Å². */
  total: number;
  /** RMS of the rigid motion that was removed, in Å. */
  rigid: number;
  /** Uncertainty of the scores in Å, [components]. */
  noise?: Float64Array;
}

/** Options of {@link MotionComponents.path}. */
export interface ComponentPathOptions {
  /** First score in Å. Default: that which 5 % of the population are below. */
  from?: number;
  /** Last score in Å. Default: that which 5 % of the population are above. */
  to?: number;
  /** Number of points of the path. Default 9. */
  stations?: number;
}

/** Steps of the search for a point with given scores. */
const mostSteps = 12;
/** Part of the length of a path by which its scores may differ from those that were asked for. */
const tolerance = 0.05;
/** Fraction of the spread of scores within which particles determine where the search starts. */
const bandwidth = 0.15;

/**
 * Principal components of decoded motion; made by `motionComponents`. Scores are in Å.
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const motion = await e2.latent.motionComponents(run, refined, { maxPoints: 50 });
 * const model = run.decode(motion.pointAt([1.5]));
 * ```
 */
export class MotionComponents {
  /** Number of components. */
  readonly count: number;
  /** Standard deviation of the scores of each component in Å, largest first, [count]. */
  readonly sizes: Float64Array;
  /** Fraction of the mean square motion along each component, [count]. */
  readonly explained: Float64Array;
  /**
   * Uncertainty of the scores of each component in Å, [count]: root mean square over the population of what its standard
   * deviations mean in the score. Undefined if none were given.
   */
  readonly noise: Float64Array | undefined;
  /** Score of each point along each component in Å, with mean 0 and its longer tail positive, [n · count]. */
  readonly scores: Float32Array;
  /** RMS in Å of the motion of the whole molecule that was removed first. */
  readonly rigid: number;

  /** @internal Use `motionComponents`. */
  constructor(private readonly parts: ComponentParts) {
    const { scores, total, noise, rigid, measure } = parts;
    this.count = measure.patterns.length;
    this.scores = scores;
    this.noise = noise;
    this.rigid = rigid;
    const n = scores.length / this.count;
    this.sizes = new Float64Array(this.count);
    scores.forEach((score, i) => {
      this.sizes[i % this.count]! += score ** 2 / n;
    });
    this.explained = this.sizes.map((square) => (total > 0 ? Math.min(square / total, 1) : 0));
    for (let c = 0; c < this.count; c++) this.sizes[c] = Math.sqrt(this.sizes[c]!);
  }

  /** Number of leading components that vary more than their uncertainty and by at least 1 % of the motion. */
  get supported(): number {
    let count = 0;
    while (count < this.count && this.isSupported(count)) count++;
    return count;
  }

  private isSupported(c: number): boolean {
    return this.explained[c]! >= 0.01 && !(this.noise && this.sizes[c]! <= this.noise[c]!);
  }

  /** One sentence that says how many components to look at, and why. */
  get advice(): string {
    const { supported, count, sizes, noise } = this;
    const text = (c: number) => {
      const uncertain = noise ? `, uncertainty ${noise[c]!.toFixed(2)} Å` : "";
      const percent = (100 * this.explained[c]!).toFixed(0);
      return `PC${c + 1} ${sizes[c]!.toFixed(2)} Å, ${percent} % of the motion${uncertain}`;
    };
    const all = Array.from({ length: Math.min(count, supported + 1) }, (_, c) => text(c)).join("; ");
    if (supported === 0) return `No component stands out from its uncertainty: ${all}.`;
    const [components, verb] =
      supported === 1 ? ["1 component", "varies"] : [`${supported} components`, "vary"];
    const reason = noise ? "more than the uncertainty and by at least 1 %" : "by at least 1 %";
    return `${components} of ${count} ${verb} ${reason} of the motion: ${all}.`;
  }

  /**
   * Scores [m · count] of further points [m · latent], in Å.
   * @throws InputError for coordinates that are not finite; StoppedError
   */
  async scoresOf(points: Float32Array, options: TaskOptions = {}): Promise<Float32Array> {
    countPoints(points, this.parts.population.dimensions, 0);
    return this.parts.measure.of(points, new Pacing(options));
  }

  /**
   * The inverse of the scores: a point of the latent space, [latent], with the given scores along the first components, in
   * Å. Among the points that have them it is near the particles that have them: the search starts at the mean of particles
   * with similar scores and takes the shortest way from there, in units of the population's spread.
   * @throws InputError unless there are 1 to `count` finite scores
   */
  pointAt(scores: ArrayLike<number>): Float32Array {
    const wanted = Array.from(scores);
    if (wanted.length < 1 || wanted.length > this.count || !wanted.every(Number.isFinite)) {
      throw new InputError("scores", `1 to ${this.count} numbers`, JSON.stringify(wanted));
    }
    return this.search(new Map(wanted.map((score, c) => [c, score])));
  }

  /**
   * Points of the latent space along one component, [stations · latent], at even steps of its score. The other components
   * are as the particles there have them.
   * @param component from 0
   * @throws InputError for a component that does not exist, options that are not finite, and a `from` or `to` that no point of
   * the latent space has
   */
  path(component: number, options: ComponentPathOptions = {}): Float32Array {
    if (!Number.isInteger(component) || component < 0 || component >= this.count) {
      throw new InputError("component", `an integer from 0 to ${this.count - 1}`, String(component));
    }
    const sorted = Float32Array.from(
      { length: this.scores.length / this.count },
      (_, i) => this.scores[i * this.count + component]!,
    ).sort();
    const at = (fraction: number) => sorted[Math.round(fraction * (sorted.length - 1))]!;
    const { from = at(0.05), to = at(0.95), stations = 9 } = options;
    checkIntegers({ stations }, 2);
    if (!(Number.isFinite(from) && Number.isFinite(to))) {
      throw new InputError("from and to", "numbers", `${from} and ${to}`);
    }
    const { dimensions } = this.parts.population;
    const path = new Float32Array(stations * dimensions);
    for (let s = 0; s < stations; s++) {
      const score = from + ((to - from) * s) / (stations - 1);
      path.set(this.search(new Map([[component, score]])), s * dimensions);
    }
    if (options.from !== undefined)
      this.checkReached("from", path.subarray(0, dimensions), { component, score: from, by: to - from });
    if (options.to !== undefined)
      this.checkReached("to", path.subarray(-dimensions), { component, score: to, by: to - from });
    return path;
  }

  /** @throws InputError for an end of a path that has not the score asked for: the search ended anywhere */
  private checkReached(
    end: "from" | "to",
    z: Float32Array,
    { component, score, by }: { component: number; score: number; by: number },
  ): void {
    const found = this.parts.measure.at(z)[component]!;
    if (Math.abs(found - score) <= tolerance * Math.abs(by)) return;
    const expected =
      `a score that a point of the latent space has along PC${component + 1} ` +
      `(${this.sizes[component]!.toFixed(2)} Å, ${(100 * this.explained[component]!).toFixed(0)} % of the motion)`;
    throw new InputError(end, expected, `${score} Å, of which ${found.toFixed(2)} Å can be reached`);
  }

  /** Gauss-Newton with the shortest step in the metric of the population. */
  private search(wanted: ReadonlyMap<number, number>): Float32Array {
    const { population, measure } = this.parts;
    const { dimensions } = population;
    const components = [...wanted.keys()];
    const leftOver = (z: Float32Array) => {
      const found = measure.at(z);
      return Float64Array.from(components, (c) => wanted.get(c)! - found[c]!);
    };
    let z = this.start(wanted);
    let rest = leftOver(z);
    for (let step = 0; step < mostSteps && lengthOf(rest) > 1e-3 * this.sizes[components[0]!]!; step++) {
      const slopes = Array.from({ length: dimensions }, (_, d) => {
        const by = stepAlong(population, d);
        const moved = (sign: number) => leftOver(z.map((x, e) => (e === d ? x + sign * by : x)));
        const [ahead, behind] = [moved(1), moved(-1)];
        return ahead.map((a, c) => (behind[c]! - a) / (2 * by));
      });
      const move = shortestMove(slopes, rest, population);
      let accepted = false;
      for (let factor = 1; factor > 0.1 && !accepted; factor /= 2) {
        const next = z.map((x, d) => x + factor * move[d]!);
        // Where nothing moves, the move is no number.
        if (!next.every(Number.isFinite)) continue;
        const nextRest = leftOver(next);
        if (!(lengthOf(nextRest) < lengthOf(rest))) continue;
        [z, rest, accepted] = [next, nextRest, true];
      }
      if (!accepted) break;
    }
    return z;
  }

  /** Mean of the particles with similar scores; of the nearest ones where few are similar. */
  private start(wanted: ReadonlyMap<number, number>): Float32Array {
    const { points, population } = this.parts;
    const { dimensions } = population;
    const n = points.length / dimensions;
    const squared = Float64Array.from({ length: n }, (_, i) => {
      let sum = 0;
      for (const [c, score] of wanted) {
        sum += ((this.scores[i * this.count + c]! - score) / (this.sizes[c]! || 1)) ** 2;
      }
      return sum;
    });
    const nearest = squared.slice().sort()[Math.min(15, n - 1)]!;
    const width = Math.max(bandwidth ** 2, nearest);
    const mean = new Float64Array(dimensions);
    let weights = 0;
    for (let i = 0; i < n; i++) {
      const weight = Math.exp(-squared[i]! / (2 * width));
      weights += weight;
      for (let d = 0; d < dimensions; d++) mean[d]! += weight * points[i * dimensions + d]!;
    }
    return Float32Array.from(mean, (x) => x / weights);
  }
}

function lengthOf(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
}

/**
 * The move C J (Jᵀ C J + small)⁻¹ r, which changes the scores by r.
 * @param slopes of the scores along each axis, J
 */
function shortestMove(
  slopes: readonly Float64Array[],
  rest: Float64Array,
  { covariance, dimensions }: Population,
): Float64Array {
  const count = rest.length;
  const spread = slopes.map((_, d) =>
    Float64Array.from({ length: count }, (_, c) =>
      slopes.reduce((sum, slope, e) => sum + covariance[d * dimensions + e]! * slope[c]!, 0),
    ),
  );
  const inner = new Float64Array(count * count);
  for (let c = 0; c < count; c++)
    for (let e = 0; e < count; e++)
      for (let d = 0; d < dimensions; d++) inner[c * count + e]! += slopes[d]![c]! * spread[d]![e]!;
  const largest = Math.max(...Array.from({ length: count }, (_, c) => inner[c * (count + 1)]!));
  for (let c = 0; c < count; c++) inner[c * (count + 1)]! += 1e-4 * largest + Number.MIN_VALUE;
  const lower = new Float64Array(count * count);
  invertLower(cholesky(inner, count), count, lower);
  // inner⁻¹ r = Lᵀ (L r) with L the inverse factor
  const half = rest.map((_, c) =>
    rest.reduce((sum, r, e) => sum + (e <= c ? lower[c * count + e]! * r : 0), 0),
  );
  const factors = rest.map((_, c) =>
    half.reduce((sum, h, e) => sum + (e >= c ? lower[e * count + c]! * h : 0), 0),
  );
  return Float64Array.from(spread, (row) => row.reduce((sum, x, c) => sum + x * factors[c]!, 0));
}
