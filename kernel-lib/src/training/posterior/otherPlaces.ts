import { InputError } from "../../errors";
import { hasSameBoxLength } from "../../maps/grid";
import type { ParticleSet } from "../../particles/particleSet";
import { prepareTargets } from "../../particles/targets";
import type { TaskOptions } from "../../progress";
import type { EngineChoice } from "../../projection/engines";
import type { Population } from "../evidence/population";
import { startingPlaces } from "../evidence/population";
import type { Reopened } from "../evidence/reopen";
import { calibratedPosterior } from "../evidence/scatter";
import { ImageGroups } from "../imageGroups";
import { defaultMemoryBudget, particlesPerPass } from "../memory";
import type { PlaceDecoder } from "./decoders";
import { posteriorOfParticles } from "./particlePosterior";
import { PlaceSearch } from "./placePosterior";
import type { Posterior } from "./posterior";
import { bestPlaces } from "./startPlaces";

/** Options of `Run.placesOf`. */
export interface PlacesOptions extends TaskOptions {
  /** Projection engine and number of threads. Default `wasm`. */
  engine?: EngineChoice;
  /** Called with a sentence about what has changed since the training. */
  onWarning?: (warning: string) => void;
}

/** Particles to be placed in the latent space of a run. */
export interface OtherPlacesContext {
  /** The particles of the run, from which ring weights come, and its engine. */
  reopened: Reopened;
  decoder: PlaceDecoder;
  /** Places of the particles of the run. */
  population: Population;
  /** Factor on the variance along each axis, by the halves of the held-out particles; undefined if it was not measured. */
  factors: ArrayLike<number> | undefined;
  /** The particles; with symmetry their copies. */
  set: ParticleSet;
}

/** Members of the population at which a search begins. */
const starts = 24;

/**
 * Places of particles that a run was not trained on: the maximum of the posterior with the decoder fixed, as its training ends.
 * The search begins at the best of some members of the population. Ring weights have the signal-to-noise ratios of the run.
 */
export async function otherPlaces(
  { reopened, decoder, population, factors, set }: OtherPlacesContext,
  { engine: choice, signal, onProgress }: PlacesOptions,
): Promise<Posterior> {
  const { neutral, engine, units, placedWeights, targets: own } = reopened;
  requireSameKind(set, reopened);
  const task = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const threads = choice?.threads;
  const targets = await prepareTargets(set.originals(), {
    ...{ boxSize: neutral.boxSize, rings: own.rings, memoryBudget: defaultMemoryBudget() / 2 },
    ...(threads !== undefined && { threads }),
    ...task,
  });
  try {
    const context = { targets, neutral, engine, units, weights: placedWeights.forOthers(targets.ctfPower) };
    const search = new PlaceSearch({ ...context, decoder });
    const { latent } = decoder;
    const groups = ImageGroups.of(targets);
    const all = groups?.heads ?? Int32Array.from({ length: targets.count }, (_, i) => i);
    // In one dimension a grid over the range of the population is searched.
    const start =
      latent === 1
        ? new Float32Array(all.length)
        : await bestPlaces(search, all, startingPlaces(population, starts), new Float64Array(latent).fill(1));
    const begin = groups?.toImages(start, latent) ?? start;
    const found = await posteriorOfParticles(targets, search.likelihood, begin, latent, {
      ...task,
      batchSize: particlesPerPass(neutral.count * (latent + 1)),
      ...(latent === 1 && { range: rangeOf(population) }),
    });
    const placed = { ...found, latent, members: all };
    const { mean, standardDeviation } = factors ? calibratedPosterior(placed, factors) : found;
    const ofParticles = (values: Float32Array) => groups?.toParticles(values, latent) ?? values;
    return { mean: ofParticles(mean), standardDeviation: ofParticles(standardDeviation) };
  } finally {
    await targets.dispose();
  }
}

/** The range of a population along its only axis, with a margin. */
function rangeOf({ members, mean }: Population): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const particle of members) {
    low = Math.min(low, mean[particle]!);
    high = Math.max(high, mean[particle]!);
  }
  const margin = 0.15 * (high - low);
  return [low - margin, high + margin];
}

/** @throws InputError unless the particles can be compared with the models of the run */
function requireSameKind(set: ParticleSet, { neutral, set: own, units }: Reopened): void {
  if (!hasSameBoxLength(set, neutral)) {
    const [images, model] = [set.boxSize * set.apix, neutral.boxSize * neutral.apix];
    throw new InputError(
      set.file,
      `images as wide as the box of the run, ${model.toFixed(1)} Å`,
      `${images.toFixed(1)} Å (${set.boxSize} pixels of ${set.apix} Å)`,
    );
  }
  const order = set.symmetry?.order ?? 1;
  if (order === (units?.count ?? 1)) return;
  const expected = own.symmetry
    ? `the symmetry of the run, ${own.symmetry.name}`
    : "particles without symmetry";
  throw new InputError(`${set.file}: symmetry`, expected, set.symmetry?.name ?? "none");
}
