import { inverse, Matrix } from "ml-matrix";
import type { NamedArray } from "../../network/parameters";

/*
 * Moments of posteriors that are not normal, for particles that were not sampled: what sampling changed in particles whose normal
 * approximation looks alike.
 */

/** Mean and covariance of a posterior, and the Cholesky factor of the covariance of its normal approximation. */
export interface SampledMoments {
  /** Maximum of the posterior, [latent]. */
  at: Float32Array;
  factor: Matrix;
  mean: Float64Array;
  covariance: Matrix;
}

/** What sampling changes in a particle, in units of its normal approximation. */
interface Change {
  /** See {@link featuresOf}, [2 · latent]. */
  features: Float32Array;
  /** Step from the maximum to the mean, [latent]. */
  shift: Float32Array;
  /** [latent · latent] */
  covariance: Float32Array;
}

/** Sampled particles that a particle is like. */
const neighbours = 24;
/** Fewest sampled particles to learn from. */
const fewestLearned = 4 * neighbours;

/**
 * Learns from some particles how mean and covariance of the posterior differ from the normal approximation at its maximum, as a function
 * of the place and of the widths along the axes, which is all that the approximation knows. A particle gets the mean change of the
 * sampled particles that are nearest in these, and the covariance that follows from the law of total variance: the mean of
 * theirs, and the scatter of their shifts, which remains unknown. So the intervals hold over many particles, as those from samples of each
 * particle do.
 */
export class LearnedMoments {
  private constructor(
    private readonly latent: number,
    private readonly changes: readonly Change[],
  ) {}

  /** Learns from some particles; from fewer than {@link fewestLearned} that nothing changes. */
  static learn(latent: number, sampled: readonly SampledMoments[]): LearnedMoments {
    return new LearnedMoments(latent, sampled.length < fewestLearned ? [] : sampled.map(changeOf));
  }

  /** What {@link save} returned. */
  static load(latent: number, { data }: NamedArray): LearnedMoments {
    const width = latent * (3 + latent);
    const changes = Array.from({ length: data.length / width }, (_, i) => {
      const own = data.slice(i * width, (i + 1) * width);
      return {
        features: own.subarray(0, 2 * latent),
        shift: own.subarray(2 * latent, 3 * latent),
        covariance: own.subarray(3 * latent),
      };
    });
    return new LearnedMoments(latent, changes);
  }

  /** As an array of a checkpoint: features, shift and covariance of each particle, [particles · latent · (3 + latent)]. */
  save(name: string): NamedArray {
    const { latent, changes } = this;
    const width = latent * (3 + latent);
    const data = new Float32Array(changes.length * width);
    for (const [i, { features, shift, covariance }] of changes.entries()) {
      data.set(features, i * width);
      data.set(shift, i * width + 2 * latent);
      data.set(covariance, i * width + 3 * latent);
    }
    return { name, shape: [changes.length, width], data };
  }

  /** Moments of a particle with its maximum `at` and the Cholesky factor of the covariance of its normal approximation. */
  of(at: Float32Array, factor: Matrix): { mean: Float64Array; covariance: Matrix } {
    const { latent } = this;
    if (this.changes.length === 0) {
      return { mean: Float64Array.from(at), covariance: factor.mmul(factor.transpose()) };
    }
    const near = this.nearest(featuresOf(at, factor));
    const shift = new Float64Array(latent);
    const inside = Matrix.zeros(latent, latent);
    let total = 0;
    for (const { change, weight } of near) {
      total += weight;
      for (let a = 0; a < latent; a++) {
        shift[a]! += weight * change.shift[a]!;
        for (let b = 0; b < latent; b++) {
          const second = change.covariance[a * latent + b]! + change.shift[a]! * change.shift[b]!;
          inside.set(a, b, inside.get(a, b) + weight * second);
        }
      }
    }
    for (let a = 0; a < latent; a++) shift[a]! /= total;
    for (let a = 0; a < latent; a++) {
      for (let b = 0; b < latent; b++) inside.set(a, b, inside.get(a, b) / total - shift[a]! * shift[b]!);
    }
    const step = factor.mmul(Matrix.columnVector(shift));
    return {
      mean: Float64Array.from(at, (x, a) => x + step.get(a, 0)),
      covariance: factor.mmul(inside).mmul(factor.transpose()),
    };
  }

  /** The nearest sampled particles; nearer ones weigh more (Epanechnikov's kernel up to the next). */
  private nearest(features: Float32Array): { change: Change; weight: number }[] {
    const { changes } = this;
    // One more than are used, in ascending order of distance.
    const near: { change: Change; square: number }[] = [];
    for (const change of changes) {
      let square = 0;
      for (let f = 0; f < features.length; f++) square += (features[f]! - change.features[f]!) ** 2;
      if (near.length > neighbours && !(square < near[neighbours]!.square)) continue;
      const after = near.findIndex((other) => other.square > square);
      near.splice(after < 0 ? near.length : after, 0, { change, square });
      near.length = Math.min(near.length, neighbours + 1);
    }
    const reach = near.pop()!.square;
    const isAlike = !(near[0]!.square < reach);
    return near.map(({ change, square }) => ({ change, weight: isAlike ? 1 : 1 - square / reach }));
  }
}

function changeOf({ at, factor, mean, covariance }: SampledMoments): Change {
  const back = inverse(factor);
  const shift = back.mmul(Matrix.columnVector(Array.from(at, (x, a) => mean[a]! - x)));
  const inUnits = back.mmul(covariance).mmul(back.transpose());
  return {
    features: featuresOf(at, factor),
    shift: Float32Array.from(shift.to1DArray()),
    covariance: Float32Array.from(inUnits.to1DArray()),
  };
}

/** The place, in units of the population, and the logarithms of the diagonal of the factor: widths given the axes before. */
function featuresOf(at: Float32Array, factor: Matrix): Float32Array {
  return Float32Array.of(...at, ...factor.diagonal().map(Math.log));
}
