import { InputError } from "../errors";
import { densityClusters } from "../latent/density";
import { selectKMeans } from "../latent/kMeansSelection";
import { kMeansAsync } from "../latent/kmeans";
import { mixtureSets } from "../latent/mixtureSets";
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
  const errors = used.deviations && { deviations: used.deviations };
  if (method === "mixture") return mixtureSets(used.points, latent, { clusters, ...errors, ...task });
  if (method === "kmeans") {
    return clusters === "auto"
      ? selectKMeans(used.points, latent, task)
      : kMeansAsync(used.points, latent, clusters, task);
  }
  const { minClusterSize } = options;
  const found = await densityClusters(used.points, latent, {
    ...task,
    ...(minClusterSize !== undefined && { minClusterSize }),
    ...errors,
  });
  if (found.sizes.length === 0) {
    throw new InputError("--method density", "clusters of higher density", `none. ${found.advice}`);
  }
  return { ...found, certainty: found.strength };
}
