import type { Blobs } from "../atoms/blobs";
import { boxLengthOf, type GaussianModel, Row } from "../model/gaussianModel";

/** Where particles are in a latent space, and what its points look like; a run and its latents. */
export interface Motion {
  /** Dimensions of the latent space. */
  readonly latent: number;
  /** Places of all particles of the source, [count · latent]. */
  readonly places: Float32Array;
  /** The state at a place, [latent]; all states have the same Gaussians. */
  decode(place: ArrayLike<number>): GaussianModel;
}

/** Integral of a Gaussian but for a factor, not below 0. */
export function massOf({ count, params }: GaussianModel, i: number): number {
  return Math.max(0, params[Row.amplitude * count + i]!) * params[Row.sigma * count + i]! ** 3;
}

/** The Gaussians of a state, in Å from the middle of the box (voxel ⌊S/2⌋), with masses as amplitudes. */
export function centredBlobs(model: GaussianModel): Blobs {
  const { count, params, apix } = model;
  const boxLength = boxLengthOf(model);
  const centres = new Float64Array(3 * count);
  for (let axis = 0; axis < 3; axis++)
    for (let i = 0; i < count; i++) centres[3 * i + axis] = params[axis * count + i]! * boxLength;
  return {
    count,
    centres,
    amplitudes: Float64Array.from({ length: count }, (_, i) => massOf(model, i)),
    variances: Float64Array.from({ length: count }, (_, i) => (params[Row.sigma * count + i]! * apix) ** 2),
  };
}
