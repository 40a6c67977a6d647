import type { Volume } from "../maps/volume";
import type { DecidedGrowth, GrowthRound } from "./growth";
import { meanAllowed, standardFrc, targetSentence } from "./growthChoices";
import { hotVoxel } from "./mapChecks";

/** What a growth was asked for. */
type WarnedGrowth = Pick<DecidedGrowth, "gaussians" | "resolution" | "targetFrc"> &
  Partial<Pick<DecidedGrowth, "clear">>;

/** FRC below which a ring counts as not described. */
const describedFrc = 0.5;
/** A mean FRC this much below the target gives a warning. */
const shortfall = 0.05;

/**
 * Warnings about what a grown model does not describe of its map, and what would help.
 *
 * The suggested number of Gaussians assumes that each describes a fixed volume at the resolution where the FRC falls
 * below the target; it grows with the third power of the resolution from there.
 */
export function growthWarnings(
  map: Volume,
  rounds: readonly GrowthRound[],
  { gaussians, resolution, clear, targetFrc = standardFrc }: WarnedGrowth,
): string[] {
  const warnings: string[] = [];
  const hot = hotVoxel(map);
  if (hot) warnings.push(hot);
  const { frc, frcByRing, gaussians: count } = rounds.at(-1)!;
  const allowed = meanAllowed(clear, frcByRing.length - 1);
  if (frc >= (targetFrc - shortfall) * allowed) return warnings;
  const boxLength = map.size[0] * map.apix;
  const firstBelow = (least: number) => {
    const ring = frcByRing.findIndex((value, r) => r > 0 && value < least * (clear?.allowedFrc[r] ?? 1));
    return ring < 0 ? frcByRing.length : ring;
  };
  const described = firstBelow(describedFrc) - 1;
  const reached = boxLength / Math.max(1, firstBelow(targetFrc) - 1);
  const extent =
    described === 0
      ? "it does not describe the map in any ring (FRC below 0.5)"
      : described + 1 === frcByRing.length
        ? `it describes the map to ${resolution} Å, but coarsely`
        : `it describes the map to ${(boxLength / described).toFixed(1)} Å (FRC 0.5)`;
  const needed = Math.ceil((count * (reached / resolution) ** 3) / 10) * 10;
  const coarser = `a coarser resolution, about ${reached.toFixed(1)} Å`;
  const help =
    described === 0 || hot
      ? "check the map for hot voxels, noise or density outside the molecule, and a wrong pixel size"
      : gaussians === undefined
        ? `the rest may be noise in the map: mask it, or use ${coarser}`
        : `use more Gaussians (roughly ${needed}), leave --gaussians out, or use ${coarser}; a mask may help where the map is noisy`;
  warnings.push(
    `the model's mean FRC is ${frc.toFixed(3)} to ${resolution} Å, below ${targetSentence({ targetFrc, allowed })}: ${extent}; ${help}`,
  );
  return warnings;
}
