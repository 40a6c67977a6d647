import { throwIfStopped } from "../../errors";
import type { FoundPlaces, LatentLikelihood, PosteriorOptions } from "./posterior";

/** Subdivisions between grid points: the likelihood is smooth, and projections are expensive. */
const subdivisions = 8;
/** EM iterations for the prior. Few keep it as smooth as the posteriors that it is estimated from. */
const priorIterations = 4;

/** Equidistant points along z. */
interface Grid {
  low: number;
  step: number;
  points: number;
}

/** The posterior in one dimension; see `latentPosterior`. */
export async function gridPosterior(
  likelihood: LatentLikelihood,
  start: Float32Array,
  options: PosteriorOptions,
): Promise<FoundPlaces> {
  const count = start.length;
  const population = options.population ?? Int32Array.from(start.keys());
  const known = options.knowledge?.grid;
  const points = known ? (known.prior.length - 1) / subdivisions + 1 : (options.gridPoints ?? 32);
  const grid = known ? gridBetween(known.low, known.high, points) : gridOver(start, population, points);
  const values = await evaluateGrid(likelihood, count, grid, options);
  const density = new GridDensity(values, grid.points, known?.prior);
  if (!known) density.fitPrior(population);
  const { prior } = density;
  const posterior: FoundPlaces = {
    mean: new Float32Array(count),
    standardDeviation: new Float32Array(count),
    knowledge: { grid: { low: grid.low, high: grid.low + (points - 1) * grid.step, prior } },
  };
  for (let i = 0; i < count; i++) {
    const { mean, variance } = density.moments(i);
    posterior.mean[i] = grid.low + (mean * grid.step) / subdivisions;
    posterior.standardDeviation[i] = (Math.sqrt(variance) * grid.step) / subdivisions;
  }
  return posterior;
}

/** A grid over the population's range with a margin. */
function gridOver(start: Float32Array, population: ArrayLike<number>, points: number): Grid {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < population.length; i++) {
    const z = start[population[i]!]!;
    low = Math.min(low, z);
    high = Math.max(high, z);
  }
  const margin = 0.15 * (high - low);
  return gridBetween(low - margin, high + margin, points);
}

/** The ends are numbers as files have them, so that a grid that was stored is the same. */
function gridBetween(first: number, last: number, points: number): Grid {
  const [low, high] = [Math.fround(first), Math.fround(last)];
  return { low, step: (high - low) / (points - 1), points };
}

/** Log-likelihoods of all particles at all grid points, [count · points]. */
async function evaluateGrid(
  likelihood: LatentLikelihood,
  count: number,
  { low, step, points }: Grid,
  options: PosteriorOptions,
): Promise<Float32Array> {
  const batchSize = options.batchSize ?? 128;
  const values = new Float32Array(count * points);
  for (let from = 0; from < count; from += batchSize) {
    throwIfStopped(options.signal);
    const particles = Int32Array.from({ length: Math.min(batchSize, count - from) }, (_, i) => from + i);
    for (let g = 0; g < points; g++) {
      const value = await likelihood.shared(particles, Float32Array.of(low + g * step));
      for (let b = 0; b < value.length; b++) values[(from + b) * points + g] = value[b]!;
    }
    options.onProgress?.({ task: "refining latents", done: from + particles.length, total: count });
  }
  return values;
}

/** Posterior densities on the subdivided grid. */
class GridDensity {
  private readonly density: Float64Array;
  /** On the subdivided grid. */
  prior: Float32Array;

  /**
   * @param values log-likelihoods, [particles · points]
   * @param prior  Default: uniform
   */
  constructor(
    private readonly values: Float32Array,
    private readonly points: number,
    prior?: Float32Array,
  ) {
    const fine = (points - 1) * subdivisions + 1;
    this.density = new Float64Array(fine);
    this.prior = prior ?? new Float32Array(fine).fill(1 / fine);
  }

  /** Estimates the prior as the mean posterior of the population. */
  fitPrior(population: ArrayLike<number>): void {
    for (let iteration = 0; iteration < priorIterations; iteration++) {
      const next = new Float64Array(this.prior.length);
      for (let i = 0; i < population.length; i++) {
        const density = this.posterior(population[i]!);
        for (let f = 0; f < next.length; f++) next[f]! += density[f]! / population.length;
      }
      this.prior = Float32Array.from(next);
    }
  }

  /** Mean and variance of a particle's posterior, in subdivisions of the grid. */
  moments(particle: number): { mean: number; variance: number } {
    const density = this.posterior(particle);
    let mean = 0;
    for (let f = 0; f < density.length; f++) mean += density[f]! * f;
    let variance = 0;
    for (let f = 0; f < density.length; f++) variance += density[f]! * (f - mean) ** 2;
    return { mean, variance };
  }

  /** Normalized posterior of a particle; overwritten by the next call. */
  private posterior(particle: number): Float64Array {
    const { density, prior, points } = this;
    const own = this.values.subarray(particle * points, (particle + 1) * points);
    let top = Number.NEGATIVE_INFINITY;
    for (let f = 0; f < density.length; f++) {
      density[f] = interpolateCubic(own, f / subdivisions);
      top = Math.max(top, density[f]!);
    }
    let sum = 0;
    for (let f = 0; f < density.length; f++) {
      density[f] = Math.exp(density[f]! - top) * prior[f]!;
      sum += density[f]!;
    }
    for (let f = 0; f < density.length; f++) density[f]! /= sum;
    return density;
  }
}

/** Cubic interpolation of equidistant values at position x, 0 … n − 1, through the four nearest. */
function interpolateCubic(values: Float32Array, x: number): number {
  const n = values.length;
  const i = Math.min(Math.floor(x), n - 2);
  const t = x - i;
  const at = (j: number) => values[Math.min(Math.max(j, 0), n - 1)]!;
  const [p0, p1, p2, p3] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
  return p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)));
}
