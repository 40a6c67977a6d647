import type { Volume } from "../maps/volume";
import { modelDensity } from "../model/density";
import { emptyModel, type GaussianModel, Row } from "../model/gaussianModel";

/** Above this number of states, Gaussians that states have in common are summed once. */
const fewStates = 50;

/** The mean density of states, weighted by their numbers of particles. */
export function meanDensity(models: readonly GaussianModel[], counts: readonly number[]): Volume {
  if (models.length > fewStates) return modelDensity(meanModel(models, counts));
  const mean = modelDensity(models[0]!);
  const particles = counts.reduce((sum, n) => sum + n, 0);
  // Relative to equal numbers, so that those are summed without rounding of weights.
  const weights = counts.map((n) => (n * models.length) / particles);
  for (let i = 0; i < mean.data.length; i++) mean.data[i]! *= weights[0]!;
  for (let s = 1; s < models.length; s++) {
    const { data } = modelDensity(models[s]!);
    for (let i = 0; i < data.length; i++) mean.data[i]! += weights[s]! * data[i]!;
  }
  for (let i = 0; i < mean.data.length; i++) mean.data[i]! /= models.length;
  return mean;
}

/** One model with the mean density of all: equal Gaussians become one, amplitudes are weighted. */
function meanModel(models: readonly GaussianModel[], counts: readonly number[]): GaussianModel {
  const { boxSize, apix } = models[0]!;
  const particles = counts.reduce((sum, n) => sum + n, 0);
  const found = new Map<string, { values: number[]; weight: number }>();
  models.forEach(({ count, params }, s) => {
    for (let i = 0; i < count; i++) {
      const values = [0, 1, 2, 3, 4].map((row) => params[row * count + i]!);
      const key = values.join();
      const known = found.get(key);
      if (known) known.weight += counts[s]! / particles;
      else found.set(key, { values, weight: counts[s]! / particles });
    }
  });
  const mean = emptyModel(found.size, boxSize, apix);
  [...found.values()].forEach(({ values, weight }, i) => {
    values.forEach((value, row) => {
      mean.params[row * mean.count + i] = row === Row.amplitude ? weight * value : value;
    });
  });
  return mean;
}
