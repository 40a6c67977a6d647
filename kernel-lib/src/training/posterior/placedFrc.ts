import { throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import { gatherRows, ParticleBatches } from "../batches";
import { deviceOf } from "../device/deviceOf";
import { evenly } from "../evidence/sample";
import { ImageGroups } from "../imageGroups";
import { particlesPerPass } from "../memory";
import type { ProjectionContext } from "../projectionContext";
import type { RingWeights } from "../weights";
import { loadRows } from "./batchCache";
import { fixedModel, type PlaceDecoder } from "./decoders";
import { PlaceSearch } from "./placePosterior";

/** Particles that are compared with the models at their places, and what is known of all. */
export interface PlacedParticles {
  context: ProjectionContext;
  /** Of whole particles. */
  decoder: PlaceDecoder;
  /** Ring weights from the neutral model. */
  weights: RingWeights;
  /** Mean FRC of the neutral model over all particles that are used, [rings + 1]. */
  meanFrc: Float64Array;
  /** Places of all particles to begin at, [particles · latent]. */
  places: Float32Array;
  /** Particles that were not trained on. */
  heldOut: Int32Array;
  /** All particles that are used, of which some are taken if too few were held out. */
  used: Int32Array;
}

/** Particles that are compared; below the fewest, those of the training set are taken too, which the model may describe too well. */
const [fewest, most] = [50, 500];

/**
 * Mean FRC, in each ring, of particles with the models at their own places, [rings + 1]: what ring weights of the posterior of
 * places follow from. With the FRC of the neutral model the signal of particles that differ from it would count as noise, and
 * posteriors would be too wide, most of all in views that see the motion. It is the mean of the neutral model over all particles,
 * plus what the particles held out gain at their places, found with the weights of the neutral model.
 */
export async function placedFrc(
  { context, decoder, weights, meanFrc, places, heldOut, used }: PlacedParticles,
  options: TaskOptions,
): Promise<Float64Array> {
  const particles = evenly(heldOut.length >= fewest ? heldOut : used, most);
  const search = new PlaceSearch({ ...context, decoder, weights });
  const start = gatherRows(places, decoder.latent, particles);
  const { mean } = await search.find(particles, start, options.signal ? { signal: options.signal } : {});
  // Of tilt series all images count, as in the mean of the neutral model: those of low exposure gain more than others.
  const tilts = ImageGroups.of(context.targets)?.imagesOf(particles);
  const images = tilts?.images ?? particles;
  const at = tilts ? gatherRows(mean, decoder.latent, tilts.rowOf) : mean;
  const own = await meanFrcAt(context, images, decoder, at, options);
  const neutral = await meanFrcAt(
    context,
    images,
    fixedModel(context.neutral.params),
    new Float32Array(0),
    options,
  );
  return meanFrc.map((frc, r) => Math.min(Math.max(frc + own[r]! - neutral[r]!, -1), 1));
}

/** Mean FRC of images with the models decoded at their places [particles · latent], in each ring. */
async function meanFrcAt(
  context: ProjectionContext,
  particles: Int32Array,
  decoder: PlaceDecoder,
  places: Float32Array,
  { signal }: TaskOptions,
): Promise<Float64Array> {
  const { neutral, targets, engine } = context;
  const { rings } = targets;
  const batches = new ParticleBatches(targets);
  const size = { boxSize: neutral.boxSize, rings };
  const ringWeights = new Float32Array(rings + 1).fill(1 / rings);
  const mean = new Float64Array(rings + 1);
  const step = particlesPerPass(neutral.count);
  for (let from = 0; from < particles.length; from += step) {
    throwIfStopped(signal);
    const part = particles.subarray(from, from + step);
    const z = places.slice(from * decoder.latent, (from + part.length) * decoder.latent);
    const loaded = await loadRows(batches, part, neutral.count);
    const batch = { context, decoder, particles: loaded, places: z };
    const { frc } = await deviceOf(engine).evaluate(batch, { ...size, ringWeights });
    frc.forEach((value, i) => {
      mean[i % (rings + 1)]! += value / particles.length;
    });
  }
  return mean;
}
