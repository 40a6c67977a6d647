import type { RunOptions } from "./options";

/** Learning rate of an epoch, from 1: constant for two thirds of the epochs, then a cosine down to a twentieth. */
export function learningRateOfEpoch(epoch: number, { epochs, learningRate }: RunOptions): number {
  const fall = Math.max(0, (epoch - 1 - (2 / 3) * epochs) / (epochs / 3));
  return learningRate * (0.05 + 0.95 * 0.5 * (1 + Math.cos(Math.PI * Math.min(fall, 1))));
}

/**
 * Outermost ring of an epoch, from 1: rises geometrically from the coarse ring to `last` over the coarse epochs.
 * @param first innermost ring with signal: a step on the rings before it alone would divide by zero
 */
export function ringsOfEpoch(
  epoch: number,
  { coarseRing, coarseEpochs }: RunOptions,
  { first, last }: { first: number; last: number },
): number {
  const coarse = coarseRing && Math.max(coarseRing, first);
  if (coarse === 0 || coarse >= last || epoch > coarseEpochs) return last;
  return Math.round(coarse * (last / coarse) ** ((epoch - 1) / coarseEpochs));
}
