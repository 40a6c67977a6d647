import { Matrix, pseudoInverse } from "ml-matrix";

/** Places of particles with known states. */
export interface PlacedStates {
  /** Axes. */
  latent: number;
  /** Posterior means, [particles · latent]. */
  places: ArrayLike<number>;
  /** Posterior covariances, [particles · latent · latent]. */
  covariances: ArrayLike<number>;
  /** Rows of each state. */
  states: readonly (readonly number[])[];
}

/** Particles farther than this many standard deviations from the place of their state count less (Huber). */
const far = 2;
const rounds = 20;

/**
 * Where the particles of a state are, as the particles of that state tell together without the one in question: the truth that
 * its interval should cover. It needs no map from the latent space to the true coordinates, which may be curved.
 *
 * A posterior mean is m = V·I·x, with x what the image alone tells, I its information and V = (I + P)⁻¹ for a prior of precision P
 * around 0. So the place that all of them tell is (Σ (V⁻¹ − P))⁻¹ Σ V⁻¹·m.
 * @returns errors of the places, [particles · latent]
 */
export function errorsOfPlaces(data: PlacedStates): Float64Array {
  const { latent, places, states } = data;
  const errors = new Float64Array(places.length);
  const precisions = precisionsOf(data);
  const prior = Matrix.diag(priorPrecisions(data));
  for (const rows of states) {
    const m = rows.map((i) => column(places, i, latent));
    const precision = rows.map((i) => precisions[i]!);
    const pulled = rows.map((_, k) => precision[k]!.mmul(m[k]!));
    let weights = rows.map(() => 1);
    let place = Matrix.zeros(latent, 1);
    const sums = () => {
      const [information, told] = [Matrix.zeros(latent, latent), Matrix.zeros(latent, 1)];
      rows.forEach((_, k) => {
        information.add(Matrix.sub(precision[k]!, prior).mul(weights[k]!));
        told.add(Matrix.mul(pulled[k]!, weights[k]!));
      });
      return { information, told };
    };
    for (let round = 0; round < rounds; round++) {
      const { information, told } = sums();
      place = pseudoInverse(information).mmul(told);
      weights = rows.map((_, k) => {
        const error = Matrix.sub(m[k]!, place);
        const square = error.transpose().mmul(precision[k]!).mmul(error).get(0, 0) / latent;
        return Math.min(1, far / Math.sqrt(Math.max(square, Number.EPSILON)));
      });
    }
    const { information, told } = sums();
    rows.forEach((i, k) => {
      const others = Matrix.sub(information, Matrix.sub(precision[k]!, prior).mul(weights[k]!));
      const truth = pseudoInverse(others).mmul(Matrix.sub(told, Matrix.mul(pulled[k]!, weights[k]!)));
      for (let d = 0; d < latent; d++) errors[i * latent + d] = m[k]!.get(d, 0) - truth.get(d, 0);
    });
  }
  return errors;
}

/** Squares of errors in units of the covariances, [particles]. */
export function squaredDistances(errors: Float64Array, data: PlacedStates): Float64Array {
  const { latent } = data;
  return Float64Array.from(precisionsOf(data), (precision, i) => {
    const error = column(errors, i, latent);
    return error.transpose().mmul(precision).mmul(error).get(0, 0);
  });
}

function precisionsOf({ latent, covariances }: PlacedStates): Matrix[] {
  const square = latent * latent;
  return Array.from({ length: covariances.length / square }, (_, i) =>
    pseudoInverse(
      Matrix.from1DArray(
        latent,
        latent,
        Array.from({ length: square }, (_, k) => covariances[i * square + k]!),
      ),
    ),
  );
}

/** The prior of the places is as wide as the population. */
function priorPrecisions({ latent, places, covariances }: PlacedStates): number[] {
  const n = places.length / latent;
  return Array.from({ length: latent }, (_, d) => {
    let variance = 0;
    for (let i = 0; i < n; i++) {
      variance += (places[i * latent + d]! ** 2 + covariances[(i * latent + d) * latent + d]!) / n;
    }
    return 1 / variance;
  });
}

function column(values: ArrayLike<number>, i: number, latent: number): Matrix {
  return Matrix.columnVector(Array.from({ length: latent }, (_, d) => values[i * latent + d]!));
}
