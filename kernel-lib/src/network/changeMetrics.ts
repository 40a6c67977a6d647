import { Matrix } from "ml-matrix";
import { type GaussianModel, Row } from "../model/gaussianModel";

/** Places of the population at which changes are measured. */
const samples = 200;
/** Half the step of the differences, in standard deviations. */
const step = 0.25;

/** Mean squared changes per unit step, as quadratic forms [latent · latent]; their sum is that of `modelChange`². */
export interface ChangeMetrics {
  /** Of the centres, against the width of the Gaussians. */
  position: Matrix;
  /** Of amplitudes and widths, as fractions. */
  density: Matrix;
}

/** What changes are measured in: a decoder [n · latent] → [n · 5N], and the model that they are relative to. */
export interface ChangingModel {
  latent: number;
  decode(z: Float32Array, count: number): Float32Array;
  neutral: GaussianModel;
}

/** Measures the mean changes over places of a population, z [n · latent]. */
export function changeMetrics(model: ChangingModel, z: Float32Array): ChangeMetrics {
  const { latent } = model;
  const count = z.length / latent;
  const used = Math.min(samples, count);
  const position = Matrix.zeros(latent, latent);
  const density = Matrix.zeros(latent, latent);
  for (let s = 0; s < used; s++) {
    const at = Math.floor((s * count) / used) * latent;
    const derivatives = derivativesAt(model, z.subarray(at, at + latent));
    position.add(derivatives.position.mmul(derivatives.position.transpose()));
    density.add(derivatives.density.mmul(derivatives.density.transpose()));
  }
  return { position: position.div(used), density: density.div(used) };
}

/** Derivatives of the parameters along each axis, in units of the metric: a row for each axis. */
function derivativesAt({ latent, decode, neutral }: ChangingModel, place: Float32Array): ChangeMetrics {
  const { count: n, params, boxSize } = neutral;
  const points = new Float32Array(2 * latent * latent);
  for (let d = 0; d < latent; d++) {
    for (const side of [0, 1]) {
      points.set(place, (2 * d + side) * latent);
      points[(2 * d + side) * latent + d]! += side === 0 ? -step : step;
    }
  }
  const models = decode(points, 2 * latent);
  const { shares, width } = sharesOf(neutral);
  const position = new Matrix(latent, 3 * n);
  const density = new Matrix(latent, 2 * n);
  for (let d = 0; d < latent; d++) {
    const change = (row: number, i: number) =>
      (models[(2 * d + 1) * 5 * n + row * n + i]! - models[2 * d * 5 * n + row * n + i]!) / (2 * step);
    for (let i = 0; i < n; i++) {
      const share = Math.sqrt(shares[i]!);
      for (let axis = 0; axis < 3; axis++) {
        position.set(d, axis * n + i, (share * change(axis, i) * boxSize) / (Math.SQRT2 * width));
      }
      const amplitude = params[Row.amplitude * n + i]!;
      if (amplitude !== 0) density.set(d, i, (share * change(Row.amplitude, i)) / amplitude);
      const sigma = params[Row.sigma * n + i]!;
      density.set(d, n + i, (share * Math.sqrt(3.75) * change(Row.sigma, i)) / sigma);
    }
  }
  return { position, density };
}

/** Each Gaussian's share of the mass, and the root mean square width in pixels. */
function sharesOf({ count: n, params }: GaussianModel): { shares: Float64Array; width: number } {
  const shares = new Float64Array(n);
  let mass = 0;
  let square = 0;
  for (let i = 0; i < n; i++) {
    const sigma = params[Row.sigma * n + i]!;
    shares[i] = Math.abs(params[Row.amplitude * n + i]!) * sigma ** 3;
    mass += shares[i]!;
    square += shares[i]! * sigma ** 2;
  }
  return { shares: shares.map((w) => w / mass), width: Math.sqrt(square / mass) };
}
