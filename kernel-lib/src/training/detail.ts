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
  const limit = `${(edge / rings).toFixed(1)} Å, ${requested === undefined ? "all that the model's box holds" : "as requested"}`;
  const reason =
    used < rings
      ? `beyond it, particles and neutral model agree no better than by chance (rings go to ${limit})`
      : requested === undefined
        ? "all that the model's box holds; particles and neutral model agree to there"
        : "as requested; particles and neutral model agree to there";
  return { resolution, sentence: `the training goes to ${resolution.toFixed(1)} Å: ${reason}` };
}
