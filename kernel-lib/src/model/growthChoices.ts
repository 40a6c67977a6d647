import type { GrowthRound } from "./growth";
import { lastRingOfSignal, type MapSignal } from "./mapSignal";

/**
 * Choice of resolution and number of Gaussians where they are not given: the finest resolution to which the map has signal, and to
 * which a number of Gaussians that can be trained describes that signal.
 */

/** Most Gaussians of automatic growth. */
export const mostGaussians = 3000;
/** Fewest Gaussians that automatic growth begins with. */
const fewestGaussians = 32;
/** Gaussians per resolution element (a cube as wide as the resolution) that automatic growth begins with, … */
const perElement = 1;
/** … and that a clear map may need. */
const neededPerElement = 1.5;
/** Voxels of the map per resolution. */
const voxelsPerResolution = 3;
/** Mean FRC at which a map counts as described, relative to what its noise allows. */
export const standardFrc = 0.95;
/** Noise that takes less than this of the mean FRC is not mentioned. */
const negligible = 0.005;

/** Gaussians that automatic growth begins with. @param volume of the molecule, Å³ */
export function firstGaussians(volume: number, resolution: number): number {
  const wanted = Math.round((perElement * volume) / resolution ** 3);
  return Math.max(fewestGaussians, Math.min(mostGaussians, wanted));
}

/** A chosen resolution and the reason. */
export interface ChosenResolution {
  /** In Å. */
  resolution: number;
  /** Why it is no finer. */
  reason: string;
}

/** The finest resolution that voxels and number of Gaussians allow. */
export function allowedResolution(volume: number, apix: number): ChosenResolution {
  const ofVoxels = voxelsPerResolution * apix;
  const ofGaussians = Math.cbrt((neededPerElement * volume) / mostGaussians);
  return ofVoxels >= ofGaussians
    ? { resolution: ofVoxels, reason: `${voxelsPerResolution} voxels of the map` }
    : { resolution: ofGaussians, reason: `finer detail needs more than ${mostGaussians} Gaussians` };
}

/** The resolution to which the map has signal, if that is less fine. */
export function resolutionOfSignal(
  finest: ChosenResolution,
  clear: MapSignal | undefined,
  boxLength: number,
): ChosenResolution {
  if (!clear) return finest;
  const last = lastRingOfSignal(clear);
  if (last + 1 >= clear.fraction.length) return finest;
  const reason =
    "in the next ring less than a quarter of the map's power within the molecule is signal, by the noise around it";
  return { resolution: boxLength / last, reason };
}

/** Whether the noise of a map limits the FRC. */
export function noiseIsSeen(clear: MapSignal | undefined): boolean {
  return clear !== undefined && meanAllowed(clear, clear.allowedFrc.length - 1) <= 1 - negligible;
}

/** Mean FRC over the first rings that a model without errors would have with the map. */
export function meanAllowed(clear: MapSignal | undefined, rings: number): number {
  if (!clear) return 1;
  let sum = 0;
  for (let r = 1; r <= rings; r++) sum += clear.allowedFrc[r]!;
  return sum / rings;
}

/**
 * The finest resolution to which the mean FRC of a model is at least the target; undefined if that of the first ring is not.
 * @param frcByRing from ring 0
 */
export function describedResolution(
  frcByRing: readonly number[],
  { targetFrc, boxLength, clear }: { targetFrc: number; boxLength: number; clear?: MapSignal | undefined },
): number | undefined {
  let [sum, described] = [0, 0];
  for (let ring = 1; ring < frcByRing.length; ring++) {
    sum += frcByRing[ring]!;
    if (sum / ring >= targetFrc * meanAllowed(clear, ring)) described = ring;
  }
  return described > 0 ? boxLength / described : undefined;
}

/** What a model is judged by. */
export interface GrowthTarget {
  /** Mean FRC relative to what the noise allows. */
  targetFrc: number;
  /** Mean FRC with the map that its noise allows. */
  allowed: number;
}

/** The target, in words. */
export function targetSentence({ targetFrc, allowed }: GrowthTarget): string {
  return allowed > 1 - negligible
    ? `the target of ${targetFrc}`
    : `the target of ${targetFrc} of the ${allowed.toFixed(3)} that the noise of the map allows`;
}

/** Why a model has as many Gaussians as it has. */
export function gaussiansSentence(
  rounds: readonly GrowthRound[],
  { resolution, targetFrc, allowed }: GrowthTarget & { resolution: number },
  dropped?: GrowthRound,
): string {
  const { gaussians, frc } = rounds.at(-1)!;
  const reached = `mean FRC with the map ${frc.toFixed(3)} to ${resolution.toFixed(1)} Å`;
  const target = targetSentence({ targetFrc, allowed });
  const why =
    frc >= targetFrc * allowed
      ? `enough for ${target}`
      : dropped
        ? `short of ${target}, but ${dropped.gaussians} gain only ${(dropped.frc - frc).toFixed(3)}: the rest is noise or finer than Gaussians describe`
        : `short of ${target}, and the most that are tried`;
  return `${gaussians} Gaussians: ${reached}, ${why}`;
}
