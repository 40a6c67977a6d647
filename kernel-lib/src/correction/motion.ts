import { type Blobs, blobsOf } from "../atoms/blobs";
import { type GaussianModel, Row } from "../model/gaussianModel";
import type { PointGroup } from "../optics/symmetry";

/** Where particles are in a latent space, and what its points look like; a run and its latents. */
export interface Motion {
  /** Dimensions of the latent space. */
  readonly latent: number;
  /** Places of all particles of the source, [count · latent]. */
  readonly places: Float32Array;
  /** The state at a place, [latent]; all states have the same Gaussians. */
  decode(place: ArrayLike<number>): GaussianModel;
  /** The rigid body that each Gaussian moves with, from 1, or 0, [N]. Default: all move on their own. */
  readonly bodies?: Uint8Array | undefined;
  /**
   * For particles that stand once for each operator of a point group: states differ in the first `gaussians` Gaussians, the first unit, and
   * what is made of this unit stands for all.
   */
  readonly unit?: { readonly group: PointGroup; readonly gaussians: number } | undefined;
}

/** Integral of a Gaussian but for a factor, not below 0. */
export function massOf({ count, params }: GaussianModel, i: number): number {
  return Math.max(0, params[Row.amplitude * count + i]!) * params[Row.sigma * count + i]! ** 3;
}

/** The Gaussians of a state, in Å from the middle of the box (voxel ⌊S/2⌋), with masses as amplitudes. */
export function centredBlobs(model: GaussianModel): Blobs {
  const { count, params, boxSize, apix } = model;
  const middle = -Math.floor(boxSize / 2) * apix;
  const volumes = Float64Array.from(
    params.subarray(Row.sigma * count, (Row.sigma + 1) * count),
    (s) => s ** 3,
  );
  return blobsOf({ ...model, origin: [middle, middle, middle] }, volumes);
}

/** The Gaussians that a motion is about, of those of {@link centredBlobs}: all, or those of the first unit. */
export function movingBlobs(
  blobs: Blobs,
  { unit }: { unit?: { readonly gaussians: number } | undefined },
): Blobs {
  if (!unit) return blobs;
  const { centres, amplitudes, variances } = blobs;
  const count = unit.gaussians;
  return {
    ...{ count, centres: centres.slice(0, 3 * count) },
    ...{ amplitudes: amplitudes.slice(0, count), variances: variances.slice(0, count) },
  };
}
