import { type GaussianModel, originInBox, withOrigin } from "../model/gaussianModel";
import type { CorrectedReconstruction, MapWithHalves } from "./motionCorrection";

/** The maps with the origin of the consensus map that a model was made from, so that they lie over it in other programs. */
export function overConsensus(
  found: CorrectedReconstruction,
  neutral: GaussianModel,
): CorrectedReconstruction {
  const placed = (maps: MapWithHalves): MapWithHalves => {
    const { size, apix } = maps.map;
    const origin = withOrigin(originInBox(neutral.origin, neutral, { boxSize: size[0], apix }));
    const [map, half1, half2] = [maps.map, maps.half1, maps.half2].map((one) => ({ ...one, ...origin }));
    return { ...maps, map: map!, half1: half1!, half2: half2! };
  };
  return { ...found, corrected: placed(found.corrected), plain: placed(found.plain) };
}
