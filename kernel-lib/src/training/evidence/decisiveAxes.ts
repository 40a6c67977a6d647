import type { Evidence } from "./evidence";
import type { HalfScores } from "./halfScores";
import { verdictOf } from "./verdict";

/** The axes whose gain decides, and the verdict. */
export interface DecisiveAxes extends Pick<Evidence, "gain" | "toldApart" | "leading" | "verdict"> {
  scores: HalfScores;
}

/**
 * The verdict on all axes together, or, where they have no gain, on the fewest first ones that have: axes that only describe
 * noise cost more than a rare state gains.
 * @param first scores with the first 1, 2 … axes, the last with all of them
 * @param gainsOf gains over the one model
 */
export function decide(
  first: readonly HalfScores[],
  gainsOf: (scores: HalfScores) => Pick<Evidence, "gain" | "toldApart">,
): DecisiveAxes {
  const all = first.map((scores, k) => {
    const gains = gainsOf(scores);
    const verdict = verdictOf(gains.gain, gains.toldApart);
    return { ...gains, verdict, scores, ...(k + 1 < first.length && { leading: k + 1 }) };
  });
  const whole = all.at(-1)!;
  return whole.verdict === "none" ? (all.find(({ verdict }) => verdict !== "none") ?? whole) : whole;
}
