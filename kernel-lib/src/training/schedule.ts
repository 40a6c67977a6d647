import type { RunOptions } from "./options";

/** How the learning rate falls. */
export interface Annealing {
  /** Epochs before; may be a fraction. */
  from: number;
  /** Epochs over which it would fall to its least. */
  over: number;
}

/** The rate falls over the last third of so many epochs. */
export function lastThird(epochs: number): Annealing {
  return { from: (2 / 3) * epochs, over: epochs / 3 };
}

/**
 * Factor on the learning rate in an epoch, from 1: 1, then a cosine down to a twentieth.
 * @param annealing undefined: the rate does not fall yet
 */
export function rateOfEpoch(epoch: number, annealing: Annealing | undefined): number {
  if (!annealing) return 1;
  const fall = Math.max(0, (epoch - 1 - annealing.from) / annealing.over);
  return 0.05 + 0.95 * 0.5 * (1 + Math.cos(Math.PI * Math.min(fall, 1)));
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

/** The number of an epoch in words, with the number of all if it is known. */
export function nameOfEpoch({ epoch, epochs }: { epoch: number; epochs?: number | undefined }): string {
  return `epoch ${epoch}${epochs === undefined ? "" : ` of ${epochs}`}`;
}
