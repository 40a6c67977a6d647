import type { GaussianModel } from "../model/gaussianModel";

/** What {@link detailOf} depends on. */
interface DetailLimits {
  /** The neutral model, whose box holds the rings. */
  model: Pick<GaussianModel, "boxSize" | "apix">;
  /** Outermost ring of the training. */
  rings: number;
  /** Outermost ring in which particles and neutral model agree by more than chance. */
  lastRing: number;
  /** Resolution in Å that was requested, if any. */
  requested: number | undefined;
}

/**
 * To which resolution a training goes, and why: rings in which particles and neutral model agree no better than by chance have
 * no weight.
 */
export function detailOf({ model, rings, lastRing, requested }: DetailLimits): {
  resolution: number;
  sentence: string;
} {
  const used = Math.max(1, Math.min(lastRing, rings));
  const edge = model.boxSize * model.apix;
  const resolution = edge / used;
  const isHeld = requested !== undefined && Math.floor(edge / requested) <= rings;
  const asked = requested === undefined ? "" : ` of the ${requested} Å requested`;
  const bound = isHeld ? "as requested" : `all that the model's box holds${asked}`;
  const limit = `${(edge / rings).toFixed(1)} Å, ${bound}`;
  const reason =
    used < rings
      ? `beyond it, particles and neutral model agree no better than by chance (rings go to ${limit})`
      : `${bound}; particles and neutral model agree to there`;
  return { resolution, sentence: `the training goes to ${resolution.toFixed(1)} Å: ${reason}` };
}
