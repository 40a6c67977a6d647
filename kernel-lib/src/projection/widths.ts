import type { PosedModels } from "./engine";

/**
 * Widths of the Gaussians of a batch: the range of their variances in px², and how a sample of them is distributed over
 * {@link binCount} equal bins of that range. All distributions are cumulative, [binCount + 1].
 */
export interface Widths {
  /** The smallest variance. */
  smallest: number;
  /** The largest variance; NaN if any is NaN. */
  largest: number;
  /** Gaussians in the first 0, 1, … bins. */
  count: Float64Array;
  /** Sum of their variances. */
  variance: Float64Array;
  /**
   * Sum of their squared transforms at the origin, for each set of Gaussians: the outer rings of a particle must be right
   * regardless of the others in its batch.
   */
  power: Float64Array[];
}

/** Bins of the distribution of variances. */
export const binCount = 64;
/** Approximate number of Gaussians in the sample. */
const sampleSize = 4096;
/** The least of them from each set. */
const minSampleOfSet = 128;

/** Measures the widths of the Gaussians of a batch. */
export function measureWidths({ model, gaussians: n }: Pick<PosedModels, "model" | "gaussians">): Widths {
  const sets = model.length / (5 * n);
  const { smallest, largest } = varianceRange(model, n, sets);
  const count = new Float64Array(binCount + 1);
  const variance = new Float64Array(binCount + 1);
  const perBin = largest > smallest ? binCount / (largest - smallest) : 0;
  const stride = Math.max(1, Math.floor(n / Math.max(minSampleOfSet, sampleSize / sets)));
  const power = Array.from({ length: sets }, (_, set) => {
    const own = new Float64Array(binCount + 1);
    for (let k = 0; k < n; k += stride) {
      const at = (5 * set + 3) * n + k;
      const square = model[at + n]! ** 2;
      const bin = 1 + Math.min(binCount - 1, Math.floor((square - smallest) * perBin));
      count[bin]!++;
      variance[bin]! += square;
      own[bin]! += model[at]! ** 2 * square ** 3;
    }
    accumulate(own);
    return own;
  });
  accumulate(count);
  accumulate(variance);
  return { smallest, largest, count, variance, power };
}

function varianceRange(model: Float32Array, n: number, sets: number): { smallest: number; largest: number } {
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let set = 0; set < sets; set++) {
    const sigmas = (5 * set + 4) * n;
    for (let i = sigmas; i < sigmas + n; i++) {
      const sigma = model[i]!;
      const variance = sigma * sigma;
      if (variance < smallest) smallest = variance;
      // A NaN must be detected, and stay.
      if (!(variance <= largest) && !Number.isNaN(largest)) largest = variance;
    }
  }
  return { smallest, largest };
}

/** Cumulative sum, in place. */
function accumulate(values: Float64Array): void {
  for (let i = 1; i < values.length; i++) values[i]! += values[i - 1]!;
}
