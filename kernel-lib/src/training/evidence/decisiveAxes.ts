import type { Evidence } from "./evidence";
import type { HalfScores } from "./halfScores";
import { isReal, verdictOf } from "./verdict";

/** The axes whose gain decides, and the verdict. */
export interface DecisiveAxes extends Pick<Evidence, "gain" | "toldApart" | "deciding" | "verdict"> {
  scores: HalfScores;
}

/** Gains of some scores over others. */
type Compare = (of: HalfScores, over: HalfScores) => Pick<Evidence, "gain" | "toldApart">;

/** Scores that axes are judged by. */
export interface ScoresOfAxes {
  /** Of the one model. */
  before: HalfScores;
  /** With the first 1, 2 … axes, the last with all of them. */
  first: readonly HalfScores[];
  /** With some axes, the others being held. */
  along: (axes: readonly number[]) => Promise<HalfScores>;
}

/**
 * The verdict on all axes together, or, where they have no gain, on the fewest first ones that have, or on those that gain beside the
 * axes before them: axes that only describe noise cost more than a rare state gains. The axes are in the order of their size, so that
 * noise may come first.
 */
export async function decide(
  { before, first, along }: ScoresOfAxes,
  compare: Compare,
): Promise<DecisiveAxes> {
  const judge = (scores: HalfScores, deciding?: number[]): DecisiveAxes => {
    const gains = compare(scores, before);
    const verdict = verdictOf(gains.gain, gains.toldApart);
    return { ...gains, verdict, scores, ...(deciding && { deciding }) };
  };
  const whole = judge(first.at(-1)!);
  if (whole.verdict !== "none") return whole;
  for (const [k, scores] of first.slice(0, -1).entries()) {
    const found = judge(scores, [...first.keys()].slice(0, k + 1));
    if (found.verdict !== "none") return found;
  }
  const gaining = [...first.keys()].slice(1).filter((k) => {
    const { gain, toldApart } = compare(first[k]!, first[k - 1]!);
    return isReal(gain, toldApart);
  });
  if (gaining.length === 0) return whole;
  const found = judge(await along(gaining), gaining);
  return found.verdict === "none" ? whole : found;
}
