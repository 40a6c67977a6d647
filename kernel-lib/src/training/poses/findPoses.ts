import { InputError } from "../../errors";
import { vectorFromRotation } from "../../optics/pose";
import { product } from "../../optics/symmetry";
import type { TaskOptions } from "../../progress";
import type { EvidenceGain } from "../evidence/evidence";
import { HalfTest } from "../evidence/halfTest";
import { evenly, keepInMemory } from "../evidence/sample";
import type { PlaceDecoder } from "../posterior/decoders";
import type { PointPosterior } from "../posterior/newtonPosterior";
import { PlaceSearch, type PosePrior } from "../posterior/placePosterior";
import type { BatchPoses } from "../posterior/variants";
import type { ProjectionContext } from "../projectionContext";
import type { RingWeights } from "../weights";
import { heldOutGain } from "./poseGain";
import { measurePriors, type PriorContext } from "./posePriors";

/** Particles on which priors and gain are measured. */
const sampleSize = 256;
const degree = Math.PI / 180;

/** What poses are refined against. */
export interface PoseContext extends ProjectionContext {
  /** The model, or the models of all places. */
  decoder: PlaceDecoder;
  /** Ring weights by information. */
  weights: RingWeights;
  /** Where the search for places begins, [particles · latent]. */
  places: Float32Array;
  /** Standard deviation of the prior of each axis of z, [latent]. */
  deviations: ArrayLike<number>;
  /** Poses from which the search begins, [particles · 9] and [particles · 2]. Default: those of `targets`. */
  start?: BatchPoses | undefined;
  /** Particles to measure priors on: those that agree with the model. Default: all. */
  members?: Int32Array | undefined;
}

/** Options of {@link findPoses}. */
export interface PoseOptions extends TaskOptions {
  /** How far the poses may be from those of the file. Default: measured on a sample of 256 particles. */
  prior?: PosePrior | undefined;
  /** The gain with this prior, if it is known. Default: measured on the sample. */
  gain?: EvidenceGain | undefined;
}

/** Poses that were found, not yet in the frame of the file. */
export interface FoundPoses {
  /** Reference → image, [particles · 9]. */
  rotations: Float32Array;
  /** Box units, [particles · 2]. */
  shifts: Float32Array;
  /** Places that belong to them, [particles · latent]. */
  places: Float32Array;
  /** Posterior standard deviation of the rotation about one axis, root mean square over the axes, in degrees, [particles]. */
  angleDeviation: Float64Array;
  /** The same of the shift along one axis, in Å, [particles]. */
  shiftDeviation: Float64Array;
  prior: PosePrior;
  /** Gain by poses of the same prior on samples that they were not inferred from, of a sample of the particles. */
  gain: EvidenceGain;
}

/** Refines the poses of `targets`, with the places of the particles if the decoder has axes. */
export async function findPoses(context: PoseContext, options: PoseOptions = {}): Promise<FoundPoses> {
  const { prior, gain } = await priorAndGain(context, options);
  const { targets } = context;
  const all = Int32Array.from({ length: targets.count }, (_, i) => i);
  const search = new PlaceSearch({ ...searchContext(context), prior });
  let start = search.startAt(context.places, targets.count);
  if (context.start) offsetsTo(context.start, start, search, context);
  // Poses that were refined before need no search from afar.
  const coarse = context.start ? context.weights.lastRing : coarseRing(context, prior);
  const task = { ...taskOf(options), task: "refining poses" };
  if (coarse < context.weights.lastRing) {
    const weights = limitedWeights(context.weights, coarse);
    const first = new PlaceSearch({ ...searchContext(context), weights, prior });
    start = (await first.find(all, start, { ...task, task: `refining poses, rings to ${coarse}` })).mean;
  }
  const posterior = await search.find(all, start, task);
  const { rotations, shifts } = search.likelihood.posesOf(all, posterior.mean);
  const places = search.layout.places(posterior.mean).slice();
  return { rotations, shifts, places, ...deviationsOf(posterior, search, context), prior, gain };
}

/** Writes the offsets of poses from those of `targets` into points. */
function offsetsTo(
  { rotations, shifts }: BatchPoses,
  points: Float32Array,
  { layout }: PlaceSearch,
  { targets }: PoseContext,
): void {
  for (let i = 0; i < targets.count; i++) {
    const at = i * layout.width;
    if (layout.rotation >= 0) {
      const own = targets.rotations.subarray(9 * i, 9 * i + 9);
      const back = Float64Array.from({ length: 9 }, (_, j) => own[3 * (j % 3) + Math.floor(j / 3)]!);
      const turn = product(rotations.subarray(9 * i, 9 * i + 9), back);
      points.set(vectorFromRotation(turn), at + layout.rotation);
    }
    if (layout.shift < 0) continue;
    for (const axis of [0, 1]) {
      points[at + layout.shift + axis] = shifts[2 * i + axis]! - targets.shifts[2 * i + axis]!;
    }
  }
}

