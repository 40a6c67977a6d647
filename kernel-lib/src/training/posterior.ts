import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { throwIfStopped } from "../errors";
import { inParallel } from "../parallel";
import type { TaskOptions } from "../progress";

/** Where in the latent space a particle is, given its image: the posterior's mean and standard deviation. */
export interface Posterior {
  /** [particles · latent] */
  mean: Float32Array;
  /** [particles · latent] */
  deviation: Float32Array;
}

/**
 * The log-likelihood of particles as a function of z, up to a constant of each particle. The unit matters: a
 * difference of 1 is a factor e in probability.
 */
export interface LatentLikelihood {
  /** Log-likelihood of each of these particles at one z that they share, [B]. */
  shared(particles: Int32Array, z: Float32Array): Promise<Float32Array>;
  /**
   * Log-likelihood of each particle at its own z, [B · latent] → [B], with its gradient in z, [B · latent], and minus its second
   * derivatives, [B · latent · latent], symmetric. The arrays belong to the caller.
   */
  local(
    particles: Int32Array,
    z: Float32Array,
  ): Promise<{ value: Float32Array; gradient: Float32Array; curvature: Float32Array }>;
}

export interface PosteriorOptions extends TaskOptions {
  /** Points along each axis of the grid in one dimension. Default 32. */
  gridPoints?: number;
  /** Particles per call of the likelihood. Default 128. */
  batchSize?: number;
  /** The particles whose places give the region to search and the prior, ascending. Default: all. */
  population?: ArrayLike<number>;
}

/**
 * Posterior of each particle's z with the decoder fixed. The encoder's latents `start` [particles · latent] give the
 * region to search and the prior.
 *
 * One dimension: on a grid over the range of the encoder's latents, so that a second peak is seen. The prior is the
 * population's own distribution, estimated from the likelihoods themselves by expectation maximisation (Laird 1978),
 * stopped early, which keeps it smooth. More dimensions: Newton steps from the encoder's place, with a standard normal
 * prior (the latents have unit variance).
 */
export async function latentPosterior(
  likelihood: LatentLikelihood,
  start: Float32Array,
  latent: number,
  options: PosteriorOptions = {},
): Promise<Posterior> {
  return latent === 1 ? onGrid(likelihood, start, options) : byNewton(likelihood, start, latent, options);
}

/** Finer points between those at which the likelihood was computed; it is smooth, a projection is not cheap. */
const REFINE = 8;
/** Few steps keep the estimated prior as smooth as the posteriors that it is made of. */
const PRIOR_STEPS = 4;

async function onGrid(
  likelihood: LatentLikelihood,
  start: Float32Array,
  options: PosteriorOptions,
): Promise<Posterior> {
  const points = options.gridPoints ?? 32;
  const batchSize = options.batchSize ?? 128;
  const count = start.length;
  const population = options.population ?? Int32Array.from(start.keys());
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < population.length; i++) {
    const z = start[population[i]!]!;
    low = Math.min(low, z);
    high = Math.max(high, z);
  }
  const margin = 0.15 * (high - low);
  low -= margin;
  high += margin;
  const step = (high - low) / (points - 1);
  const coarse = new Float32Array(count * points);
  for (let from = 0; from < count; from += batchSize) {
    throwIfStopped(options.signal);
    const particles = Int32Array.from({ length: Math.min(batchSize, count - from) }, (_, i) => from + i);
    for (let g = 0; g < points; g++) {
      const value = await likelihood.shared(particles, Float32Array.of(low + g * step));
      for (let b = 0; b < value.length; b++) coarse[(from + b) * points + g] = value[b]!;
    }
    options.onProgress?.({ task: "refining latents", done: from + particles.length, total: count });
  }

  const fine = (points - 1) * REFINE + 1;
  const density = new Float64Array(fine);
  let prior = new Float64Array(fine).fill(1 / fine);
  const posterior = (i: number) => {
    let top = Number.NEGATIVE_INFINITY;
    for (let f = 0; f < fine; f++) {
      density[f] = catmullRom(coarse, i * points, points, f / REFINE);
      top = Math.max(top, density[f]!);
    }
    let sum = 0;
    for (let f = 0; f < fine; f++) {
      density[f] = Math.exp(density[f]! - top) * prior[f]!;
      sum += density[f]!;
    }
    for (let f = 0; f < fine; f++) density[f]! /= sum;
  };
  for (let iteration = 0; iteration < PRIOR_STEPS; iteration++) {
    const next = new Float64Array(fine);
    for (let i = 0; i < population.length; i++) {
      posterior(population[i]!);
      for (let f = 0; f < fine; f++) next[f]! += density[f]! / population.length;
    }
    prior = next;
  }
  const mean = new Float32Array(count);
  const deviation = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    posterior(i);
    let m = 0;
    for (let f = 0; f < fine; f++) m += density[f]! * f;
    let variance = 0;
    for (let f = 0; f < fine; f++) variance += density[f]! * (f - m) ** 2;
    mean[i] = low + (m * step) / REFINE;
    deviation[i] = (Math.sqrt(variance) * step) / REFINE;
  }
  return { mean, deviation };
}

