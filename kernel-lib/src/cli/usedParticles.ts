import { gatherRows } from "../training/batches";
import type { RunFolder, RunRecord } from "../training/runs/run";
import { usedParticles } from "../training/runs/usedParticles";
import type { Session } from "./session";

/** Latent coordinates of the particles that took part in a training. */
export interface UsedParticles {
  /** Indices, ascending. */
  indices: number[];
  /** [indices · latent] */
  points: Float32Array;
  /** Posterior standard deviations, [indices · latent]; undefined for the encoder's coordinates. */
  deviations: Float32Array | undefined;
  /** How much of each axis the view of each particle tells, [indices · latent]; undefined for the encoder's coordinates. */
  observability: Float32Array | undefined;
  /** Number of particles of the run. */
  total: number;
}

/** Reads the latents of all particles but the outliers that were left out of training. */
export async function readUsedParticles(
  files: RunFolder,
  record: RunRecord,
  { encoder = false }: { encoder?: boolean } = {},
): Promise<UsedParticles> {
  const { latent, ...latents } = await files.readLatents();
  const coordinates = encoder ? latents.encoder : latents.refined;
  const total = coordinates.length / latent;
  const outliers = () => files.readOutliers(record);
  const indices = Array.from(await usedParticles({ record, outliers }, total));
  return {
    indices,
    points: gatherRows(coordinates, latent, indices),
    deviations: encoder ? undefined : gatherRows(latents.standardDeviation, latent, indices),
    observability: encoder ? undefined : gatherRows(latents.observability, latent, indices),
    total,
  };
}

/** Notes how many particles take no part. */
export function noteLeftOut({ indices, total }: UsedParticles, session: Session, where: string): void {
  const leftOut = total - indices.length;
  if (leftOut > 0) session.note(`${leftOut} particles that were left out of training are in ${where}`);
}
