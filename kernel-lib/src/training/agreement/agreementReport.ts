import { InputError } from "../../errors";
import type { ParticleSet } from "../../particles/particleSet";
import type { Agreement, Outlier } from "./agreement";
import type { Misfit } from "./misfit";

/** What the judgement of particles and neutral model means, in words: errors and notes. */

/** What was judged. */
export interface Judged {
  set: ParticleSet;
  /** File of the neutral model. */
  model: string;
  /** Outermost ring of the training, and Å of the box's edge. */
  rings: number;
  edge: number;
}

/** Ranges of indices that are listed before the rest is only counted. */
const MOST_RANGES = 8;
/** A gain is believed from this many standard errors on. */
const BELIEVED = 5;
/** Nats per particle that an offset or shifts have to bring to be worth a note. */
const WORTH_OFFSET = 1;
const WORTH_SHIFTS = 2;
/** A factor on the size that is worth a note. */
const WORTH_SCALE = 0.003;
/** Poses that bring less than this part of what right ones would do not belong to the images. */
const OWN_POSES = 0.25;
/** Where the agreement ends before this part of the rings, it is said. */
const EARLY = 1 / 3;

/** Why no training can begin, or undefined where particles and model agree. */
export function agreementRefusal(agreement: Agreement, judged: Judged): InputError | undefined {
  const { verdict, positive, negative } = agreement;
  const { set, model } = judged;
  const frc = `mean FRC ${meanFrc(agreement)} over ${judged.rings} rings of ${set.count} particles`;
  if (verdict === "agrees") return undefined;
  if (verdict === "none") {
    return new InputError(
      set.file,
      `images that agree with the neutral model ${model}`,
      `none that do in any Fourier ring (${frc}): check that these are the stacks of this file, that its poses belong to ` +
        "the map that the model was made of, CTF, pixel size and contrast",
    );
  }
  if (verdict === "inverted") {
    const way = set.invertContrast
      ? "leave out --invert-contrast (invertContrast in a notebook)"
      : "dark molecules on a bright background; use --invert-contrast (invertContrast in a notebook), or extract them again with inverted contrast";
    const counted =
      negative.length > 0
        ? `, ${negative.length} of them beyond doubt and ${positive.length} the other way`
        : "";
    return new InputError(
      set.file,
      `images with the contrast of the neutral model ${model}`,
      `agreement with a minus sign (${frc}${counted}): ${way}`,
    );
  }
  return new InputError(
    set.file,
    "images of one contrast",
    `${negative.length} of ${set.count} particles that agree with the neutral model ${model} with a minus sign and ` +
      `${positive.length} with a plus sign (${frc}); minus: ${whichParticles(set, negative)}; invert the images of one part, ` +
      "or train on the other alone",
  );
}

/** Why the poses cannot be those of the images, or undefined; whether that ends the training is for the caller to say. */
export function poseRefusal(misfit: Misfit, { set, model }: Judged): InputError | undefined {
  const { ownPose } = misfit;
  if (!ownPose || ownPose.expected < BELIEVED * ownPose.standardError) return undefined;
  if (ownPose.gain >= OWN_POSES * ownPose.expected) return undefined;
  return new InputError(
    set.file,
    `images that agree with ${model} better in their own poses than in those of others, by about ${ownPose.expected.toPrecision(2)} nats a particle`,
    `${ownPose.gain.toFixed(1)} ± ${ownPose.standardError.toFixed(1)}, hardly more than in others: check that ` +
      "these are the stacks of this file, and that its poses, shifts too, belong to the map that the model was " +
      "made of (--keep-outliers trains all the same)",
  );
}

/** What was left out, or kept although it does not agree. */
export function outlierNotice(outliers: readonly Outlier[], count: number, kept: boolean): string {
  const reasons = new Map<string, number>();
  for (const { reason } of outliers) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const why = [...reasons].map(([reason, n]) => `${reason} ${n}`).join(", ");
  const which = ranges(outliers.map(({ index }) => index));
  const what = kept ? "kept all the same" : "left out of training (--keep-outliers keeps them)";
  return (
    `${outliers.length} of ${count} particles agree with the neutral model far less than their CTF and the signal of the others ` +
    `let expect (${why}) and are ${what}: ${which}, counted from 0; outliers.csv lists them`
  );
}

