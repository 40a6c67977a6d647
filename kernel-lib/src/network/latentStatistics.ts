import type { NamedArray } from "./parameters";

/** Decay of the running statistics per batch. */
const momentum = 0.95;

/**
 * Mean and standard deviation of each axis of the encoder's raw output, which bring it to zero mean and unit variance. The
 * arrays of raw output are [rows · latent].
 */
export class LatentStatistics {
  private mean: Float32Array;
  private deviation: Float32Array;

  /** Starts with mean 0 and standard deviation 1. */
  constructor(private readonly latent: number) {
    this.mean = new Float32Array(latent);
    this.deviation = new Float32Array(latent).fill(1);
  }

  /** The standard deviation of the axis of element i of a raw output. */
  deviationAt(i: number): number {
    return this.deviation[i % this.latent]!;
  }

  /** A copy of the standard deviations, [latent]. */
  deviations(): Float32Array {
    return this.deviation.slice();
  }

  /** The standardized value of element i of a raw output. */
  standardize(raw: number, i: number): number {
    const axis = i % this.latent;
    return (raw - this.mean[axis]!) / this.deviation[axis]!;
  }

  /** Means and standard deviations of the first axes, copies. */
  first(axes: number): { mean: Float32Array; deviation: Float32Array } {
    return { mean: this.mean.slice(0, axes), deviation: this.deviation.slice(0, axes) };
  }

  /** Sets the statistics to those of the raw output for all particles. */
  calibrate(raw: Float32Array, count: number): void {
    for (let d = 0; d < this.latent; d++) {
      const { mean, squares } = this.moments(raw, count, d);
      this.mean[d] = mean;
      this.deviation[d] = Math.sqrt(squares / count) || 1;
    }
  }

  /** Moves the statistics towards those of a batch. */
  update(raw: Float32Array, count: number): void {
    for (let d = 0; d < this.latent; d++) {
      const { mean, squares } = this.moments(raw, count, d);
      this.mean[d] = momentum * this.mean[d]! + (1 - momentum) * mean;
      const variance = momentum * this.deviation[d]! ** 2 + ((1 - momentum) * squares) / count;
      this.deviation[d] = Math.sqrt(variance) || 1;
    }
  }

  /** Mean of an axis, and sum of squared deviations from it. */
  private moments(raw: Float32Array, count: number, axis: number): { mean: number; squares: number } {
    const { latent } = this;
    let sum = 0;
    let squares = 0;
    for (let i = axis; i < raw.length; i += latent) sum += raw[i]!;
    const mean = sum / count;
    for (let i = axis; i < raw.length; i += latent) squares += (raw[i]! - mean) ** 2;
    return { mean, squares };
  }

  /** Copies of the arrays, under their names in a checkpoint. */
  save(): NamedArray[] {
    return Object.entries({ mean: this.mean, deviation: this.deviation }).map(([name, data]) => ({
      name,
      shape: [this.latent],
      data: data.slice(),
    }));
  }

  /** Takes the statistics of the first axes from what {@link save} of a space with fewer axes returned. */
  loadFirst(arrays: readonly NamedArray[]): void {
    const first = arrays.find(({ name }) => name === "mean")?.data.length ?? 0;
    const others = new LatentStatistics(first);
    others.load(arrays);
    this.mean.set(others.mean);
    this.deviation.set(others.deviation);
  }

  /** Restores what {@link save} returned. @throws RangeError if an array is missing or invalid */
  load(arrays: readonly NamedArray[]): void {
    for (const name of ["mean", "deviation"] as const) {
      const array = arrays.find((a) => a.name === name);
      if (array?.data.length !== this.latent) {
        throw new RangeError(
          `weights latent.${name}: expected ${this.latent} numbers, found ${array?.data.length ?? "nothing"}`,
        );
      }
      this[name] = array.data.slice();
    }
    const least = Math.min(...this.deviation);
    if (!(least > 0)) {
      throw new RangeError(`weights latent.deviation: expected numbers above 0, found ${least}`);
    }
  }
}
