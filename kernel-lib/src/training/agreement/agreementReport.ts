import { InputError } from "../../errors";
import type { ParticleSet } from "../../particles/particleSet";
import type { Agreement, Outlier } from "./agreement";
import type { Gain } from "./gain";
import type { Misfit } from "./misfit";
import { opticsSentences } from "./opticsReport";

/*
 * Errors and warnings about the agreement of particles and neutral model.
 */

/** What was judged. */
export interface Judged {
  set: ParticleSet;
  /** File of the neutral model. */
  model: string;
  /** Outermost ring of the training. */
  rings: number;
  /** Box length in Å. */
  boxLength: number;
}

/** Ranges of indices that are listed; the rest is only counted. */
const maxRanges = 8;
/** Standard errors from which a gain is significant. */
const significant = 5;
/** Gains in nats per particle from which an offset or individual shifts are reported. */
const leastOffsetGain = 1;
const leastShiftGain = 2;
/** Poses are wrong if they gain less than this fraction of what correct ones would. */
const leastPoseGain = 0.25;
/** Fraction of particles in foreign poses that is reported: good sets have up to a few percent of such. */
const leastForeign = 0.08;
/** Agreement is reported if it ends before this fraction of the rings. */
const earlyEnd = 1 / 3;

/** The error if no training is possible, or undefined if particles and model agree. */
export function agreementError(agreement: Agreement, judged: Judged): InputError | undefined {
  const { verdict, positive, negative } = agreement;
  const { set, model } = judged;
  const frc = `mean FRC ${meanFrc(agreement)} over ${judged.rings} rings of ${set.count} particles`;
  if (verdict === "agrees") return undefined;
  if (verdict === "none") {
    return new InputError(
      set.file,
      `images that agree with the neutral model ${model}`,
      `no agreement in any Fourier ring (${frc}); check that these are the stacks of this file, that its poses belong to ` +
        "the map that the model was made from, and CTF, pixel size and contrast",
    );
  }
  if (verdict === "inverted") {
    const remedy = set.invertContrast
      ? "leave out --invert-contrast (invertContrast in a notebook)"
      : "dark molecules on a bright background; use --invert-contrast (invertContrast in a notebook), or extract them again with inverted contrast";
    const counted =
      negative.length > 0
        ? `, ${negative.length} of them significantly and ${positive.length} the other way`
        : "";
    return new InputError(
      set.file,
      `images with the contrast of the neutral model ${model}`,
      `agreement with a minus sign (${frc}${counted}): ${remedy}`,
    );
  }
  return new InputError(
    set.file,
    "images of the same contrast",
    `${negative.length} of ${set.count} particles that agree with the neutral model ${model} with a minus sign and ` +
      `${positive.length} with a plus sign (${frc}); minus: ${describeParticles(set, negative)}; invert the images of one ` +
      "group, or train on the other alone",
  );
}

/** The error if the poses cannot be those of the images, or undefined. */
export function poseError({ ownPose }: Misfit, { set, model }: Judged): InputError | undefined {
  if (!ownPose || ownPose.expected < significant * ownPose.standardError) return undefined;
  if (ownPose.gain >= leastPoseGain * ownPose.expected) return undefined;
  return new InputError(
    set.file,
    `images that agree with ${model} better in their own poses than in those of others, by about ${ownPose.expected.toPrecision(2)} nats per particle`,
    `${ownPose.gain.toFixed(1)} ± ${ownPose.standardError.toFixed(1)}, hardly better than in others; check that these are ` +
      "the stacks of this file, and that its poses and shifts belong to the map that the model was made from " +
      "(--keep-outliers trains anyway)",
  );
}

/** A sentence about outliers, whether they are excluded or kept. */
export function outlierWarning(outliers: readonly Outlier[], count: number, kept: boolean): string {
  const reasons = new Map<string, number>();
  for (const { reason } of outliers) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const why = [...reasons].map(([reason, n]) => `${reason} ${n}`).join(", ");
  const which = describeRanges(outliers.map(({ index }) => index));
  const what = kept ? "kept anyway" : "left out of training (--keep-outliers keeps them)";
  return (
    `${outliers.length} of ${count} particles agree far less with the neutral model than expected from their CTF and the signal ` +
    `of the others (${why}) and are ${what}: ${which}, counted from 0`
  );
}

/**
 * Sentences about what does not fit: particles in foreign poses; else of offsets only the most significant one, and sizes only without
 * an offset, with numbers only where poses and frame are right.
 * @param isTurned whether the model is in another frame than the poses
 */
export function misfitSentences(misfit: Misfit, judged: Judged, isTurned: boolean): string[] {
  const foreign = foreignWarning(misfit, judged);
  // What else does not fit may follow from them.
  if (foreign !== undefined) return [foreign, ...opticsSentences(misfit, judged, "many poses are wrong")];
  const offset = offsetWarning(misfit, judged);
  if (offset !== undefined) return [offset];
  const why = isTurned ? "map and poses are in different frames" : undefined;
  return opticsSentences(misfit, judged, why);
}

