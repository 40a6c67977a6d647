import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { throwIfStopped } from "../../errors";
import { inParallel } from "../../parallel";
import type { LatentLikelihood, LocalLikelihood, Posterior, PosteriorOptions } from "./posterior";

/** Most evaluations of the likelihood per particle. */
const maxEvaluations = 10;
/** Longest step along a principal direction, in standard deviations of the latents. */
const longestStep = 1;
/** A step this short, in standard deviations of the posterior, is accepted without another evaluation. */
const shortStep = 0.1;
/** The search ends when the log posterior changes by less than this. */
const smallGain = 0.01;

/** The posterior in several dimensions; see `latentPosterior`. */
export async function newtonPosterior(
  likelihood: LatentLikelihood,
  start: Float32Array,
  latent: number,
  options: PosteriorOptions,
): Promise<Posterior> {
  const batchSize = options.batchSize ?? 128;
  const count = start.length / latent;
  // Where the image says nothing the result is the encoder's latents with the prior's standard deviation, 1.
  const posterior: Posterior = {
    mean: start.slice(),
    standardDeviation: new Float32Array(start.length).fill(1),
  };
  let done = 0;
  const starts = Array.from({ length: Math.ceil(count / batchSize) }, (_, i) => i * batchSize);
  // Two batches at a time: one is decoded while the other is projected.
  await inParallel(starts, 2, async (from) => {
    const size = Math.min(batchSize, count - from);
    const search = new NewtonSearch(posterior, latent);
    let active = Int32Array.from({ length: size }, (_, i) => from + i);
    for (let i = 0; i < maxEvaluations && active.length > 0; i++) {
      throwIfStopped(options.signal);
      const z = search.trialPoints(active);
      active = search.update(active, z, await likelihood.local(active, z));
    }
    search.finish();
    done += size;
    options.onProgress?.({ task: "refining latents", done, total: count });
  });
  return posterior;
}

/** State of a particle's search: the best point so far. */
interface SearchState {
  /** Log posterior. */
  value: number;
  /** Newton step from there. */
  step: Float64Array;
  /** Fraction of the step to try next; halved after a step that decreased the value. */
  fraction: number;
  variance: Float64Array;
}

/** Newton's method with backtracking for a batch of particles. */
class NewtonSearch {
  private readonly states = new Map<number, SearchState>();

  constructor(
    private readonly posterior: Posterior,
    private readonly latent: number,
  ) {}

  /** Where to evaluate each particle next, [particles · latent]. */
  trialPoints(particles: Int32Array): Float32Array {
    const { latent, states } = this;
    const { mean } = this.posterior;
    const z = new Float32Array(particles.length * latent);
    for (const [i, particle] of particles.entries()) {
      const state = states.get(particle);
      for (let d = 0; d < latent; d++) {
        const step = state ? state.fraction * state.step[d]! : 0;
        z[i * latent + d] = mean[particle * latent + d]! + step;
      }
    }
    return z;
  }

  /** Accepts or rejects the trial points. @returns the particles whose search continues */
  update(particles: Int32Array, z: Float32Array, likelihood: LocalLikelihood): Int32Array {
    const { latent } = this;
    const active: number[] = [];
    for (const [i, particle] of particles.entries()) {
      const at = i * latent;
      const point: TrialPoint = {
        z: z.subarray(at, at + latent),
        value: likelihood.value[i]!,
        gradient: likelihood.gradient.subarray(at, at + latent),
        curvature: likelihood.curvature.subarray(at * latent, (at + latent) * latent),
      };
      if (this.updateParticle(particle, point)) active.push(particle);
    }
    return Int32Array.from(active);
  }

  /** @returns whether the search of this particle continues */
  private updateParticle(particle: number, { z, value, gradient, curvature }: TrialPoint): boolean {
    const { mean } = this.posterior;
    const state = this.states.get(particle);
    // Log density of the standard normal prior, up to a constant.
    const logPosterior = value - halfSquare(z);
    const finite =
      Number.isFinite(logPosterior) && gradient.every(Number.isFinite) && curvature.every(Number.isFinite);
    // Without a finite likelihood the search ends at the best point so far.
    if (!finite) return false;
    const converged = state !== undefined && Math.abs(logPosterior - state.value) < smallGain;
    if (state && !(logPosterior >= state.value)) {
      state.fraction /= 2;
      return !converged;
    }
    const { step, variance, length } = newtonStep(
      curvature,
      gradient.map((g, d) => g - z[d]!),
    );
    this.states.set(particle, { value: logPosterior, step, fraction: 1, variance });
    const short = length < shortStep;
    mean.set(short ? z.map((x, d) => x + step[d]!) : z, particle * this.latent);
    return !short && !converged;
  }

  /** Writes the standard deviations. */
  finish(): void {
    const { latent } = this;
    for (const [particle, { variance }] of this.states) {
      for (let d = 0; d < latent; d++) {
        this.posterior.standardDeviation[particle * latent + d] = Math.sqrt(variance[d]!);
      }
    }
  }
}

/** Likelihood of one particle at one point. */
interface TrialPoint {
  z: Float32Array;
  value: number;
  gradient: Float32Array;
  curvature: Float32Array;
}

/**
 * Newton step and variances of the Gaussian approximation with this curvature of the likelihood and a standard normal
 * prior. `length` is the length of the step in its standard deviations.
 */
function newtonStep(
  curvature: Float32Array,
  gradient: Float32Array,
): { step: Float64Array; variance: Float64Array; length: number } {
  const n = gradient.length;
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(n, n, curvature),
    { assumeSymmetric: true },
  );
  const step = new Float64Array(n);
  const variance = new Float64Array(n);
  let length = 0;
  for (let k = 0; k < n; k++) {
    // Where the likelihood is not concave only the prior's curvature counts.
    const precision = Math.max(realEigenvalues[k]!, 0) + 1;
    let along = 0;
    for (let d = 0; d < n; d++) along += eigenvectorMatrix.get(d, k) * gradient[d]!;
    along = Math.min(Math.max(along / precision, -longestStep), longestStep);
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
