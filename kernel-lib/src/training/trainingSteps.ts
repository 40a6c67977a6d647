import { throwIfStopped } from "../errors";
import type { Adam } from "../network/adam";
import type { LatentModel } from "../network/latentModel";
import type { TaskOptions } from "../progress";
import type { Random } from "../random";
import { batchEnds, gatherRows, type ParticleBatches } from "./batches";
import { BatchReader, type ReadBatch } from "./batchReader";
import { gpuSteps, stepsOnGpu } from "./gpu/gpuSteps";
import type { RunOptions } from "./options";
import type { Prepared } from "./preparation";
import type { ProjectionContext } from "./projectionContext";
import { nameOfEpoch } from "./schedule";
import { onBase } from "./secondRound/baseModels";
import type { StrainPenalty } from "./strain/strainPenalty";
import { type NestedDropout, nestedMasks } from "./survey/nestedDropout";
import type { UnitAssembly } from "./units/unitAssembly";

/** What the steps of an epoch work with. */
export interface StepParts {
  model: LatentModel;
  adam: Adam;
  prepared: Prepared;
  context: ProjectionContext;
  batches: ParticleBatches;
  /** Units of a particle; the networks have a row for each. */
  units: UnitAssembly;
  /** Leaves out axes and kinds of parameters. Default: none. */
  dropout: NestedDropout | undefined;
  /** Default: none. */
  strain: StrainPenalty | undefined;
}

/** Particles of an epoch. */
export interface EpochParts extends StepParts {
  /** Particles in the order in which they are trained on. */
  order: Int32Array;
  /** Particles per step. */
  batchSize: number;
}

/** What all steps of an epoch have in common. */
export interface StepSettings {
  /** Outermost ring. */
  rings: number;
  random: Random;
  /** Factor that makes a score a weighted mean FRC. */
  scale: number;
  /** Learning rate. */
  rate: number;
}

/** Options of {@link trainSteps}. */
export interface StepOptions extends TaskOptions, Pick<RunOptions, "latentNoise" | "spreadPenalty"> {
  /** Number of the epoch, from 1. */
  epoch: number;
  /** Epochs in all, as far as known. */
  epochs?: number | undefined;
}

/** Takes the steps of an epoch, on the GPU where it can; else the next batch is read while the current one is trained on. */
export async function trainSteps(parts: EpochParts, step: StepSettings, options: StepOptions): Promise<void> {
  if (stepsOnGpu(parts) && (await gpuSteps(parts, step, options))) return;
  const { context, batches, order, batchSize } = parts;
  const { neutral, targets } = context;
  const ends = batchEnds(order.length, batchSize);
  const reader = new BatchReader(
    (indices, buffer) => batches.load(Int32Array.from(indices), neutral.count, neutral.params, buffer),
    { batchSize, rings: targets.rings },
  );
  let next = reader.read(order.slice(0, ends[0]));
  for (let i = 0; i < ends.length; i++) {
    const current = next;
    if (i + 1 < ends.length) next = reader.read(order.slice(ends[i], ends[i + 1]));
    throwIfStopped(options.signal);
    await trainStep(parts, current, { ...step, ...options });
    options.onProgress?.({
      task: `${nameOfEpoch(options)}, rings to ${step.rings}`,
      done: ends[i]!,
      total: order.length,
    });
  }
}

/** One step of both networks. */
async function trainStep(
  { model, adam, prepared, context, units, dropout, strain }: StepParts,
  { indices, batch }: ReadBatch,
  { rings, random, scale, rate, latentNoise, spreadPenalty }: StepSettings & StepOptions,
): Promise<void> {
  const { weights, basis, features } = prepared;
  const { neutral, engine } = context;
  const m = model.head.neutral.count;
  const count = indices.length;
  const rows = units.count * count;
  const input = gatherRows(features, units.count * basis.size, indices);
  const shape = { count: rows, latent: model.spec.latent, networks: model.decoder.partCount };
  const masks = dropout && nestedMasks(dropout, shape, random);
  const pass = model.forward(input, rows, { noise: latentNoise, random, masks });
  const { modelGradient } = await engine.evaluate(
    { ...(await batch), model: onBase(context, indices, units.whole(pass.models, m)) },
    {
      boxSize: neutral.boxSize,
      rings,
      ringWeights: weights.of(indices, rings),
      gradient: { model: true },
    },
  );
  const inChanges = context.base?.gradientOfChanges(indices, modelGradient!) ?? modelGradient!;
  const gradient = units.ofUnits(inChanges, m);
  strain?.subtract(pass.models, gradient);
  const how = { scale: -scale / count, penalty: spreadPenalty / rows };
  pass.backward(gradient, how, adam.next(rate));
}
