import type { AxisReduction } from "../../network/latentFrame";
import type { AxisGain, EvidenceGain } from "./evidence";
import { gainOver, type HalfScores } from "./halfScores";

/*
 * How much of what a decoder changes along its axes is supported by particles that it was not trained on. Training on few or noisy
 * particles always finds something to move; a change of the right size loses nothing on held-out particles, one that describes noise
 * gains most if it is taken back.
 */

/** Fewest held-out particles that decide: fewer hardly support anything, whatever there is. */
export const fewestDeciding = 30;
/** Parts of the trained change that are compared; the last is all of it. */
export const triedFactors = [0, 0.25, 0.5, 0.75, 1] as const;

/** Standard errors of a gain from which an axis is left as it is. */
const errors = 2;

/** Whether an axis keeps what was trained: it is real, or may be. */
function isSupported({ real, gain, standardError }: AxisGain): boolean {
  return real || gain > errors * standardError;
}

/** Axes whose change may be noise, from 0. */
export function unsupportedAxes(axes: readonly AxisGain[]): number[] {
  return [...axes.keys()].filter((k) => !isSupported(axes[k]!));
}

/** Factors on the change along each axis: that of the unsupported ones, 1 for the others. */
export function factorsOf(axes: number, unsupported: readonly number[], factor: number): Float32Array {
  return Float32Array.from({ length: axes }, (_, k) => (unsupported.includes(k) ? factor : 1));
}

/**
 * The smallest of some parts of a change that describes held-out particles as well as the best of them, within a standard error of the
 * difference over the same particles.
 * @param scores with each of `factors`, which ascend
 * @returns index of the part
 */
export function supportedPart(scores: readonly HalfScores[], rings: number): number {
  const over = (of: number, other: number): EvidenceGain => gainOver(scores[of]!, scores[other]!, { rings });
  const best = scores.reduce((top, _, k) => (over(k, top).gain > 0 ? k : top), 0);
  return scores.findIndex((_, k) => {
    const { gain, standardError } = over(best, k);
    return gain <= standardError;
  });
}

/** The same reduction of the axes of each of several units. */
export function ofAllUnits({ factors, centre }: AxisReduction, units: number): AxisReduction {
  const tiled = (values: Float32Array) =>
    Float32Array.from({ length: units * values.length }, (_, i) => values[i % values.length]!);
  return { factors: tiled(factors), centre: tiled(centre) };
}
