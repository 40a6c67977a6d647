import { type GaussianModel, Row } from "../model/gaussianModel";

/** The kinds of parameter that a decoder may vary. */
export type Varied = "position" | "amplitude" | "width";

/** Largest displacement along each axis, in box units. */
const REACH = 0.3;
/**
 * Box units per raw number near zero. Adam moves every weight by about its learning rate in each step, and a few hundred
 * weights make one raw number: without this factor a step's noise alone would move Gaussians by pixels, and training
 * on few particles would not find its way.
 */
const GAIN = 0.1;

/**
 * The last step of the decoder: from the network's raw numbers to the Gaussians of each particle. A raw zero is the
 * neutral model; the centre moves by a tanh-bounded offset, amplitude and width are multiplied by a sigmoid that
 * spans (0, 2) and (0.5, 1.5) around the neutral value. Kinds that are not varied, and Gaussians that are held, stay at
 * the neutral model and have no raw number at all.
 *
 * Raw numbers of one particle: for each varied row in the order x, y, z, amplitude, sigma, one number per free
 * Gaussian.
 */
export class GaussianHead {
  /** Raw numbers per particle. */
  readonly outputs: number;
  /** For each raw number the index in a set of 5·N parameters. */
  private readonly slot: Int32Array;

  /**
   * @param neutral the model that a raw zero stands for
   * @param vary what may change
   * @param free for each Gaussian 1 where it may change; default all
   */
  constructor(
    readonly neutral: GaussianModel,
    readonly vary: readonly Varied[],
    free?: Uint8Array,
  ) {
    const rows: number[] = [];
    if (vary.includes("position")) rows.push(Row.x, Row.y, Row.z);
    if (vary.includes("amplitude")) rows.push(Row.amplitude);
    if (vary.includes("width")) rows.push(Row.sigma);
    if (rows.length === 0) throw new RangeError("vary: expected at least one of position, amplitude, width");
    const n = neutral.count;
    if (free && free.length !== n) {
      throw new RangeError(`free Gaussians: expected ${n} flags, found ${free.length}`);
    }
    const slots: number[] = [];
    for (const row of rows) for (let i = 0; i < n; i++) if (!free || free[i]) slots.push(row * n + i);
    if (slots.length === 0) throw new RangeError("mask: expected at least one free Gaussian, found none");
    this.slot = Int32Array.from(slots);
    this.outputs = slots.length;
  }

  /**
   * Gaussians [B · 5N] from raw numbers [B · outputs].
   * @param slopes where given, [B · outputs], takes the derivative of each parameter in its raw number
   */
  decode(raw: Float32Array, count: number, slopes?: Float32Array): Float32Array {
    const n = this.neutral.count;
    const { params } = this.neutral;
    const { slot, outputs } = this;
    const models = new Float32Array(count * 5 * n);
    for (let b = 0; b < count; b++) {
      const base = b * 5 * n;
      const own = b * outputs;
      models.set(params, base);
      for (let j = 0; j < outputs; j++) {
        const s = slot[j]!;
        const value = raw[own + j]!;
        if (s < Row.amplitude * n) {
          // tanh by way of exp, which takes half the time; float64 leaves it as exact as float32 can be.
          const t = 1 - 2 / (1 + Math.exp((2 * GAIN * value) / REACH));
          models[base + s] = params[s]! + REACH * t;
          if (slopes) slopes[own + j] = GAIN * (1 - t * t);
        } else {
          const sigmoid = 1 / (1 + Math.exp(-value));
          const amplitude = s < Row.sigma * n;
          models[base + s] = params[s]! * (amplitude ? 2 * sigmoid : 0.5 + sigmoid);
          if (slopes) slopes[own + j] = params[s]! * sigmoid * (1 - sigmoid) * (amplitude ? 2 : 1);
        }
      }
    }
    return models;
  }

  /** Gradient in the raw numbers from the gradient in the Gaussians [B · 5N] and the slopes that {@link decode} gave. */
  backward(slopes: Float32Array, modelGradient: Float32Array, count: number): Float32Array {
    const { slot, outputs } = this;
    const n5 = 5 * this.neutral.count;
    const rawGradient = new Float32Array(count * outputs);
    for (let b = 0; b < count; b++) {
      for (let j = 0; j < outputs; j++) {
        const at = b * outputs + j;
        rawGradient[at] = slopes[at]! * modelGradient[b * n5 + slot[j]!]!;
      }
    }
    return rawGradient;
  }
}
