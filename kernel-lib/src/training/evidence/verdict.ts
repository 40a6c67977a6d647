import type { Evidence, EvidenceGain, RingGain, ToldApart } from "./evidence";

/*
 * Limits of the verdict, from simulated sets of one state, in which the gain is negative: what a decoder has learned from
 * noise costs 0.05 to 0.6 nats per particle.
 */

/** Standard errors that a gain has to exceed. */
const errors = 3;
/** Nats per particle below which a gain is none, and below which it is weak. */
const leastGain = 0.02;
const clearGain = 0.1;
/** Gain of refining poses from which they are called wrong. */
const poseGain = 0.5;

/** Fewest particles told apart from which anything follows, and the least that each of them gains, in nats. */
const fewestApart = 3;
const leastApart = 1;
/** Standard errors that are enough where both halves agree on particles that are less probable than this. */
const fewerErrors = 2;
const leastChance = 1e-3;

/** Whether a gain is real: that of all particles, or that of those told apart, of whatever number. */
export function isReal({ gain, standardError }: EvidenceGain, toldApart?: ToldApart): boolean {
  if (!(gain > leastGain)) return false;
  return gain > errors * standardError || (toldApart !== undefined && isConfirmed(toldApart));
}

/**
 * Whether the gain of particles told apart is above 0 by Student's t, as certainly as three standard errors of many; two are enough
 * if both halves agree on more particles than chance allows. Agreement alone is no evidence: halves share the errors of poses.
 */
function isConfirmed({ particles, gain, standardError, chance }: ToldApart): boolean {
  if (particles < fewestApart || !(gain > leastApart)) return false;
  const degrees = particles - 1;
  const square = (gain / standardError) ** 2;
  // The normal deviate of a value of Student's t (Wallace, Ann. Math. Stat. 30, 1124, 1959).
  const deviate = ((8 * degrees + 1) / (8 * degrees + 3)) * Math.sqrt(degrees * Math.log1p(square / degrees));
  return deviate > (chance < leastChance ? fewerErrors : errors);
}

/**
 * Whether all axes, or one of them, have a gain that is no evidence, but that more particles could make one. Of the axes after the first,
 * of which there are several, it has to exceed two standard errors.
 */
export function isUndecided({ verdict, gain, axes }: Pick<Evidence, "verdict" | "gain" | "axes">): boolean {
  const exceeds = (one: EvidenceGain, times: number) =>
    one.gain > leastGain && one.gain > times * one.standardError;
  return verdict === "none" && (exceeds(gain, 1) || axes.some((axis, k) => exceeds(axis, k === 0 ? 1 : 2)));
}

/** The verdict on a gain. */
export function verdictOf(gain: EvidenceGain, toldApart?: ToldApart): Evidence["verdict"] {
  if (!isReal(gain, toldApart)) return "none";
  return gain.gain > clearGain ? "found" : "weak";
}

/**
 * Resolution in Å to which a gain is seen: that of the outermost ring at which the gain of the ring and its neighbours, and
 * the sum from there outwards, exceed two standard errors. Undefined if there is none.
 * @param gainOf the gain of rings `from` to `to`
 */
export function finestRing(
  rings: readonly RingGain[],
  gainOf: (from: number, to: number) => EvidenceGain,
): number | undefined {
  const last = rings.length;
  const seen = ({ gain, standardError }: EvidenceGain) => gain > 2 * standardError;
  const visible = rings.filter(
    ({ ring }) => seen(gainOf(Math.max(1, ring - 1), Math.min(last, ring + 1))) && seen(gainOf(ring, last)),
  );
  return visible.at(-1)?.resolution;
}

/** Motion in Å below which a run has none to speak of. */
const leastLength = 0.05;

/** What a verdict is made from. */
export type VerdictSource = Pick<
  Evidence,
  | "verdict"
  | "gain"
  | "toldApart"
  | "poses"
  | "table"
  | "finest"
  | "axes"
  | "fixed"
  | "kept"
  | "realAxes"
  | "motion"
  | "reduced"
  | "misfit"
>;

