import { InputError } from "../errors";
import { typicalErrors } from "../latent/deconvolution";
import { densityClusters } from "../latent/density";
import { selectKMeans } from "../latent/kMeansSelection";
import { kMeansAsync } from "../latent/kmeans";
import { gaussianMixture, type MixtureOptions } from "../latent/mixture";
import { selectMixture } from "../latent/mixtureSelection";
import type { Session } from "./session";
import type { UsedParticles } from "./usedParticles";

/** Ways to divide particles into sets. */
export const methods = ["mixture", "kmeans", "density"] as const;
export type Method = (typeof methods)[number];

/** How to divide particles. */
export interface DivisionOptions {
  method: Method;
  /** Undefined for a method that finds the number itself. */
  clusters: number | "auto" | undefined;
  minClusterSize?: number;
  seed: number;
}

/** Particles divided into sets. */
export interface Division {
  /** Set of each particle, −1 for none, [n]. */
  labels: Int32Array;
  /** Middle of each set, [sets · latent]. */
  centres: ArrayLike<number>;
  /** Particles in each set, [sets]. */
  sizes: Int32Array;
  /** How certain the set of each particle is, from 0 to 1, [n]. */
  certainty?: ArrayLike<number>;
  /** Fraction of the population in each set, with the errors of the coordinates taken out, [sets]. */
  populations?: ArrayLike<number>;
  /** A sentence about the number of sets. */
  advice?: string;
}

/** Divides particles into sets. @throws InputError for options that do not fit the method or the particles */
export async function divideParticles(
  used: UsedParticles,
  latent: number,
  options: DivisionOptions,
  session: Session,
): Promise<Division> {
  const { clusters = "auto", seed, method } = options;
  const { signal, onProgress } = session;
  const task = { signal, onProgress, seed };
  if (method === "mixture") return divideByMixture(used, latent, { clusters, seed }, session);
  if (method === "kmeans") {
    return clusters === "auto"
      ? selectKMeans(used.points, latent, task)
      : kMeansAsync(used.points, latent, clusters, task);
  }
  const { minClusterSize } = options;
  const found = await densityClusters(used.points, latent, {
    ...task,
    ...(minClusterSize !== undefined && { minClusterSize }),
    ...(used.deviations && { deviations: used.deviations }),
  });
  if (found.sizes.length === 0) {
    throw new InputError("--method density", "clusters of higher density", `none. ${found.advice}`);
  }
  return { ...found, certainty: found.strength };
}

async function divideByMixture(
  { points, deviations }: UsedParticles,
  latent: number,
  { clusters, seed }: { clusters: number | "auto"; seed: number },
  { signal, onProgress }: Session,
): Promise<Division> {
  const errors = deviations && typicalErrors(points, deviations, latent);
  const task = { signal, onProgress, seed, ...(errors && { deviations: errors }) };
  const found = await selectMixture(points, latent, {
    ...task,
    ...(clusters !== "auto" && { groups: clusters, most: Math.max(12, clusters) }),
  });
  // Fewer Gaussians than sets describe the particles: parts of a continuum.
  if (clusters !== "auto" && found.sizes.length < clusters) {
    return divideContinuum(points, latent, { clusters, instead: found.groupOf.length }, task);
  }
  const k = found.groupOf.length;
  const certainty = Float32Array.from(found.labels, (label, i) => {
    let sum = 0;
    for (let c = 0; c < k; c++) {
      if (found.groupOf[c] === label) sum += found.mixture.responsibilities[i * k + c]!;
    }
    return sum;
  });
  return { ...found, certainty, populations: found.weights };
}

async function divideContinuum(
  points: Float32Array,
  latent: number,
  { clusters, instead }: { clusters: number; instead: number },
  task: MixtureOptions,
): Promise<Division> {
  const found = await gaussianMixture(points, latent, clusters, task);
  const certainty = Float32Array.from(
    found.labels,
    (label, i) => found.responsibilities[i * clusters + label]!,
  );
  const advice =
    `${instead} ${instead === 1 ? "Gaussian describes" : "Gaussians describe"} the particles best (BIC); the ${clusters} sets ` +
    "asked for are parts of a continuum.";
  return { ...found, centres: found.means, certainty, populations: found.weights, advice };
}
