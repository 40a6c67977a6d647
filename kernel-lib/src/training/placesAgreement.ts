import { throwIfStopped } from "../errors";
import type { TaskOptions } from "../progress";
import { gatherRows, type ParticleBatches } from "./batches";
import { deviceOf } from "./device/deviceOf";
import { particlesPerPass } from "./memory";
import { loadRows } from "./posterior/batchCache";
import type { PlaceDecoder } from "./posterior/decoders";
import type { ProjectionContext } from "./projectionContext";
import type { RingWeights } from "./weights";

/** Particles and the places at which they are decoded. */
export interface DecodedPlaces {
  context: ProjectionContext;
  batches: ParticleBatches;
  weights: RingWeights;
  /** Of whole particles. */
  decoder: PlaceDecoder;
  /** Particles over which means are taken. */
  indices: Int32Array;
  /** Latents of all particles, [rows · latent]. */
  z: Float32Array;
}

/** Agreement of particles with the models at their places. */
export interface PlacesAgreement {
  /** Mean FRC over all rings. */
  frc: number;
  /** Mean of the weighted scores. */
  score: number;
  /** Weighted score of each particle: a mean FRC, weighted by information. */
  scores: Float64Array;
}

/** Mean FRC over all rings, and weighted score, of some particles with the models at their places. */
export async function placesAgreement(
  { context, batches, weights, decoder, indices, z }: DecodedPlaces,
  options: TaskOptions = {},
): Promise<PlacesAgreement> {
  const { neutral, targets, engine } = context;
  const device = deviceOf(engine);
  const { count, boxSize } = neutral;
  const { rings } = targets;
  let frcSum = 0;
  const scores = new Float64Array(indices.length);
  const step = particlesPerPass(count);
  for (let from = 0; from < indices.length; from += step) {
    throwIfStopped(options.signal);
    const part = indices.subarray(from, from + step);
    const places = gatherRows(z, decoder.latent, part);
    const request = { boxSize, rings, ringWeights: weights.of(part) };
    const particles = await loadRows(batches, part, count);
    const { frc, score } = await device.evaluate({ context, decoder, particles, places }, request);
    for (const value of frc) frcSum += value;
    scores.set(score, from);
  }
  const total = weights.meanTotal();
  let scoreSum = 0;
  for (const value of scores) scoreSum += value;
  return {
    frc: frcSum / (indices.length * rings),
    score: scoreSum / indices.length / total,
    scores: scores.map((value) => value / total),
  };
}
