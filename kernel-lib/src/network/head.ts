import { type GaussianModel, Row } from "../model/gaussianModel";
import { RigidBodies } from "./rigidBodies";

/** Kinds of parameters that a decoder may vary. */
export type Varied = "position" | "amplitude" | "width";

/** Largest displacement along each axis, in box units. */
export const reach = 0.3;
/**
 * Box units per raw output near zero. Adam moves every weight by about its learning rate in each step, and a raw output
 * sums a few hundred weights: without this factor the noise of a step would move Gaussians by pixels, and training
 * on few particles would not converge.
 */
const defaultGain = 0.1;

/** How a {@link GaussianHead} is restricted. */
export interface HeadOptions {
  /** 1 for each Gaussian that may vary, [N]. Default: all. */
  free?: Uint8Array | undefined;
  /** The rigid body that each Gaussian moves with, from 1; 0 for those that move on their own, [N]. Default: all do. */
  bodies?: Uint8Array | undefined;
  /** Box units per raw output of a position near zero. Default 0.1. */
  gain?: number;
}

/**
 * The meaning of the decoder's raw outputs; {@link HeadLayer} turns them into the Gaussians of each particle. Raw outputs
 * of zero give the neutral model. The centre moves by a tanh-bounded offset, amplitude and width are multiplied by a
 * sigmoid from 0 to 2 and from 0.5 to 1.5. Parameters that are not varied, and fixed Gaussians, stay at the neutral model
 * and have no raw output. Of Gaussians in a body the offsets together give the motion of the body, see {@link RigidBodies}.
 *
 * Raw outputs of one particle: for each varied row in the order x, y, z, amplitude, sigma, one number per free
 * Gaussian.
 */
export class GaussianHead {
  /** Raw outputs per particle. */
  readonly outputs: number;
  /** Raw outputs that move centres; they are the first. */
  readonly positions: number;
  /** Raw outputs before those of widths, which are the last. */
  readonly firstWidth: number;
  /** Index of each raw output in a set of 5·N parameters, ascending. */
  readonly slots: Int32Array;
  /** Default: all may vary. */
  readonly free: Uint8Array | undefined;
  /** Undefined if all Gaussians move on their own. */
  readonly bodies: RigidBodies | undefined;
  /** Box units per raw output of a position near zero. */
  readonly gain: number;

  /**
   * @param neutral the model of raw outputs of zero
   * @param vary    the kinds of parameters that vary
   * @throws RangeError if nothing is left to vary
   */
  constructor(
    readonly neutral: GaussianModel,
    readonly vary: readonly Varied[],
    { free, bodies, gain = defaultGain }: HeadOptions = {},
  ) {
    this.free = free;
    this.gain = gain;
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
    if (bodies && vary.includes("position")) {
      const members = bodies.map((body, i) => (!free || free[i] ? body : 0));
      this.bodies = new RigidBodies(neutral.params, members);
    }
    const before = (end: number) => slots.reduce((sum, slot) => sum + Number(slot < end), 0);
    this.positions = before(Row.amplitude * n);
    this.firstWidth = before(Row.sigma * n);
  }
}
