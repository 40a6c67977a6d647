import { type Images, splitByImage } from "../particles/halves";
import { Random } from "../random";
import { ImageGroups } from "./imageGroups";
import type { TrainingOptions } from "./options";
import { tooFewParticles } from "./preparation";

/** Most particles held out for validation. */
const maxHeldOut = 2000;

/** The particles of a training. */
export interface ParticleSplit {
  /** Particles to train on, ascending. */
  trainingSet: Int32Array;
  /** Particles held out for validation, ascending. */
  validationSet: Int32Array;
}

/**
 * Divides the particles that are used, ascending, into training and validation set. The result follows from the seed, so that
 * a run can be opened again with the same particles held out.
 * @throws InputError if no two images are left to train on
 */
export function splitHeldOut(
  particles: Int32Array,
  { count, images, particleOf }: { count: number; images?: Images; particleOf?: Int32Array | undefined },
  { seed, heldOut }: Pick<TrainingOptions, "seed" | "heldOut">,
): ParticleSplit {
  const used = new Set(particles);
  const order = new Random(seed)
    .fork(1)
    .permutation(count)
    .filter((i) => used.has(i));
  // Of tilt series these are images.
  const most = Math.round(maxHeldOut * (ImageGroups.of({ particleOf })?.imagesPerParticle ?? 1));
  const requested = Math.round(particles.length * heldOut);
  const wanted = Math.max(1, Math.min(requested, most, particles.length - 2));
  // All particles of one image go into the same set.
  const { first, rest } = splitByImage(order, wanted, images);
  if (rest.length < 2) throw tooFewParticles("particles that show different images", 1 + rest.length);
  return { validationSet: first, trainingSet: rest };
}
