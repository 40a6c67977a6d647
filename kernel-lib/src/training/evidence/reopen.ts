import type { ParticleSet } from "../../particles/particleSet";
import { prepareTargets } from "../../particles/targets";
import type { TaskOptions } from "../../progress";
import { chooseEngine, type EngineChoice } from "../../projection/engines";
import { particlesWithout } from "../agreement/chosenParticles";
import { splitHeldOut } from "../heldOut";
import { ImageGroups, particlesAmong } from "../imageGroups";
import type { ProjectionContext } from "../projectionContext";
import { originalOutliers } from "../runs/outliersTable";
import type { RunFolder } from "../runs/runFolder";
import type { RunRecord } from "../runs/runRecord";
import { openTrainingParticles, resumedInputs } from "../trainingInputs";
import { RingWeights } from "../weights";

/** Particles of a run as its training saw them. */
export interface Reopened extends ProjectionContext {
  /** The particles, each once. */
  set: ParticleSet;
  /** Ring weights by information. */
  weights: RingWeights;
  /** Ring weights of the posterior of places; those from the neutral model in runs of earlier versions. */
  placedWeights: RingWeights;
  /** Numbers of all images [images · latent] from those of all particles, as the files of the run have them. */
  ofImages(values: Float32Array, latent: number): Float32Array;
  /** Particles that were trained on, ascending; of tilt series the first image of each. */
  trainingSet: Int32Array;
  /** Particles that were held out, ascending, likewise. */
  validationSet: Int32Array;
  /** Closes what was opened. */
  close(): Promise<void>;
}

/** How particles are reopened. */
export interface ReopenOptions extends TaskOptions {
  /** Projection engine. Default: `wasm`. */
  engine?: EngineChoice | undefined;
  /** Called with a sentence about what has changed since the training. */
  onWarning?: ((warning: string) => void) | undefined;
  /** Bytes of transforms that are kept in memory, for work that reads all particles several times. Default 0. */
  memoryBudget?: number | undefined;
}

/**
 * Opens the particles of a run again, with the ring weights and the division of its training. Images are only read where they
 * are needed.
 * @throws InputError unless the particles are those of the training
 */
export async function reopenParticles(
  folder: RunFolder,
  record: RunRecord,
  { engine: choice, onWarning, memoryBudget = 0, ...task }: ReopenOptions,
): Promise<Reopened> {
  const opened: (() => unknown)[] = [];
  const close = async () => {
    await Promise.allSettled(opened.reverse().map(async (one) => one()));
  };
  try {
    const set = await openTrainingParticles(record.inputs, task);
    opened.push(() => set.close());
    const warn = (_: string, warning: string) => onWarning?.(warning);
    const neutral = await folder.readNeutral(record);
    const { rings, units } = await resumedInputs(set, neutral, { folder, record }, { ...task, warn });
    const workload = { model: neutral, rings, batchSize: record.options.batchSize };
    const { engine } = await chooseEngine({ engine: "wasm", ...choice }, workload);
    opened.push(() => engine.dispose());
    const threads = choice?.threads;
    const originals = set.originals();
    const targets = await prepareTargets(originals, {
      ...{ boxSize: neutral.boxSize, rings, memoryBudget },
      ...(threads !== undefined && { threads }),
      ...task,
    });
    opened.push(() => targets.dispose());
    const outliers = record.outliers?.kept ? [] : await folder.readOutliers(record);
    const used = particlesWithout(targets, originalOutliers(outliers, units.count));
    const weightsFor = (meanFrc: Float64Array) =>
      new RingWeights({
        weighting: "information",
        ...{ meanFrc, ctfPower: targets.ctfPower, particles: targets.count, members: used },
      });
    const weights = weightsFor(await folder.readNeutralFrc(record));
    const placed = await folder.readPlacedFrc(record);
    const placedWeights = placed ? weightsFor(placed) : weights;
    const split = splitHeldOut(used, targets, record.options);
    const [trainingSet, validationSet] = [split.trainingSet, split.validationSet].map((images) =>
      particlesAmong(targets, images),
    ) as [Int32Array, Int32Array];
    const found = { targets, neutral, engine, units, weights, placedWeights, trainingSet, validationSet };
    return {
      ...{ set: originals, ...found, close },
      ofImages: (values, latent) => ImageGroups.of(targets)?.toImages(values, latent) ?? values,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
