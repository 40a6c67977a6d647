import { type GaussianModel, Row } from "../model/gaussianModel";

/** The kinds of parameter that a decoder may vary. */
export type Varied = "position" | "amplitude" | "width";

/** Largest displacement along each axis, in box units. */
export const REACH = 0.3;
/**
 * Box units per raw number near zero. Adam moves every weight by about its learning rate in each step, and a few hundred
 * weights make one raw number: without this factor a step's noise alone would move Gaussians by pixels, and training
 * on few particles would not find its way.
 */
export const GAIN = 0.1;

/**
 * What the decoder's raw numbers mean; {@link HeadLayer} turns them into the Gaussians of each particle. A raw zero is the
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
  /** For each raw number the index in a set of 5·N parameters, ascending. */
  readonly slots: Int32Array;

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
    this.slots = Int32Array.from(slots);
    this.outputs = slots.length;
  }
}