/** Value at position x (0 … n − 1) of a sequence, by cubic interpolation through the four nearest points. */
function catmullRom(values: Float32Array, offset: number, n: number, x: number): number {
  const i = Math.min(Math.floor(x), n - 2);
  const t = x - i;
  const at = (j: number) => values[offset + Math.min(Math.max(j, 0), n - 1)]!;
  const [p0, p1, p2, p3] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
  return p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)));
}

/** Most places at which the likelihood of a particle is worked out. */
const MOST_PLACES = 10;
/** Longest Newton step along a principal direction, in standard deviations of the latents. */
const LONGEST_STEP = 1;
/** A step this short, in standard deviations of the posterior, is taken without another look. */
const SHORT_STEP = 0.1;
/** Where the logarithm of the posterior changes less than this from one place to the next, the search ends. */
const SMALL_GAIN = 0.01;

/** Where a search has come: the best place so far, and what is known there. */
interface Found {
  value: number;
  step: Float64Array;
  /** How much of the step is tried next; halved where a whole one led down. */
  fraction: number;
  variance: Float64Array;
}

async function byNewton(
  likelihood: LatentLikelihood,
  start: Float32Array,
  latent: number,
  options: PosteriorOptions,
): Promise<Posterior> {
  const batchSize = options.batchSize ?? 128;
  const count = start.length / latent;
  const mean = start.slice();
  // The prior's, where the image says nothing.
  const deviation = new Float32Array(start.length).fill(1);
  let done = 0;
  const starts = Array.from({ length: Math.ceil(count / batchSize) }, (_, i) => i * batchSize);
  // While the projections of one batch are compared, the models of the other are decoded.
  await inParallel(starts, 2, async (from) => {
    let searching = Int32Array.from({ length: Math.min(batchSize, count - from) }, (_, i) => from + i);
    const found = new Map<number, Found>();
    for (let place = 0; place < MOST_PLACES && searching.length > 0; place++) {
      throwIfStopped(options.signal);
      const z = new Float32Array(searching.length * latent);
      for (const [i, particle] of searching.entries()) {
        const best = found.get(particle);
        for (let d = 0; d < latent; d++) {
          const tried = best ? best.fraction * best.step[d]! : 0;
          z[i * latent + d] = mean[particle * latent + d]! + tried;
        }
      }
      const { value, gradient, curvature } = await likelihood.local(searching, z);
      const goOn: number[] = [];
      for (const [i, particle] of searching.entries()) {
        const own = z.subarray(i * latent, (i + 1) * latent);
        // The prior is a standard normal distribution: it lowers the value, and pulls towards 0.
        const here = value[i]! - halfSquare(own);
        const best = found.get(particle);
        const at = i * latent;
        const around = curvature.subarray(at * latent, (at + latent) * latent);
        const slope = gradient.subarray(at, at + latent);
        // Where nothing can be said the search of this particle ends, at the best place so far.
        if (!Number.isFinite(here) || !slope.every(Number.isFinite) || !around.every(Number.isFinite))
          continue;
        const flat = best !== undefined && Math.abs(here - best.value) < SMALL_GAIN;
        if (best && !(here >= best.value)) {
          best.fraction /= 2;
          if (!flat) goOn.push(particle);
          continue;
        }
        const { step, variance, length } = newtonStep(
          around,
          slope.map((g, d) => g - own[d]!),
        );
        found.set(particle, { value: here, step, fraction: 1, variance });
        const short = length < SHORT_STEP;
        mean.set(short ? own.map((value, d) => value + step[d]!) : own, particle * latent);
        if (!short && !flat) goOn.push(particle);
      }
      searching = Int32Array.from(goOn);
    }
    for (const [particle, { variance }] of found) {
      for (let d = 0; d < latent; d++) deviation[particle * latent + d] = Math.sqrt(variance[d]!);
    }
    done += Math.min(batchSize, count - from);
    options.onProgress?.({ task: "refining latents", done, total: count });
  });
  return { mean, deviation };
}

/**
 * Step and variances of a Gaussian with this curvature (of the likelihood) and a prior of curvature 1, and the step's length in
 * its standard deviations.
 */
function newtonStep(
  curvature: Float32Array,
  slope: Float32Array,
): { step: Float64Array; variance: Float64Array; length: number } {
  const n = slope.length;
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(n, n, curvature),
    { assumeSymmetric: true },
  );
  const step = new Float64Array(n);
  const variance = new Float64Array(n);
  let length = 0;
  for (let k = 0; k < n; k++) {
    // Where the likelihood bends the wrong way only the prior's curvature counts.
    const precision = Math.max(realEigenvalues[k]!, 0) + 1;
    let along = 0;
    for (let d = 0; d < n; d++) along += eigenvectorMatrix.get(d, k) * slope[d]!;
    along = Math.min(Math.max(along / precision, -LONGEST_STEP), LONGEST_STEP);
    length += precision * along * along;
    for (let d = 0; d < n; d++) {
      const v = eigenvectorMatrix.get(d, k);
      step[d]! += v * along;
      variance[d]! += (v * v) / precision;
    }
  }
  return { step, variance, length: Math.sqrt(length) };
}

function halfSquare(z: Float32Array): number {
  let sum = 0;
  for (const value of z) sum += value * value;
  return sum / 2;
}
