import { copyModel, type GaussianModel } from "../../model/gaussianModel";
import type { TaskOptions } from "../../progress";
import { scaledLike } from "./modelScale";
import type { NeutralFit } from "./neutralFit";

/** Passes at least, while Gaussians are added also more. */
const leastPasses = 3;
const mostPasses = 6;
const stepsPerPass = 150;
const rate = 0.02;
/** Gaussians that may be added, as a part of those of the model. */
const growth = 0.25;
/** More than this part of new Gaussians in a pass calls for another one. */
const settled = 0.01;

/** A model after {@link polish}. */
export interface Polished {
  /** On the scale of the one before. */
  model: GaussianModel;
  added: number;
  removed: number;
}

/**
 * Polishes a model against particles, in passes: Gaussians that do not earn their amplitude are replaced by random ones that do, up to a
 * quarter more than before, then all are moved by steps on the score. Ring weights follow the model.
 */
export async function polish(
  fit: NeutralFit,
  before: GaussianModel,
  { onProgress }: TaskOptions,
): Promise<Polished> {
  const capacity = Math.ceil((1 + growth) * before.count);
  let model = copyModel(before);
  const total = { added: 0, removed: 0 };
  for (let pass = 0; pass < mostPasses; pass++) {
    const weights = await fit.weightsOf(model);
    const scoring = { weights, rings: weights.lastRing };
    if (weights.lastRing === 0) break;
    const exchanged = await fit.exchange(model, scoring, capacity);
    if (pass >= leastPasses && exchanged.added <= settled * model.count) break;
    model = exchanged.model;
    total.added += exchanged.added;
    total.removed += exchanged.removed;
    const { count } = model;
    await fit.climb(model, scoring, {
      ...{ steps: stepsPerPass, rate },
      onStep: (step, score) =>
        onProgress?.({
          task: `polishing the neutral model, pass ${pass + 1} with ${count} Gaussians`,
          ...{ done: step, total: stepsPerPass },
          note: `score ${score.toFixed(1)}`,
        }),
    });
  }
  model = fit.insideOnly(model);
  return { ...total, model: scaledLike(model, before) };
}