/** What would make particles and model fit each other better, the most telling alone. */
export function misfitNotices(
  misfit: Misfit,
  agreement: Agreement,
  lastRing: number,
  { set, model, rings, edge }: Judged,
): string[] {
  const { offset, shift, ownShift, scale } = misfit;
  const found: string[] = [];
  const length = (by: readonly number[]) => Math.hypot(...by).toFixed(1);
  const gained = ({ gain }: { gain: number }) =>
    `the log-likelihood of a particle rises by ${gain.toFixed(1)}`;
  const worth = (g: { gain: number; standardError: number }, least: number) =>
    g.gain > least && g.gain > BELIEVED * g.standardError;
  if (worth(offset, WORTH_OFFSET) && offset.gain >= shift.gain) {
    found.push(
      `the particles agree better with ${model} moved by ${length(offset.by)} Å (${offset.by.map((x) => x.toFixed(1)).join(", ")} ` +
        `along x, y, z; ${gained(offset)}): the map that it was made of is not centred as the reference of the poses was`,
    );
  } else if (worth(shift, WORTH_OFFSET)) {
    found.push(
      `the particles lie ${length(shift.by)} Å from where their origins say, all in one direction ` +
        `(${shift.by.map((x) => x.toFixed(1)).join(", ")} along x, y of the images; ${gained(shift)}): check the origins of ` +
        `${set.file}, and how the images were cut out`,
    );
  } else if (worth(ownShift, WORTH_SHIFTS)) {
    const none = set.shifts().every((t) => t === 0);
    const what = none
      ? `${set.file} has no shifts, or zeros only: take the file of the refinement, with its origins`
      : `check unit and sign of the origins of ${set.file}`;
    found.push(
      `the images agree better when each is moved by a shift of its own, ${ownShift.by.toFixed(1)} Å root mean square ` +
        `(${gained(ownShift)}): ${what}`,
    );
  } else if (
    Math.abs(scale.gain) > BELIEVED * scale.standardError &&
    Math.abs(scale.by - 1) >= WORTH_SCALE &&
    scale.gain * (scale.by - 1) > 0
  ) {
    const percent = (100 * (scale.by - 1)).toFixed(1);
    found.push(
      `the particles agree better with ${model} ${Math.abs(Number(percent))} % ${scale.by > 1 ? "larger" : "smaller"}: ` +
        `check the pixel sizes of map and particles (${(set.apix / scale.by).toFixed(4)} Å instead of ${Number(set.apix.toFixed(4))} Å ` +
        "for the particles would fit)",
    );
  }
  if (found.length === 0 && lastRing < EARLY * rings) {
    found.push(
      `particles and neutral model agree down to ${(edge / lastRing).toFixed(1)} Å only (ring ${lastRing} of ${rings}, mean FRC ` +
        `${meanFrc(agreement)}): finer detail is not trained on; few particles, poses, shifts and CTF can be the reason`,
    );
  }
  return found;
}

function meanFrc({ frc, standardError }: Agreement): string {
  return `${frc.toFixed(3)} ± ${standardError.toFixed(3)}`;
}

/** Particles by optics group where that says it all, else by their indices. */
function whichParticles(set: ParticleSet, indices: Int32Array): string {
  const all = new Map<string, number>();
  const chosen = new Map<string, number>();
  const add = (counts: Map<string, number>, i: number) => {
    const { name } = set.opticsGroup(i);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  for (let i = 0; i < set.count; i++) add(all, i);
  for (const i of indices) add(chosen, i);
  const telling = [...chosen].every(([name, n]) => n >= 0.9 * all.get(name)!);
  const groups = [...chosen]
    .map(([name, n]) => `${n} of ${all.get(name)} in optics group ${name}`)
    .join(", ");
  const list = `${ranges([...indices])}, counted from 0`;
  return telling && chosen.size < all.size ? `${groups} (${list})` : list;
}

/** `0–63, 70`, and how many more. */
function ranges(indices: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const i of indices) {
    const last = runs.at(-1);
    if (last && last[1] === i - 1) last[1] = i;
    else runs.push([i, i]);
  }
  const shown = runs.slice(0, MOST_RANGES).map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  const more = runs.slice(MOST_RANGES).reduce((sum, [from, to]) => sum + to - from + 1, 0);
  return `particles ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
