/** Cells of measurements that are alike: what deconvolutions of a population are computed from. */

/** Iterations of expectation maximization, and of one that starts from the weights of about the same particles. */
const [iterations, fewIterations] = [150, 40];
const errorClasses = 8;

/** Errors of which each measurement gets the nearest: quantiles of all, ascending. */
export function classesOfErrors(deviations: Float32Array): Float32Array {
  const sorted = deviations.slice().sort();
  return Float32Array.from(
    { length: errorClasses },
    (_, k) => sorted[Math.floor(((k + 0.5) * sorted.length) / errorClasses)]!,
  );
}

/** The class of an error. */
export function classOf(deviation: number, classes: Float32Array): number {
  return classes.reduce((best, limit) =>
    Math.abs(Math.log(limit / deviation)) < Math.abs(Math.log(best / deviation)) ? limit : best,
  );
}

/** Likelihoods below this fraction of a cell's largest are left out. */
const negligible = 1e-4;

/** Least log-likelihood of a measurement that is counted: one far outside says nothing about the rest. */
const leastLog = Math.log(Number.MIN_VALUE);

/** Likelihoods of cells of measurements for the parts of a population, as far as they are not negligible. */
export class PartLikelihoods {
  /** Where the numbers of each cell begin, [cells + 1]. */
  private readonly starts: Int32Array;
  private readonly parts: Int32Array;
  /** As fractions of the largest of the cell: those of a place far outside may be too small to divide by. */
  private readonly values: Float64Array;
  /** Largest likelihood of each cell, [cells]. */
  private readonly largest: Float64Array;

  /**
   * @param counts particles in each cell, [cells]
   * @param size   parts
   * @param of     writes the likelihoods of a cell, [size], up to a factor
   */
  constructor(
    private readonly counts: Float64Array,
    private readonly size: number,
    of: (cell: number, out: Float64Array) => void,
  ) {
    const [parts, values]: [number[], number[]] = [[], []];
    const row = new Float64Array(size);
    this.starts = new Int32Array(counts.length + 1);
    this.largest = new Float64Array(counts.length);
    for (let c = 0; c < counts.length; c++) {
      of(c, row);
      const most = row.reduce((sofar, value) => Math.max(sofar, value), 0);
      this.largest[c] = most;
      for (let g = 0; g < size; g++) {
        if (!(row[g]! > negligible * most)) continue;
        parts.push(g);
        values.push(row[g]! / most);
      }
      this.starts[c + 1] = parts.length;
    }
    this.parts = Int32Array.from(parts);
    this.values = Float64Array.from(values);
  }

  /** Density of a cell for a population of weighted parts, as a fraction of its largest likelihood. */
  private density(cell: number, weights: Float64Array): number {
    const { starts, parts, values } = this;
    let sum = 0;
    for (let k = starts[cell]!; k < starts[cell + 1]!; k++) sum += weights[parts[k]!]! * values[k]!;
    return sum;
  }

  /**
   * Weights of the parts that maximize the likelihood of the measurements, by expectation maximization (Laird, J. Am. Stat. Assoc. 73,
   * 805, 1978), [size].
   * @param start  weights of about the same particles, from which fewer steps are enough
   * @param counts particles in each cell. Default: all
   */
  weights(start?: Float64Array, counts = this.counts): Float64Array {
    const { starts, parts, values, size } = this;
    let weights = start ?? new Float64Array(size).fill(1 / size);
    for (let k = 0; k < (start ? fewIterations : iterations); k++) {
      const next = new Float64Array(size);
      for (let c = 0; c < counts.length; c++) {
        const sum = this.density(c, weights);
        if (!(sum > 0)) continue;
        for (let i = starts[c]!; i < starts[c + 1]!; i++) {
          const part = parts[i]!;
          next[part]! += counts[c]! * ((weights[part]! * values[i]!) / sum);
        }
      }
      const sum = next.reduce((a, b) => a + b, 0);
      weights = next.map((w) => w / sum);
    }
    return weights;
  }

  /** Log-likelihood of the measurements for a population of weighted parts, up to a constant. */
  score(weights: Float64Array): number {
    const log = (value: number) => Math.log(Math.max(value, Number.MIN_VALUE));
    return this.counts.reduce(
      (sum, n, c) => sum + n * Math.max(log(this.density(c, weights)) + log(this.largest[c]!), leastLog),
      0,
    );
  }
}

/**
 * The bandwidth with which each half of the measurements describes the other best: the range divided by one of some numbers.
 * @param score log-likelihood of one half for the population of the other, for parts of a width that is the range / `division`
 */
export function bestDivision(divisions: readonly number[], score: (division: number) => number): number {
  const scores = divisions.map(score);
  return divisions[scores.indexOf(Math.max(...scores))]!;
}