/** A verdict in words. */
export interface VerdictText {
  /** The verdict, such as `heterogeneity found`. */
  headline: string;
  /** What it follows from: the gain, real axes, the size of the decoded motion. */
  facts: string;
  /** What to do about poses, and about what else does not fit; empty for nothing. */
  advice: string;
}

/** The verdict in a sentence, and what to do about what does not fit. */
export function sentenceOf(evidence: VerdictSource): string {
  const { headline, facts, advice } = verdictText(evidence);
  return `${headline}: ${facts}${advice === "" ? "" : `. ${advice}`}`;
}

/** The verdict in words. */
export function verdictText(evidence: VerdictSource): VerdictText {
  const { verdict, gain, finest, axes, fixed = 0, kept, realAxes, motion } = evidence;
  const rare = evidence.toldApart && verdict !== "none" && !isReal(gain) ? apartText(evidence.toldApart) : "";
  const number = `${gainText(gain)} nats per particle held out${rare}`;
  const size = `${motion.rms.toFixed(1)} Å RMS`;
  const support = supportText(evidence);
  const isNew = fixed > 0 ? "new " : "";
  const axesText = `${realAxes} of ${axes.length} ${isNew}${axes.length === 1 ? "axis" : "axes"} real`;
  const what = fixed > 0 ? "further heterogeneity" : "heterogeneity";
  const over = fixed > 0 ? "the fixed axes alone" : "one model for all";
  const sight = finest === undefined ? "" : `, seen to ${finest.toFixed(0)} Å`;
  const beside = kept ? addedText(kept, axes.length) : "";
  const seen = `${number}, ${axesText}${beside}${sight}; decoded motion ${size}${support ? `, since ${support}` : ""}`;
  const texts = {
    found: [`${what} found`, seen],
    weak: [`weak ${what}`, `${seen}, of which part is noise`],
    none: [
      `no ${what} found`,
      support
        ? `${number} over ${over}; ${support}, and no more is decoded`
        : `${number} over ${over}; the decoded motion of ${size} is not to be trusted`,
    ],
  } as const;
  const [headline, facts] = texts[verdict];
  const advice = [poseAdvice(evidence), misfitAdvice(evidence)].filter((one) => one !== "").join(". ");
  return { headline, facts, advice };
}

/** How much of what was trained is decoded; empty for all, or nearly all. */
function supportText({ motion, reduced }: VerdictSource): string {
  if (!reduced) return "";
  const { from } = reduced;
  const [left, all, unit] =
    from.rms >= leastLength
      ? [motion.rms, from.rms, " Å"]
      : [100 * motion.mass, 100 * from.mass, " % of density"];
  const [some, whole] = [left.toFixed(1), all.toFixed(1)];
  return some === whole ? "" : `held-out particles support ${some} of the ${whole}${unit} that were trained`;
}

/** What a verdict follows from if it is not the gain of all particles. */
function apartText(toldApart: ToldApart): string {
  return `, ${gainText(toldApart)} of the ${toldApart.particles} that half of their image tells apart`;
}

function misfitAdvice({ misfit = [], verdict }: VerdictSource): string {
  if (misfit.length === 0) return "";
  const doubt = verdict === "none" ? "" : ", which training may take for heterogeneity";
  return `Particles and model do not fit${doubt}: ${misfit.join("; ")}`;
}

/** What new axes gain beside those of the first round. */
function addedText({ axes, added }: NonNullable<Evidence["kept"]>, all: number): string {
  const which = all - axes === 1 ? "the new axis gains" : `the ${all - axes} new axes gain`;
  return `; ${which} ${gainText(added)}${isReal(added) ? "" : ", which is none"}`;
}

function poseAdvice({ verdict, table, poses: beside }: VerdictSource): string {
  // Where there is no motion, a decoder may have learned the errors of the poses, and refining gains little beside it.
  const poses = verdict === "none" ? table.poses : beside;
  const wrong = poses.gain > poseGain && poses.gain > errors * poses.standardError;
  return wrong ? `Poses are wrong: refining them gains ${gainText(poses)}` : "";
}

/** A gain with its standard error, as text. */
export function gainText({ gain, standardError }: EvidenceGain): string {
  // Typographers' minus
  return `${gain < 0 ? "−" : "+"}${Math.abs(gain).toFixed(2)} ± ${standardError.toFixed(2)}`;
}
