import { throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import { evaluateMixture, fitToImages, type ImageFit } from "./imageMixture";
import type { Expansions, PlaceMixture, Spreads } from "./placeMixture";

/** A component is kept if it lowers BIC by more, as in the selection of the mixture of the places. */
const strongEvidence = 10;
/** Losses this many times as large as that which counts, before the others are fitted again, are no candidates. */
const hopeless = 30;

const whole = { iterations: 40, tolerance: 1e-4 };
const trial = { iterations: 12, tolerance: 1e-4 };

/**
 * The mixture that fits the images, without components that the images do not need: one after the other is left out, the least
 * needed first, as long as BIC does not rise by more than 10. One with hardly more particles than axes is left out in any case: no state
 * follows from so few, and a single particle with a bad image would be one. Of particles that are placed with errors that differ, the places of one
 * state have tails, which a mixture of the places may describe by components of their own; the images do not, as each tells
 * how well it places its particle.
 */
export async function prunedMixture(
  expansions: Expansions,
  start: PlaceMixture,
  spreads: Spreads,
  { signal, onProgress }: TaskOptions = {},
): Promise<ImageFit> {
  const { latent, first } = expansions;
  // Those of a weight, a mean and, if it has its own, a covariance.
  const parameters = 1 + latent + (spreads === "own" ? (latent * (latent + 1)) / 2 : 0);
  // Its mean takes as many as there are axes, its weight one more, and one is needed to judge it by.
  const fewest = latent + 2;
  const limit = (parameters * Math.log(first.length - 1) + strongEvidence) / 2;
  const total = start.weights.length;
  let fit = fitToImages(expansions, start, { ...whole, spreads });
  for (;;) {
    const left = [...fit.mixture.weights.keys()].filter((c) => fit.mixture.weights[c]! > 0);
    onProgress?.({ task: "groups by images", done: total - left.length, total });
    if (left.length < 2) return fit;
    const small = left.filter((c) => fit.mixture.weights[c]! * (first.length - 1) < fewest);
    let best: ImageFit | undefined;
    for (const c of small.length > 0 ? small : left) {
      // Other work of the process goes on between two fits.
      await new Promise((resolve) => setImmediate(resolve));
      throwIfStopped(signal);
      const without = withoutComponent(fit.mixture, c);
      const atOnce = fit.logLikelihood - evaluateMixture(expansions, without).logLikelihood;
      if (small.length === 0 && !(atOnce < hopeless * limit)) continue;
      const others = fitToImages(expansions, without, { ...trial, spreads });
      if (!best || others.logLikelihood > best.logLikelihood) best = others;
    }
    if (!best || (small.length === 0 && fit.logLikelihood - best.logLikelihood > limit)) return fit;
    fit = fitToImages(expansions, best.mixture, { ...whole, spreads });
  }
}

function withoutComponent(mixture: PlaceMixture, c: number): PlaceMixture {
  const others = 1 - mixture.weights[c]!;
  return { ...mixture, weights: mixture.weights.map((w, i) => (i === c ? 0 : w / others)) };
}
