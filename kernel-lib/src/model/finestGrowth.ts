import type { Volume } from "../maps/volume";
import type { DecidedGrowth, GrownModel } from "./growth";
import { allowedResolution, describedResolution, standardFrc, trialGaussians } from "./growthChoices";
import { volumeInMask } from "./growthMap";

/** Grows a model of a map to a given resolution. */
type Grow = (map: Volume, options: DecidedGrowth) => Promise<GrownModel>;

/**
 * Grows to the finest resolution at which Gaussians describe the map. A first model, to the finest resolution that is tried,
 * shows how far they do: where a map is noise, more describe it hardly better.
 */
export async function growToFinest(
  map: Volume,
  options: Omit<DecidedGrowth, "resolution">,
  grow: Grow,
): Promise<GrownModel> {
  const { targetFrc = standardFrc, gaussians } = options;
  const volume = volumeInMask(map, options.mask);
  const { resolution: finest, reason } = allowedResolution(volume, map.apix);
  const count = gaussians ?? trialGaussians(volume, finest);
  const startGaussians = options.startGaussians ?? count;
  const trial = await grow(map, { ...options, resolution: finest, gaussians: count, startGaussians });
  const { frcByRing, frc } = trial.rounds.at(-1)!;
  const described = describedResolution(frcByRing, targetFrc, map.size[0] * map.apix);
  const resolution = frc >= targetFrc || described === undefined ? finest : described;
  const why =
    resolution === finest
      ? reason
      : `to there ${count} Gaussians describe the map with a mean FRC of ${targetFrc}, to ${finest.toFixed(1)} Å ` +
        `(${reason}) with ${frc.toFixed(2)} only`;
  const grown = await grow(map, { ...options, resolution });
  return { ...grown, choices: [`resolution ${resolution.toFixed(1)} Å: ${why}`, ...grown.choices] };
}
