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
}

/** A model of `count` Gaussians with every parameter 0, to be filled in. */
export function emptyModel(count: number, boxSize: number, apix: number): GaussianModel {
  return { count, params: new Float32Array(5 * count), boxSize, apix };
}

/** A copy that shares nothing with the model. */
export function copyModel(model: GaussianModel): GaussianModel {
  return { ...model, params: model.params.slice() };
}

/** The edge of the model's box in Å: what one box unit measures. */
export function physicalSize(model: { boxSize: number; apix: number }): number {
  return model.boxSize * model.apix;
}

/** The Gaussians at the given places of the list, in that order, as a model of their own. */
export function pickGaussians(model: GaussianModel, indices: ArrayLike<number>): GaussianModel {
  const picked = emptyModel(indices.length, model.boxSize, model.apix);
  for (let row = 0; row < 5; row++) {
    for (let i = 0; i < indices.length; i++) {
      picked.params[row * indices.length + i] = model.params[row * model.count + indices[i]!]!;
    }
  }
  return picked;
}
