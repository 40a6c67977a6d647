/** Statistics of the values of a map. */
export interface Statistics {
  min: number;
  max: number;
  mean: number;
  /** Root mean square deviation from the mean. */
  rms: number;
  /** Values that are NaN or infinite; they are shown as 0 and left out of the rest. */
  notFinite: number;
}

/** Collects statistics of values that arrive in parts. */
export class RunningStatistics {
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private sum = 0;
  private squares = 0;
  private count = 0;
  private notFinite = 0;

  /** Adds values `from` up to `to`, exclusive, and sets those that are not finite to 0. */
  add(values: Float32Array, from: number, to: number): void {
    let { min, max } = this;
    let sum = 0;
    let squares = 0;
    let notFinite = 0;
    for (let i = from; i < to; i++) {
      const v = values[i]!;
      if (v - v !== 0) {
        values[i] = 0;
        notFinite++;
        continue;
      }
      if (v < min) min = v;
      if (v > max) max = v;
      sum += v;
      squares += v * v;
    }
    this.min = min;
    this.max = max;
    this.sum += sum;
    this.squares += squares;
    this.count += to - from - notFinite;
    this.notFinite += notFinite;
  }

  /** Statistics of what was added; zeros if no value was finite. */
  result(): Statistics {
    const n = Math.max(1, this.count);
    const mean = this.sum / n;
    const rms = Math.sqrt(Math.max(0, this.squares / n - mean * mean));
    const none = this.count === 0;
    return { min: none ? 0 : this.min, max: none ? 0 : this.max, mean, rms, notFinite: this.notFinite };
  }
}

/** Statistics of an array, which stays as it is. */
export function statisticsOf(values: Float32Array): Statistics {
  const statistics = new RunningStatistics();
  statistics.add(values.slice(), 0, values.length);
  return statistics.result();
}

/**
 * The level at which a map is first shown, in standard deviations above the mean.
 * @param wanted used if some voxel is above it, else half of the highest
 */
export function initialLevel({ mean, rms, max }: Statistics, wanted: number): number {
  const highest = rms > 0 ? (max - mean) / rms : 0;
  return wanted < highest ? wanted : highest / 2;
}