/** A sentence about particles that agree no better in their own rotations than in those of others. */
function foreignWarning({ ownPose }: Misfit, { set, model }: Judged): string | undefined {
  const foreign = ownPose?.foreign;
  if (!foreign) return undefined;
  const { fraction, standardError, particles } = foreign;
  if (fraction < leastForeign || fraction < significant * standardError) return undefined;
  const percent = (part: number) => (100 * part).toFixed(0);
  return (
    `about ${percent(fraction)} ± ${percent(standardError)} % of the particles agree with ${model} no better in their own orientations than ` +
    `in those of other particles (of ${particles} that could tell): wrong poses, or images without the molecule, which a training takes for ` +
    `motion; refine the orientations of ${set.file} by a global search, or leave these particles out. Many molecules without a large ` +
    "part of the model, such as one of two or three units, look the same with right poses"
  );
}

/** A sentence about an agreement that ends early; undefined if it does not. */
export function coarseAgreement(
  agreement: Agreement,
  lastRing: number,
  { model, rings, boxLength }: Judged,
): string | undefined {
  if (lastRing >= earlyEnd * rings) return undefined;
  return (
    `particles and neutral model ${model} agree only to ${(boxLength / lastRing).toFixed(1)} Å (ring ${lastRing} of ${rings}, ` +
    `mean FRC ${meanFrc(agreement)}): finer detail is not used; possible reasons are few particles, poses, shifts and CTF`
  );
}

function offsetWarning({ offset, shift, ownShift }: Misfit, { set, model }: Judged): string | undefined {
  const length = (by: readonly number[]) => Math.hypot(...by).toFixed(1);
  const list = (by: readonly number[]) => by.map((x) => x.toFixed(1)).join(", ");
  const gained = ({ gain }: Gain) => `the log-likelihood of a particle rises by ${gain.toFixed(1)}`;
  const matters = ({ gain, standardError }: Gain, least: number) =>
    gain > least && gain > significant * standardError;
  if (matters(offset, leastOffsetGain) && offset.gain >= shift.gain) {
    return (
      `the particles agree better with ${model} moved by ${length(offset.by)} Å (${list(offset.by)} along x, y, z; ` +
      `${gained(offset)}): the map that it was made from is not centred like the reference of the poses`
    );
  }
  if (matters(shift, leastOffsetGain)) {
    return (
      `the particles lie ${length(shift.by)} Å from where their origins say, all in the same direction ` +
      `(${list(shift.by)} along x, y of the images; ${gained(shift)}): check the origins of ${set.file}, and how the images ` +
      "were extracted"
    );
  }
  if (matters(ownShift, leastShiftGain)) {
    const remedy = set.shifts().every((t) => t === 0)
      ? `${set.file} has no shifts, or only zeros: use the file of the refinement, with its origins`
      : `check unit and sign of the origins of ${set.file}`;
    return (
      `the images agree better when each is shifted separately, ${ownShift.by.toFixed(1)} Å root mean square ` +
      `(${gained(ownShift)}): ${remedy}`
    );
  }
  return undefined;
}

function meanFrc({ frc, standardError }: Agreement): string {
  return `${frc.toFixed(3)} ± ${standardError.toFixed(3)}`;
}

/** Particles by optics group if the groups explain them, and by index. */
function describeParticles(set: ParticleSet, agreeing: Int32Array): string {
  const { particleOf } = set.tilts();
  const indices = agreeing.map((i) => particleOf?.[i] ?? i);
  const all = new Map<string, number>();
  const chosen = new Map<string, number>();
  const add = (counts: Map<string, number>, i: number) => {
    const { name } = set.opticsGroup(i);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  for (let i = 0; i < set.count; i++) add(all, i);
  for (const i of indices) add(chosen, i);
  const explained = [...chosen].every(([name, n]) => n >= 0.9 * all.get(name)!);
  const groups = [...chosen]
    .map(([name, n]) => `${n} of ${all.get(name)} in optics group ${name}`)
    .join(", ");
  const list = `${describeRanges([...indices])}, counted from 0`;
  return explained && chosen.size < all.size ? `${groups} (${list})` : list;
}

/** `particles 0–63, 70`, and how many more. */
function describeRanges(indices: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const i of indices) {
    const last = runs.at(-1);
    if (last && last[1] === i - 1) last[1] = i;
    else runs.push([i, i]);
  }
  const shown = runs.slice(0, maxRanges).map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  const more = runs.slice(maxRanges).reduce((sum, [from, to]) => sum + to - from + 1, 0);
  return `particles ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
