import type { Posterior } from "../posterior/posterior";

/** Places of the particles that a model was trained on. */
export interface Population extends Posterior {
  /** Axes of the latent space. */
  latent: number;
  /** Particles of the population: those of the training set. Rows of `mean` and `standardDeviation` are all particles. */
  members: Int32Array;
}

/** Spread of a population along each axis. */
export interface Spread {
  /** Standard deviation of the places themselves, [latent]: that of the means, widened by what they were shrunk. */
  deviation: Float64Array;
  /** Fraction of it that the images tell: variance of the means over that of the places, [latent]. */
  told: Float64Array;
}

/** The spread of a population about 0. */
export function spreadOf({ latent, members, mean, standardDeviation }: Population): Spread {
  const means = new Float64Array(latent);
  const widths = new Float64Array(latent);
  for (const particle of members) {
    for (let d = 0; d < latent; d++) {
      means[d]! += mean[particle * latent + d]! ** 2 / members.length;
      widths[d]! += standardDeviation[particle * latent + d]! ** 2 / members.length;
    }
  }
  return {
    deviation: means.map((m, d) => Math.sqrt(m + widths[d]!) || 1),
    told: means.map((m, d) => m / (m + widths[d]!) || 0),
  };
}

/** Places of the population for a search to begin at: 0 and `count` members, evenly spaced in the order of z₁, [· latent]. */
export function startingPlaces({ latent, members, mean }: Population, count: number): Float32Array[] {
  const ordered = Array.from(members).sort((a, b) => mean[a * latent]! - mean[b * latent]!);
  const places = [new Float32Array(latent)];
  for (let k = 0; k < count; k++) {
    const particle = ordered[Math.floor(((k + 0.5) * ordered.length) / count)]!;
    places.push(mean.slice(particle * latent, (particle + 1) * latent));
  }
  return places;
}
