import { lowPass } from "../../maps/filter";
import type { Volume } from "../../maps/volume";
import { resolutionAt } from "../../reconstruction/fsc";
import type { Reconstruction } from "../../reconstruction/reconstruct";

/** FSC of half maps at which a map ends. */
const threshold = 0.143;

/** A map as the viewer shows it, and what was done to it. */
export interface ShownMap {
  map: Volume;
  note: string;
}

/**
 * The map of a set as it is shown: low-pass filtered where the FSC of its half maps falls below 0.143, beyond which there is noise
 * alone. Files have the map as it was reconstructed.
 */
export function shownMap({ map, fsc }: Reconstruction): ShownMap {
  if (!fsc) return { map, note: "not filtered, as there are no half maps" };
  const resolution = resolutionAt(fsc, threshold);
  if (!Number.isFinite(resolution)) {
    return { map, note: `not filtered: the FSC of its half maps is nowhere above ${threshold}` };
  }
  if (resolution <= 2 * map.apix) return { map, note: "" };
  return {
    map: lowPass(map, resolution),
    note: `filtered to ${resolution.toFixed(1)} Å, where the FSC of its half maps falls below ${threshold}`,
  };
}
