import type { TaskOptions } from "../../progress";
import type { EvidenceGain } from "../evidence/evidence";
import { gainOf } from "../evidence/gain";
import type { HalfPoints, HalfTest } from "../evidence/halfTest";
import type { PlaceDecoder } from "../posterior/decoders";
import type { PosePrior } from "../posterior/placePosterior";

/** What is inferred, and from where. */
export interface GainQuestion {
  /** The particles of the test. */
  particles: Int32Array;
  /** Length of a box unit in Å. */
  boxLength: number;
  decoder: PlaceDecoder;
  /** Where the search begins for each particle of the test, [particles · latent]. */
  places: Float32Array;
  /** Standard deviation of the prior of each axis of z, [latent]. */
  deviations: ArrayLike<number>;
  prior: PosePrior;
}

/** Answer of {@link heldOutGain}. */
export interface GainAnswer {
  /** Gain by the new poses, on samples that they were not inferred from. */
  gain: EvidenceGain;
  /** Standard deviation in Å, along each axis, of that part of the shift that both halves share. */
  sharedShift: number;
}

/**
 * Infers place and pose of each particle from one half of its Fourier samples, and scores the other half with that pose and
 * with the pose of the file, both at the same place; and with the halves exchanged.
 */
export async function heldOutGain(
  test: HalfTest,
  { particles, boxLength, decoder, places, deviations, prior }: GainQuestion,
  options: TaskOptions,
): Promise<GainAnswer> {
  const { latent } = decoder;
  const shift = latent + (prior.rotation > 0 ? 3 : 0);
  const width = shift + (prior.shift > 0 ? 2 : 0);
  const count = particles.length;
  const start = new Float32Array(count * width);
  for (let i = 0; i < count; i++) start.set(places.subarray(i * latent, (i + 1) * latent), i * width);
  const points = { points: [start, start.slice()] };
  const refined = await test.infer({ decoder, deviations, prior, start: points }, options);
  const asIs: HalfPoints = {
    inference: { decoder, deviations },
    halves: refined.halves.map(({ mean }) => ({
      mean: placesOf(mean, latent, width),
      standardDeviation: new Float32Array(count * latent),
    })),
  };
  const [after, before] = [await test.score(refined, options), await test.score(asIs, options)];
  const numbers = after.length / count;
  const gains = new Float64Array(count);
  for (let i = 0; i < after.length; i++) gains[Math.floor(i / numbers)]! += after[i]! - before[i]!;
  const [even, odd] = [refined.halves[0]!, refined.halves[1]!];
  let product = 0;
  for (let i = 0; i < count; i++) {
    for (let d = shift; d < width; d++) product += even.mean[i * width + d]! * odd.mean[i * width + d]!;
  }
  const variance = Math.max(0, product / (2 * count));
  return { gain: gainOf(gains), sharedShift: Math.sqrt(variance) * boxLength };
}

function placesOf(points: Float32Array, latent: number, width: number): Float32Array {
  const places = new Float32Array((points.length / width) * latent);
  for (let i = 0; i * width < points.length; i++) {
    places.set(points.subarray(i * width, i * width + latent), i * latent);
  }
  return places;
}
