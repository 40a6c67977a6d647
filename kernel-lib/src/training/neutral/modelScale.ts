import { copyModel, type GaussianModel, Row } from "../../model/gaussianModel";

/** A model with its amplitudes multiplied by the factor that brings its density closest to that of another of the same box. */
export function scaledLike(model: GaussianModel, reference: GaussianModel): GaussianModel {
  const factor = overlap(model, reference) / overlap(model, model);
  const scaled = copyModel(model);
  const { count, params } = scaled;
  for (let i = 0; i < count; i++) params[Row.amplitude * count + i]! *= factor;
  return scaled;
}

/** ∫ M₁·M₂ over space, but for a constant factor: a Gaussian of width √(σ₁² + σ₂²) at the distance of each pair. */
export function overlap(one: GaussianModel, other: GaussianModel): number {
  let sum = 0;
  for (let i = 0; i < one.count; i++) {
    const [x, y, z, a, s] = gaussian(one, i);
    for (let j = 0; j < other.count; j++) {
      const [u, v, w, b, t] = gaussian(other, j);
      const variance = s * s + t * t;
      const squared = one.boxSize ** 2 * ((x - u) ** 2 + (y - v) ** 2 + (z - w) ** 2);
      if (squared > 50 * variance) continue;
      sum += a * b * ((s * s * t * t) / variance) ** 1.5 * Math.exp(-squared / (2 * variance));
    }
  }
  return sum;
}

function gaussian({ params, count }: GaussianModel, i: number): [number, number, number, number, number] {
  return [0, 1, 2, 3, 4].map((row) => params[row * count + i]!) as [number, number, number, number, number];
}
