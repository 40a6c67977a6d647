import { pathThrough } from "../../latent/path";
import type { LatentScatterState } from "./state";
import type { ViewAxes } from "./viewAxes";

/** Points of the line that is drawn for a path. */
const linePoints = 160;

/**
 * Latent vectors at equal distances on the smooth path through some anchors, from the first to the last; empty without
 * anchors.
 * @param latent dimensions of the latent space
 */
export function stationsThrough(
  anchors: readonly (readonly number[])[],
  latent: number,
  count: number,
): number[][] {
  if (anchors.length === 0) return [];
  const { stations } = pathThrough(anchors.flat(), latent, count);
  return Array.from({ length: stations.length / latent }, (_, i) =>
    Array.from(stations.subarray(i * latent, (i + 1) * latent)),
  );
}

/** The path as drawn. Along nonlinear axes its line connects the stations. */
export function pathTraits(
  view: ViewAxes,
  { anchors, latent, stationCount }: Pick<LatentScatterState, "anchors" | "latent" | "stationCount">,
): Pick<LatentScatterState, "anchorPlaces" | "stationPlaces" | "pathLine"> {
  const stationPlaces = view.placesOf(stationsThrough(anchors, latent, stationCount));
  const smooth = view.linear && anchors.length > 1;
  return {
    anchorPlaces: view.placesOf(anchors),
    stationPlaces,
    pathLine: smooth ? view.placesOf(stationsThrough(anchors, latent, linePoints)) : stationPlaces,
  };
}
