import { InputError } from "../../errors";
import { finiteText } from "../../finite";
import { writeRows } from "../../writeRows";
import { observabilityOf } from "../posterior/observability";
import type { Posterior } from "../posterior/posterior";
import { readTable } from "./tableFile";

/* `latents.csv` of a run folder: the places of all particles, a row for each. */

/** Latent coordinates of all particles. */
export interface Latents {
  /** Dimensions of the latent space. */
  latent: number;
  /** From the encoder, [particles · latent]. */
  encoder: Float32Array;
  /** Refined with the decoder fixed: posterior means, [particles · latent]. Use these unless you need the encoder's. */
  refined: Float32Array;
  /** Standard deviation of the refined coordinates, [particles · latent]. */
  standardDeviation: Float32Array;
  /**
   * How much of each axis the view of each particle tells, [particles · latent]: 1 − variance of the refined coordinate / variance
   * of the population, from 0 (nothing) to 1.
   */
  observability: Float32Array;
}

/** What `latents.csv` is made from. */
export interface LatentsTable {
  /** Dimensions of the latent space. */
  latent: number;
  /** From the encoder, [particles · latent]. */
  encoder: Float32Array;
  /** Refined latents. */
  posterior: Posterior;
  /** Symmetry copies of each particle; the columns particle and copy (from 0) are added for more than one. */
  copies: number;
}

/**
 * Writes `latents.csv`, row by row.
 * @returns the numbers as they stand in the file, with six decimals
 * @throws InputError naming the file for numbers that are not finite
 */
export async function writeLatentsTable(
  file: string,
  { latent, encoder, posterior, copies }: LatentsTable,
): Promise<Omit<Latents, "observability">> {
  const names = Array.from({ length: latent }, (_, d) => `z${d + 1}_observability`);
  const header = [...latentColumns(latent), ...names, ...(copies > 1 ? ["particle", "copy"] : [])];
  const observability = observabilityOf(posterior.mean, posterior.standardDeviation, latent);
  const written = emptyLatents(encoder.length / latent, latent);
  const text = (values: Float32Array, to: Float32Array, i: number, d: number) => {
    const at = i * latent + d;
    const number = finiteText(values[at]!, 6, file, `z${d + 1} of particle ${i}`);
    to[at] = Number(number);
    return number;
  };
  await writeRows(file, header.join(","), encoder.length / latent, (i) => {
    const row = [String(i)];
    for (let d = 0; d < latent; d++) row.push(text(encoder, written.encoder, i, d));
    for (let d = 0; d < latent; d++) {
      row.push(text(posterior.mean, written.refined, i, d));
      row.push(text(posterior.standardDeviation, written.standardDeviation, i, d));
    }
    for (let d = 0; d < latent; d++) row.push(observability[i * latent + d]!.toFixed(3));
    if (copies > 1) row.push(String(Math.floor(i / copies)), String(i % copies));
    return row.join(",");
  });
  return written;
}

function emptyLatents(particles: number, latent: number): Omit<Latents, "observability"> {
  const place = () => new Float32Array(particles * latent);
  return { latent, encoder: place(), refined: place(), standardDeviation: place() };
}

function latentColumns(latent: number): string[] {
  const names = Array.from({ length: latent }, (_, d) => `z${d + 1}`);
  return ["index", ...names, ...names.flatMap((z) => [`${z}_refined`, `${z}_deviation`])];
}

/**
 * Reads `latents.csv` row by row; rows may be in any order.
 * @throws InputError unless every particle has exactly one row
 */
export async function readLatentsTable(
  file: string,
  { particles, latent }: { particles: number; latent: number },
): Promise<Latents> {
  const latents = emptyLatents(particles, latent);
  const seen = new Int32Array(particles);
  const count = await readTable(file, latentColumns(latent), (row, r, where) => {
    const i = row[0]!;
    if (!Number.isInteger(i) || i < 0 || i >= particles) {
      const expected = `an index from 0 to ${particles - 1}, the particles of the run`;
      throw new InputError(where(), expected, String(i));
    }
    if (seen[i])
      throw new InputError(where(), "an index that is not repeated", `${i}, as in line ${seen[i]}`);
    seen[i] = r + 2;
    for (let d = 0; d < latent; d++) {
      latents.encoder[i * latent + d] = row[1 + d]!;
      latents.refined[i * latent + d] = row[1 + latent + 2 * d]!;
      const deviation = row[2 + latent + 2 * d]!;
      if (deviation < 0)
        throw new InputError(where(), "a standard deviation of 0 or more", String(deviation));
      latents.standardDeviation[i * latent + d] = deviation;
    }
  });
  const missing = seen.indexOf(0);
  if (missing >= 0) {
    const found = `none for particle ${missing}, ${count} in all`;
    throw new InputError(file, `a row for each of the ${particles} particles`, found);
  }
  const { refined, standardDeviation } = latents;
  return { ...latents, observability: observabilityOf(refined, standardDeviation, latent) };
}
