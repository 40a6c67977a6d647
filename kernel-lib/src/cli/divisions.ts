import { InputError } from "../errors";
import { densityClusters } from "../latent/density";
import { selectKMeans } from "../latent/kMeansSelection";
import { kMeansAsync } from "../latent/kmeans";
import { type MixtureSets, mixtureSets } from "../latent/mixtureSets";
import { particleSets } from "../latent/particleSets";
import { openRun } from "../training/runs/openRun";
import type { Session } from "./session";
import type { UsedParticles } from "./usedParticles";

/** Ways to divide particles into sets. */
export const methods = ["mixture", "kmeans", "density"] as const;
export type Method = (typeof methods)[number];

/** By what particles are assigned to separate groups. */
export const assignments = ["images", "places"] as const;
export type AssignedBy = (typeof assignments)[number];

/** How to divide particles. */
export interface DivisionOptions {
  /** The run of the particles. */
  folder: string;
  /** By what a mixture assigns them to separate groups. */
  by: AssignedBy;
  /** Threads for the projections. */
  threads?: number;
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
  /** Probability of each set for each particle, [n · sets]. */
  probabilities?: ArrayLike<number>;
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
  if (method === "mixture") return byMixture(used, latent, options, session);
  const { signal, onProgress } = session;
  const task = { signal, onProgress, seed };
  const errors = used.deviations && { deviations: used.deviations };
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

async function byMixture(
  { points, deviations }: UsedParticles,
  latent: number,
  { folder, by, threads, clusters = "auto", seed }: DivisionOptions,
  { signal, onProgress, note: onWarning }: Session,
): Promise<MixtureSets> {
  const options = { clusters, seed, signal, onProgress };
  if (by === "places") return mixtureSets(points, latent, { ...options, ...(deviations && { deviations }) });
  const run = await openRun(folder);
  try {
    const engine = { ...(threads !== undefined && { threads }) };
    return await particleSets(run, { ...options, engine, onWarning });
  } finally {
    run.close();
  }
}
