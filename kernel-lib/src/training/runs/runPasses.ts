import type { ParticleSet } from "../../particles/particleSet";
import type { TaskOptions } from "../../progress";
import { reopenParticles } from "../evidence/reopen";
import { defaultMemoryBudget } from "../memory";
import { posesIn, referenceOf } from "../poses/lineage";
import type { RefinedPoses } from "../poses/refinedPoses";
import { type RunPosesOptions, refineRunPoses } from "../poses/runPoses";
import { otherPlaces, type PlacesOptions } from "../posterior/otherPlaces";
import type { Posterior } from "../posterior/posterior";
import { measureUnexplained } from "../unexplained/measureUnexplained";
import type { Unexplained } from "../unexplained/unexplained";
import type { EvidenceOptions, MeasuredRun } from "./runEvidence";

/** Options of `Run.unexplained`. */
export type UnexplainedOptions = Pick<EvidenceOptions, keyof TaskOptions | "engine" | "onWarning">;

/** Particles that the model does not explain, by a pass over all of them. */
export async function measureRunUnexplained(
  { files, record, places: { refined: places, base }, decoder }: MeasuredRun,
  options: UnexplainedOptions,
): Promise<Unexplained> {
  const reopened = await reopenParticles(files, record, options);
  try {
    const { trainingSet, validationSet, weights } = reopened;
    const members = joined(trainingSet, validationSet);
    const context = { ...reopened, base };
    return await measureUnexplained({ context, decoder, places, weights, members }, options);
  } finally {
    await reopened.close();
  }
}

/** Place on all axes and pose of every particle together, from images that are read again. */
export async function refinePosesOfRun(
  { files, record, places, decoder }: MeasuredRun,
  options: RunPosesOptions,
): Promise<RefinedPoses> {
  const memoryBudget = defaultMemoryBudget() / 2;
  const reopened = await reopenParticles(files, record, { ...options, memoryBudget });
  try {
    const file = options.reference ?? (await referenceOf(record.inputs.particles));
    const reference = file === undefined ? undefined : { file, poses: await posesIn(file, reopened.set) };
    return await refineRunPoses({ reopened, decoder, places: places.refined, reference }, options);
  } finally {
    await reopened.close();
  }
}

/** Places on all axes of particles that the run has not seen. */
export async function placesOfOthers(
  { files, record, places, decoder }: MeasuredRun,
  { set, factors }: { set: ParticleSet; factors: ArrayLike<number> | undefined },
  options: PlacesOptions,
): Promise<Posterior> {
  const reopened = await reopenParticles(files, record, options);
  try {
    const { refined: mean, standardDeviation } = places;
    const population = { latent: decoder.latent, members: reopened.trainingSet, mean, standardDeviation };
    return await otherPlaces({ reopened, decoder, population, factors, set }, options);
  } finally {
    await reopened.close();
  }
}

/** Both lists together, ascending. */
function joined(a: Int32Array, b: Int32Array): Int32Array {
  const all = new Int32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all.sort();
}
