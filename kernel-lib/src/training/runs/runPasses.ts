import { InputError } from "../../errors";
import { posesOfSingleImages } from "../../particles/singleImages";
import type { TaskOptions } from "../../progress";
import { assignByImages, type GroupsByImages, type PlacedGroups } from "../assignment/assignByImages";
import { gatherRows } from "../batches";
import { reopenParticles } from "../evidence/reopen";
import { certainFactor } from "../evidence/scatter";
import { ImageGroups } from "../imageGroups";
import { defaultMemoryBudget, particlesPerPass } from "../memory";
import { posesIn, referenceOf } from "../poses/lineage";
import type { RefinedPoses } from "../poses/refinedPoses";
import { type RunPosesOptions, refineRunPoses } from "../poses/runPoses";
import { PlaceLikelihood } from "../posterior/likelihood";
import { measureUnexplained } from "../unexplained/measureUnexplained";
import type { Unexplained } from "../unexplained/unexplained";
import type { EvidenceOptions, MeasuredRun } from "./runEvidence";
import type { RunFolder } from "./runFolder";
import type { RunRecord } from "./runRecord";

/** Options of `Run.unexplained`. */
export type UnexplainedOptions = Pick<EvidenceOptions, keyof TaskOptions | "engine" | "onWarning">;

/** Particles that the model does not explain, by a pass over all of them. */
export async function measureRunUnexplained(
  { files, record, places: { refined: places, base }, decoder }: MeasuredRun,
  options: UnexplainedOptions,
): Promise<Unexplained> {
  refuseTiltSeries(
    files,
    record,
    "a run of single images, for what the model does not explain; outliers.csv has the particles that disagree with the neutral model",
  );
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
  refuseTiltSeries(files, record, `a run of single images, for ${posesOfSingleImages}`);
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

/** Options of `Run.assignByImages`. */
export interface AssignOptions extends UnexplainedOptions {
  /** The particles that the groups were found among, in this order. Default: all. */
  rows?: ArrayLike<number>;
}

/** Assigns particles to groups that were found among their places, from images that are read again. */
export async function assignParticlesOfRun(
  { files, record, places, decoder }: MeasuredRun,
  { groups, factors }: { groups: PlacedGroups; factors: readonly number[] | undefined },
  { rows, ...options }: AssignOptions,
): Promise<GroupsByImages> {
  if (record.inputs.symmetry !== undefined) {
    throw new InputError(
      files.folder,
      "a run without symmetry, whose particles have one place each",
      record.inputs.symmetry,
    );
  }
  const { latent } = decoder;
  const particles = Int32Array.from(rows ?? { length: places.refined.length / latent }, (row, i) => row ?? i);
  if (groups.mixture.responsibilities.length !== particles.length * groups.mixture.weights.length) {
    const found = groups.mixture.responsibilities.length / groups.mixture.weights.length;
    throw new InputError("groups", `probabilities of ${particles.length} particles`, `${found}`);
  }
  const reopened = await reopenParticles(files, record, {
    memoryBudget: defaultMemoryBudget() / 2,
    ...options,
  });
  try {
    const likelihood = new PlaceLikelihood({ ...reopened, decoder, weights: reopened.placedWeights });
    // What the halves of the images show to be too sure along the axes is so between them.
    const sizes = (factors ?? []).map((factor) => Math.log(certainFactor(factor)));
    const scale = Math.exp(-sizes.reduce((sum, size) => sum + size / sizes.length, 0));
    const tilts = ImageGroups.of(reopened.targets);
    const heads = tilts ? particles.map((particle) => tilts.heads[particle]!) : particles;
    const images = tilts?.imagesPerParticle ?? 1;
    const set = {
      ...{ likelihood, latent, particles: heads, scale },
      means: gatherRows(places.refined, latent, particles),
      deviations: gatherRows(places.standardDeviation, latent, particles),
      batchSize: Math.max(1, Math.round(particlesPerPass(reopened.neutral.count * (latent + 1)) / images)),
    };
    return await assignByImages(set, groups, options);
  } finally {
    await reopened.close();
  }
}

/** @param expected what is there, and the way out @throws InputError for tilt series, for which something is not there yet */
export function refuseTiltSeries(files: RunFolder, { images }: RunRecord, expected: string): void {
  if (images !== undefined) throw new InputError(files.folder, expected, "a run of tilt series");
}

/** Both lists together, ascending. */
function joined(a: Int32Array, b: Int32Array): Int32Array {
  const all = new Int32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all.sort();
}
