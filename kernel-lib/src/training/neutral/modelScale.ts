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
  const [p, n] = [one.params, one.count];
  const [q, m] = [other.params, other.count];
  const toPixels = one.boxSize ** 2;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const s = p[Row.sigma * n + i]! ** 2;
    for (let j = 0; j < m; j++) {
      const t = q[Row.sigma * m + j]! ** 2;
      const x = p[i]! - q[j]!;
      const y = p[n + i]! - q[m + j]!;
      const z = p[2 * n + i]! - q[2 * m + j]!;
      const squared = toPixels * (x * x + y * y + z * z);
      if (squared > 50 * (s + t)) continue;
      const amplitudes = p[Row.amplitude * n + i]! * q[Row.amplitude * m + j]!;
      sum += amplitudes * ((s * t) / (s + t)) ** 1.5 * Math.exp(-squared / (2 * (s + t)));
    }
  }
  return sum;
}
