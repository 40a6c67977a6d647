import type { Volume } from "../maps/volume";
import type { GrowOptions, GrowthRound } from "./growth";
import { hotVoxel } from "./mapChecks";

/** A ring that agrees less than this is not described. */
const DESCRIBED = 0.5;
/** So much below the target FRC a model is said to fall short. */
const SHORT = 0.05;

/**
 * What a grown model does not describe of its map, with what would help.
 *
 * How many Gaussians would: their number goes with the volume that each describes, so with the third power of the
 * resolution from that at which the FRC falls below the target.
 */
export function growthNotices(
  map: Volume,
  rounds: readonly GrowthRound[],
  targetFrc: number,
  { gaussians, resolution }: Pick<GrowOptions, "gaussians" | "resolution">,
): string[] {
  const found: string[] = [];
  const hot = hotVoxel(map);
  if (hot) found.push(hot);
  const { frc, frcByRing, gaussians: count } = rounds.at(-1)!;
  if (frc >= targetFrc - SHORT) return found;
  const edge = map.size[0] * map.apix;
  const firstBelow = (least: number) => {
    const ring = frcByRing.findIndex((value, r) => r > 0 && value < least);
    return ring < 0 ? frcByRing.length : ring;
  };
  const described = firstBelow(DESCRIBED) - 1;
  const reached = edge / Math.max(1, firstBelow(targetFrc) - 1);
  const where =
    described === 0
      ? "in no ring does it describe the map (FRC below 0.5)"
      : described + 1 === frcByRing.length
        ? `it describes the map to ${resolution} Å, but coarsely`
        : `it describes the map to ${(edge / described).toFixed(1)} Å (FRC 0.5)`;
  const needed = Math.ceil((count * (reached / resolution) ** 3) / 10) * 10;
  const coarser = `a coarser resolution, about ${reached.toFixed(1)} Å`;
  const help =
    described === 0 || hot
      ? "check the map: single voxels, noise and density outside the molecule, a wrong pixel size"
      : gaussians === undefined
        ? `what is left may be noise in the map: mask it, or ask for ${coarser}`
        : `more Gaussians would help, roughly ${needed}, or --gaussians left out, or ${coarser}; so may a mask where the map is noisy`;
  found.push(
    `mean FRC ${frc.toFixed(3)} to ${resolution} Å, where ${targetFrc} was aimed at: ${where}; ${help}`,
  );
  return found;
}
