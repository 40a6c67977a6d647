/** Index of the five runs in a set of Gaussians: `params[Row.sigma * count + i]` is the width of Gaussian i. */
export const Row = { x: 0, y: 1, z: 2, amplitude: 3, sigma: 4 } as const;

/**
 * A set of 3-D Gaussians, M(x) = Σ A exp(−|x − c|² / 2σ²).
 *
 * `params` holds five runs of `count` numbers each: x, y, z in box units (−0.5 ≤ c < 0.5, origin at index S/2 of the
 * box), amplitude in the units of the map, and sigma in pixels of the box of `boxSize` pixels of `apix` Å. This is the
 * layout that projection engines read.
 */
export interface GaussianModel {
  count: number;
  params: Float32Array;
  /** S, the box in whose pixels sigma is measured. */
  boxSize: number;
  /** Å per pixel of that box; one box unit is boxSize · apix Å. */
  apix: number;
  /**
   * Where voxel (0, 0, 0) of that box lies in Å, as the map says that the model was made from; [0, 0, 0] where it is missing.
   * Only files know of it: with it atoms and densities of the model lie on that map in other programs.
   */
  origin?: Vector3;
}

/** Three numbers along x, y and z. */
export type Vector3 = [number, number, number];

/** Å that a map's header does not hold, or that rounding leaves. */
const NO_LENGTH = 1e-6;

/**
 * The origin of another box about the same middle, voxel ⌊n/2⌋; undefined for one at 0, 0, 0.
 * @param origin that of `from`; 0, 0, 0 where it is missing
 */
export function originInBox(
  origin: Vector3 | undefined,
  from: { boxSize: number; apix: number },
  to: { boxSize: number; apix: number },
): Vector3 | undefined {
  const middle = ({ boxSize, apix }: typeof from) => Math.floor(boxSize / 2) * apix;
  const shift = middle(from) - middle(to);
  const moved = (origin ?? [0, 0, 0]).map((x) => x + (Math.abs(shift) > NO_LENGTH ? shift : 0)) as Vector3;
  return moved.some((x) => Math.abs(x) > NO_LENGTH) ? moved : undefined;
}

/** `{ origin }` to be spread into a model or map, or nothing where there is none. */
export function withOrigin(origin: Vector3 | undefined): { origin?: Vector3 } {
  return origin?.some((x) => x !== 0) ? { origin: [...origin] } : {};
}

/** A model of `count` Gaussians with every parameter 0, to be filled in. */
export function emptyModel(count: number, boxSize: number, apix: number): GaussianModel {
  return { count, params: new Float32Array(5 * count), boxSize, apix };
}

/** A copy that shares nothing with the model. */
export function copyModel(model: GaussianModel): GaussianModel {
  return { ...model, ...withOrigin(model.origin), params: model.params.slice() };
}

/** The edge of the model's box in Å: what one box unit measures. */
export function physicalSize(model: { boxSize: number; apix: number }): number {
  return model.boxSize * model.apix;
}

/** The Gaussians at the given places of the list, in that order, as a model of their own. */
export function pickGaussians(model: GaussianModel, indices: ArrayLike<number>): GaussianModel {
  const picked = { ...model, ...emptyModel(indices.length, model.boxSize, model.apix) };
  for (let row = 0; row < 5; row++) {
    for (let i = 0; i < indices.length; i++) {
      picked.params[row * indices.length + i] = model.params[row * model.count + indices[i]!]!;
    }
  }
  return picked;
}