function taskOf({ signal, onProgress }: TaskOptions): TaskOptions {
  return { ...(signal && { signal }), ...(onProgress && { onProgress }) };
}

function searchContext({ targets, neutral, engine, decoder, weights, deviations }: PoseContext) {
  return { targets, neutral, engine, decoder, weights, placeDeviations: deviations };
}

/** Measures prior and gain on a sample. */
async function priorAndGain(
  context: PoseContext,
  options: PoseOptions,
): Promise<{ prior: PosePrior; gain: EvidenceGain }> {
  if (options.prior && options.gain) return { prior: options.prior, gain: options.gain };
  const { targets, neutral, engine, decoder, weights, deviations } = context;
  const { latent } = decoder;
  const members = context.members ?? Int32Array.from({ length: targets.count }, (_, i) => i);
  const particles = evenly(members, sampleSize);
  const places = new Float32Array(particles.length * latent);
  for (const [i, particle] of particles.entries()) {
    places.set(context.places.subarray(particle * latent, (particle + 1) * latent), i * latent);
  }
  const prior: PriorContext = {
    ...{ neutral, engine, decoder, weights, deviations, particles, places, block: 1 },
    targets: await keepInMemory(targets, particles),
  };
  if (!options.prior) return measurePriors(prior, taskOf(options));
  checkPrior(options.prior);
  const boxLength = neutral.boxSize * neutral.apix;
  const question = { ...prior, boxLength, prior: options.prior };
  const { gain } = await heldOutGain(new HalfTest(prior), question, taskOf(options));
  return { prior: options.prior, gain };
}

function checkPrior({ rotation, shift }: PosePrior): void {
  if (!(rotation >= 0 && rotation <= 60)) {
    throw new InputError("prior.rotation", "a number of degrees from 0 to 60", String(rotation));
  }
  if (!(shift >= 0 && Number.isFinite(shift))) {
    throw new InputError("prior.shift", "a length in Å of 0 or more", String(shift));
  }
  if (rotation === 0 && shift === 0)
    throw new InputError("prior", "a rotation or a shift above 0", "neither");
}

/**
 * The outermost ring from which a search finds its way: a quarter of a wave is as long as poses move the molecule, root mean
 * square.
 */
function coarseRing({ neutral, weights }: PoseContext, prior: PosePrior): number {
  const { count, params } = neutral;
  const boxLength = neutral.boxSize * neutral.apix;
  let square = 0;
  for (let i = 0; i < 3 * count; i++) square += params[i]! ** 2 / count;
  // A rotation about each axis moves a point by √(2/3) of its distance along an axis.
  const turned = prior.rotation * degree * Math.sqrt((2 / 3) * square) * boxLength;
  const ring = Math.floor(boxLength / (4 * Math.hypot(turned, prior.shift)));
  return Math.min(Math.max(ring, weights.firstRing + 2, 4), weights.lastRing);
}

/** Ring weights of the rings up to a limit. */
function limitedWeights(weights: RingWeights, last: number): Pick<RingWeights, "of" | "expectedFrc"> {
  const width = weights.rings + 1;
  return {
    expectedFrc: (particle, ring) => weights.expectedFrc(particle, ring),
    of: (particles) => weights.of(particles).map((weight, i) => (i % width > last ? 0 : weight)),
  };
}

/** Standard deviations of rotation and shift. */
function deviationsOf(
  { standardDeviation }: PointPosterior,
  { layout }: PlaceSearch,
  { targets, neutral }: PoseContext,
): Pick<FoundPoses, "angleDeviation" | "shiftDeviation"> {
  const { rotation, shift, width } = layout;
  const over = (from: number, length: number, unit: number) =>
    Float64Array.from({ length: targets.count }, (_, i) => {
      if (from < 0) return 0;
      let square = 0;
      for (let d = from; d < from + length; d++) square += standardDeviation[i * width + d]! ** 2 / length;
      return Math.sqrt(square) * unit;
    });
  return {
    angleDeviation: over(rotation, 3, 1 / degree),
    shiftDeviation: over(shift, 2, neutral.boxSize * neutral.apix),
  };
}
