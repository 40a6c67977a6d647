import { throwIfStopped } from "../../errors";
import { batchEnds, gatherRows } from "../batches";
import { BatchReader, type ReadBatch } from "../batchReader";
import { nameOfEpoch } from "../schedule";
import { onBase } from "../secondRound/baseModels";
import type { EpochParts, StepOptions, StepParts, StepSettings } from "../stepParts";
import { nestedMasks } from "../survey/nestedDropout";

/** Takes the steps of an epoch with the networks on the CPU; the next batch is read while the current one is trained on. */
export async function engineSteps(
  parts: EpochParts,
  step: StepSettings,
  options: StepOptions,
): Promise<void> {
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
