import { ringsWithin } from "../fourier/trainingBox";
import type { Volume } from "../maps/volume";
import type { DecidedGrowth, GrownModel } from "./growth";
import {
  allowedResolution,
  describedResolution,
  meanAllowed,
  noiseIsSeen,
  resolutionOfSignal,
  standardFrc,
} from "./growthChoices";
import { volumeInMask } from "./growthMap";
import { mapSignal } from "./mapSignal";

/** Grows a model of a map to a given resolution. */
type Grow = (map: Volume, options: DecidedGrowth) => Promise<GrownModel>;

/**
 * Grows to the finest resolution to which the map has signal. Where Gaussians do not describe it to there, since they are too few or
 * noise cannot be told from it, to the one to which they do.
 */
export async function growToFinest(
  map: Volume,
  options: Omit<DecidedGrowth, "resolution" | "clear">,
  grow: Grow,
): Promise<GrownModel> {
  const { targetFrc = standardFrc } = options;
  const boxLength = map.size[0] * map.apix;
  const allowed = allowedResolution(volumeInMask(map, options.mask), map.apix);
  const clear = mapSignal(map, options.mask, ringsWithin(boxLength, allowed.resolution, map.size[0]));
  const { resolution: finest, reason } = resolutionOfSignal(allowed, clear, boxLength);
  const task = { ...options, clear };
  // Without noise around the molecule, as in a masked map, more Gaussians would describe the noise within it.
  const doubling = noiseIsSeen(clear);
  const grown = await grow(map, { ...task, resolution: finest, doubling });
  const { frcByRing, frc, gaussians } = grown.rounds.at(-1)!;
  const described = describedResolution(frcByRing, { targetFrc, boxLength, clear });
  if (described === undefined || frc >= targetFrc * meanAllowed(clear, frcByRing.length - 1)) {
    return { ...grown, choices: [`resolution ${finest.toFixed(1)} Å: ${reason}`, ...grown.choices] };
  }
  const coarser = await grow(map, { ...task, resolution: described });
  const choice =
    `resolution ${described.toFixed(1)} Å: to there ${gaussians} Gaussians describe the map with a mean FRC of ${targetFrc}` +
    `${clear ? " of what its noise allows" : ""}, to ${finest.toFixed(1)} Å (${reason}) with ${frc.toFixed(2)} only`;
  return { ...coarser, choices: [choice, ...coarser.choices] };
}
