import type { GaussianModel } from "../model/gaussianModel";
import { Random } from "../random";

/** Normally distributed numbers. */
export function someNumbers(count: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.normal());
}

/** A model of random Gaussians. */
export function someModel(count: number): GaussianModel {
  const random = new Random(9);
  const params = new Float32Array(5 * count);
  for (let i = 0; i < count; i++) {
    for (let row = 0; row < 3; row++) params[row * count + i] = 0.6 * (random.uniform() - 0.5);
    params[3 * count + i] = 0.5 + random.uniform();
    params[4 * count + i] = 1 + random.uniform();
  }
  return { count, params, boxSize: 32, apix: 2 };
}
