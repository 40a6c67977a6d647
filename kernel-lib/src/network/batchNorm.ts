import type { AdamStep, Moments, NamedArray } from "./parameters";
import type { Rows } from "./rows";

/** Added to the variance. */
const normEpsilon = 1e-3;
/** Decay of the running statistics per batch. */
const momentum = 0.95;

/** Batch normalization (Ioffe and Szegedy, 2015) with a learned scale and offset per column. */
export class BatchNorm {
  private readonly scale: Float32Array;
  private readonly offset: Float32Array;
  private readonly runningMean: Float32Array;
  private readonly runningVariance: Float32Array;
  /** Adam's moments of scale and offset. */
  readonly moments: [Moments, Moments];
  /** 1/(standard deviation) of each column in the last forward pass. */
  private readonly inverse: Float32Array;
  /** Normalized rows of the last forward pass. */
  private normalized = new Float32Array(0);

  constructor(private readonly width: number) {
    const zeros = () => new Float32Array(width);
    this.scale = zeros();
    this.offset = zeros();
    this.runningMean = zeros();
    this.runningVariance = zeros();
    this.inverse = zeros();
    this.moments = [
      { first: zeros(), second: zeros() },
      { first: zeros(), second: zeros() },
    ];
    this.initialize();
  }

  /** Resets scale to 1, offset to 0, and the running statistics to mean 0 and variance 1. */
  initialize(): void {
    this.scale.fill(1);
    this.offset.fill(0);
    this.runningMean.fill(0);
    this.runningVariance.fill(1);
  }

  /** Sets Adam's moments to 0. */
  resetMoments(): void {
    for (const { first, second } of this.moments) {
      first.fill(0);
      second.fill(0);
    }
  }

  /** Normalizes by the running statistics. */
  predict(from: Rows, to: Rows, count: number): void {
    const { width, scale, offset, runningMean, runningVariance } = this;
    for (let j = 0; j < width; j++) {
      const factor = scale[j]! / Math.sqrt(runningVariance[j]! + normEpsilon);
      const shift = offset[j]! - runningMean[j]! * factor;
      for (let b = 0; b < count; b++) {
        to.values[b * to.pitch + j] = from.values[b * from.pitch + j]! * factor + shift;
      }
    }
  }

  /** Normalizes a batch in place by its own mean and variance, and updates the running statistics. */
  forward({ values, pitch }: Rows, count: number): void {
    const { width, scale, offset, runningMean, runningVariance, inverse } = this;
    if (this.normalized.length < count * width) this.normalized = new Float32Array(count * width);
    const { normalized } = this;
    for (let j = 0; j < width; j++) {
      let mean = 0;
      for (let b = 0; b < count; b++) mean += values[b * pitch + j]!;
      mean /= count;
      let variance = 0;
      for (let b = 0; b < count; b++) variance += (values[b * pitch + j]! - mean) ** 2;
      variance /= count;
      runningMean[j] = momentum * runningMean[j]! + (1 - momentum) * mean;
      runningVariance[j] = momentum * runningVariance[j]! + (1 - momentum) * variance;
      const by = 1 / Math.sqrt(variance + normEpsilon);
      inverse[j] = by;
      for (let b = 0; b < count; b++) {
        const value = (values[b * pitch + j]! - mean) * by;
        normalized[b * width + j] = value;
        values[b * pitch + j] = value * scale[j]! + offset[j]!;
      }
    }
  }

  /** Turns the gradient in the output of the last {@link forward} into that in its input, and updates scale and offset. */
  backward({ values, pitch }: Rows, count: number, step: AdamStep): void {
    const { width, scale, offset, inverse, normalized, moments } = this;
    for (let j = 0; j < width; j++) {
      let sum = 0;
      let product = 0;
      for (let b = 0; b < count; b++) {
        const d = values[b * pitch + j]!;
        sum += d;
        product += d * normalized[b * width + j]!;
      }
      const factor = scale[j]! * inverse[j]!;
      for (let b = 0; b < count; b++) {
        const at = b * pitch + j;
        values[at] = (values[at]! - sum / count - (normalized[b * width + j]! * product) / count) * factor;
      }
      scale[j]! -= adamUpdate(moments[0], j, product, step);
      offset[j]! -= adamUpdate(moments[1], j, sum, step);
    }
  }

  /** The arrays themselves, not copies, under their names in a checkpoint. */
  save(): NamedArray[] {
    const { width, scale, offset, runningMean, runningVariance } = this;
    return Object.entries({
      normScale: scale,
      normOffset: offset,
      runningMean,
      runningVariance,
    }).map(([name, data]) => ({ name, shape: [width], data }));
  }
}

/** Updates the moments; returns what the step subtracts from the parameter. */
function adamUpdate({ first, second }: Moments, i: number, gradient: number, step: AdamStep): number {
  const { beta1, beta2, epsilon, rate, root } = step;
  first[i] = beta1 * first[i]! + (1 - beta1) * gradient;
  second[i] = beta2 * second[i]! + (1 - beta2) * gradient * gradient;
  return (rate * first[i]!) / (Math.sqrt(second[i]!) * root + epsilon);
}
