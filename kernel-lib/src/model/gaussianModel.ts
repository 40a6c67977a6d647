/** Index of the five runs in a set of Gaussians: `params[Row.sigma * count + i]` is the width of Gaussian i. */
export const Row = { x: 0, y: 1, z: 2, amplitude: 3, sigma: 4 } as const;

/**
 * A set of 3-D Gaussians, M(x) = Σ A exp(−|x − c|² / 2σ²).
 *
 * `params` holds five runs of `count` numbers each: x, y, z in box units (−0.5 ≤ c < 0.5, origin at index S/2 of the
 * box), amplitude in the units of the map, and sigma in pixels of the box of `boxSize` pixels of `apix` Å. Projection
 * engines read the same layout.
 */
export interface GaussianModel {
  /** Number of Gaussians. */
  count: number;
  /** Parameters, [5 · count]; see {@link Row}. */
  params: Float32Array;
  /** S, the box in whose pixels sigma is measured. */
  boxSize: number;
  /** Å per pixel of that box; one box unit is boxSize · apix Å. */
  apix: number;
  /**
   * Position in Å of voxel (0, 0, 0) of that box, taken from the map that the model was made from. It is only used in
   * files, so that atoms and densities of the model overlay that map in other programs. Default [0, 0, 0].
   */
  origin?: Vector3;
}

/** Three numbers along x, y and z. */
export type Vector3 = [number, number, number];

/** Differences in Å below this come from rounding. */
const lengthRounding = 1e-6;

/**
 * The origin of another box with the same centre, voxel ⌊n/2⌋; undefined for [0, 0, 0].
 * @param origin that of `from`; default [0, 0, 0]
 */
export function originInBox(
  origin: Vector3 | undefined,
  from: { boxSize: number; apix: number },
  to: { boxSize: number; apix: number },
): Vector3 | undefined {
  const centre = ({ boxSize, apix }: typeof from) => Math.floor(boxSize / 2) * apix;
  const shift = centre(from) - centre(to);
  const moved = (origin ?? [0, 0, 0]).map(
    (x) => x + (Math.abs(shift) > lengthRounding ? shift : 0),
  ) as Vector3;
  return moved.some((x) => Math.abs(x) > lengthRounding) ? moved : undefined;
}

/** `{ origin }` to spread into a model or map; empty if the origin is undefined or [0, 0, 0]. */
export function withOrigin(origin: Vector3 | undefined): { origin?: Vector3 } {
  return origin?.some((x) => x !== 0) ? { origin: [...origin] } : {};
}

/**
 * A model of `count` Gaussians with every parameter 0, to be filled in.
 * @param boxSize pixels
 * @param apix    Å per pixel
 * @example
 * ```ts
 * const model = e2.model.empty(1, 32, 3);
 * model.params[e2.model.Row.amplitude] = 1;
 * model.params[e2.model.Row.sigma] = 1.5;
 * ```
 */
export function emptyModel(count: number, boxSize: number, apix: number): GaussianModel {
  return { count, params: new Float32Array(5 * count), boxSize, apix };
}

/** A deep copy of a model. */
export function copyModel(model: GaussianModel): GaussianModel {
  return { ...model, ...withOrigin(model.origin), params: model.params.slice() };
}

/** The box length in Å, boxSize · apix: one box unit. */
export function boxLengthOf(box: { boxSize: number; apix: number }): number {
  return box.boxSize * box.apix;
}

/** A model of the Gaussians with the given indices, in that order. */
export function pickGaussians(model: GaussianModel, indices: ArrayLike<number>): GaussianModel {
  const picked = { ...model, ...emptyModel(indices.length, model.boxSize, model.apix) };
  for (let row = 0; row < 5; row++) {
    for (let i = 0; i < indices.length; i++) {
      picked.params[row * indices.length + i] = model.params[row * model.count + indices[i]!]!;
    }
  }
  return picked;
}
