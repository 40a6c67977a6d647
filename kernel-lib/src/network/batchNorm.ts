import type { Rows } from "./denseLayer";
import type { AdamStep, Moments, NamedArray } from "./parameters";

const EPSILON = 1e-3;
const MOMENTUM = 0.95;

/** Batch normalisation (Ioffe and Szegedy, 2015) of the rows of a batch, with a learnt scale and offset. */
export class Normalisation {
  private readonly scale: Float32Array;
  private readonly offset: Float32Array;
  private readonly runningMean: Float32Array;
  private readonly runningVariance: Float32Array;
  /** Adam's moments of scale and offset. */
  readonly moments: [Moments, Moments];
  /** Of the last forward pass: one over the deviation of each column, and the normalised rows. */
  private readonly inverse: Float32Array;
  private normalised = new Float32Array(0);

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
    this.begin();
  }

  /** Scale 1 and offset 0, and running statistics of nothing seen yet. */
  begin(): void {
    this.scale.fill(1);
    this.offset.fill(0);
    this.runningMean.fill(0);
    this.runningVariance.fill(1);
  }

  startLearning(): void {
    for (const { first, second } of this.moments) {
      first.fill(0);
      second.fill(0);
    }
  }

  /** Normalises by the running statistics. */
  apply(from: Rows, to: Rows, count: number): void {
    const { width, scale, offset, runningMean, runningVariance } = this;
    for (let j = 0; j < width; j++) {
      const factor = scale[j]! / Math.sqrt(runningVariance[j]! + EPSILON);
      const shift = offset[j]! - runningMean[j]! * factor;
      for (let b = 0; b < count; b++) {
        to.values[b * to.pitch + j] = from.values[b * from.pitch + j]! * factor + shift;
      }
    }
  }

  /** Normalises a batch in place by its own mean and variance, which the running ones follow. */
  forward({ values, pitch }: Rows, count: number): void {
    const { width, scale, offset, runningMean, runningVariance, inverse } = this;
    if (this.normalised.length < count * width) this.normalised = new Float32Array(count * width);
    const { normalised } = this;
    for (let j = 0; j < width; j++) {
      let mean = 0;
      for (let b = 0; b < count; b++) mean += values[b * pitch + j]!;
      mean /= count;
      let variance = 0;
      for (let b = 0; b < count; b++) variance += (values[b * pitch + j]! - mean) ** 2;
      variance /= count;
      runningMean[j] = MOMENTUM * runningMean[j]! + (1 - MOMENTUM) * mean;
      runningVariance[j] = MOMENTUM * runningVariance[j]! + (1 - MOMENTUM) * variance;
      const by = 1 / Math.sqrt(variance + EPSILON);
      inverse[j] = by;
      for (let b = 0; b < count; b++) {
        const value = (values[b * pitch + j]! - mean) * by;
        normalised[b * width + j] = value;
        values[b * pitch + j] = value * scale[j]! + offset[j]!;
      }
    }
  }

  /** Turns the slope in the output of the last {@link forward} into that in its input, and learns scale and offset. */
  learn({ values, pitch }: Rows, count: number, step: AdamStep): void {
    const { width, scale, offset, inverse, normalised, moments } = this;
    for (let j = 0; j < width; j++) {
      let sum = 0;
      let product = 0;
      for (let b = 0; b < count; b++) {
        const d = values[b * pitch + j]!;
        sum += d;
        product += d * normalised[b * width + j]!;
      }
      const factor = scale[j]! * inverse[j]!;
      for (let b = 0; b < count; b++) {
        const at = b * pitch + j;
        values[at] = (values[at]! - sum / count - (normalised[b * width + j]! * product) / count) * factor;
      }
      scale[j]! -= adam(moments[0], j, product, step);
      offset[j]! -= adam(moments[1], j, sum, step);
    }
  }

  /** The arrays themselves, under the names of a checkpoint. */
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

/** What a step of Adam takes off a number with this gradient; its moments go on. */
function adam({ first, second }: Moments, i: number, gradient: number, step: AdamStep): number {
  const { beta1, beta2, epsilon, rate, root } = step;
  first[i] = beta1 * first[i]! + (1 - beta1) * gradient;
  second[i] = beta2 * second[i]! + (1 - beta2) * gradient * gradient;
  return (rate * first[i]!) / (Math.sqrt(second[i]!) * root + epsilon);
}
