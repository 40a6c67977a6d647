import type { GrowthRound } from "./growth";

/**
 * Choice of resolution and number of Gaussians where they are not given: the finest resolution to which a number of Gaussians that
 * can be trained describes the map. On the 3,000 `adk` particles, whose map is noise beyond 5 Å, motion is seen to 7 Å; models to 4.5,
 * 6, 8 and 10 Å (512, 512, 256 and 256 Gaussians) gave evidence of 17.3, 17.5, 17.0 and 14.8 nats per particle.
 */

/** Most Gaussians of automatic growth. */
export const mostGaussians = 3000;
/** Fewest Gaussians that automatic growth begins with. */
const fewestGaussians = 32;
/** Gaussians per resolution element (a cube as wide as the resolution) that automatic growth begins with, … */
const perElement = 2.5;
/** … and that a clear map needs at least; those of a first model, which shows to which resolution a map can be described. */
const neededPerElement = 1.5;
/** Voxels of the map per resolution. */
const voxelsPerResolution = 4;
/** Mean FRC at which a map counts as described. */
export const standardFrc = 0.95;

/** Gaussians that automatic growth begins with. @param volume of the molecule, Å³ */
export function firstGaussians(volume: number, resolution: number): number {
  return gaussiansFor(perElement, volume, resolution);
}

/** Gaussians of the model that shows to which resolution a map can be described. @param volume of the molecule, Å³ */
export function trialGaussians(volume: number, resolution: number): number {
  return gaussiansFor(neededPerElement, volume, resolution);
}

function gaussiansFor(density: number, volume: number, resolution: number): number {
  const wanted = Math.round((density * volume) / resolution ** 3);
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

/**
 * The finest resolution to which the mean FRC of a model is at least the target; undefined if that of the first ring is not.
 * @param frcByRing from ring 0
 */
export function describedResolution(
  frcByRing: readonly number[],
  targetFrc: number,
  boxLength: number,
): number | undefined {
  let [sum, described] = [0, 0];
  for (let ring = 1; ring < frcByRing.length; ring++) {
    sum += frcByRing[ring]!;
    if (sum / ring >= targetFrc) described = ring;
  }
  return described > 0 ? boxLength / described : undefined;
}

/** Why a model has as many Gaussians as it has. */
export function gaussiansSentence(
  rounds: readonly GrowthRound[],
  { resolution, targetFrc }: { resolution: number; targetFrc: number },
  dropped?: GrowthRound,
): string {
  const { gaussians, frc } = rounds.at(-1)!;
  const reached = `mean FRC with the map ${frc.toFixed(3)} to ${resolution.toFixed(1)} Å`;
  const target = `the target of ${targetFrc}`;
  const why =
    frc >= targetFrc
      ? `enough for ${target}`
      : dropped
        ? `short of ${target}, but ${dropped.gaussians} gain only ${(dropped.frc - frc).toFixed(3)}: the rest is noise or finer than Gaussians describe`
        : `short of ${target}, and the most that are tried`;
  return `${gaussians} Gaussians: ${reached}, ${why}`;
}
