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
