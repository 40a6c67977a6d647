import { InputError } from "../../errors";
import type { TaskOptions } from "../../progress";
import { Pacing } from "../pacing";
import { checkDeviations, checkIntegers, gatherPoints, sampleRows } from "../points";
import { countPopulation, type MotionDecoder, type MotionRegion, regionIndices } from "./decoder";
import { type EigenDirection, eigenDirections, measureMetrics, motionAlong } from "./localMetrics";
import { type Eigenmotion, LocalMotions, otherRegions } from "./localMotions";
import { decodeSample, MotionFrame } from "./motionFrame";
import { orient, type Pattern, PatternScores, patternOf } from "./patterns";
import { Population } from "./population";

/** Options of {@link localEigenmotions}. */
export interface EigenmotionOptions extends TaskOptions {
  /** Motions of each region, at most as many as axes of the latent space. Default 1. */
  count?: number;
  /** Standard deviations of the points, [n · latent], from which the uncertainty of scores follows. Default: none. */
  deviations?: Float32Array;
  /** Whether the motion that the whole molecule shares is removed first. Default true. */
  removeRigid?: boolean;
  /** Points at which derivatives are taken, a random sample of the population. Default 256. */
  maxPoints?: number;
  /** Seed of the sample. Default 1. */
  seed?: number;
}

/**
 * Local eigenmotions of regions: the directions of the latent space that move a region most and the rest of the molecule
 * least. The first of a region maximizes |J_in d|² / (|J_out d|² + ε), with J the derivative of the decoded centres in Å,
 * weighted by mass (Aσ³), averaged over the population; further ones are orthogonal to it inside and outside. Outside of
 * a region is all that is not in it. Regions may overlap; each other one that does not counts as much as all of the outside,
 * so that the motions of small regions are told apart.
 *
 * @param decoder such as an open run
 * @param points  the population, [n · latent]
 * @param regions masks, shapes, or indices of Gaussians; shapes and masks are applied to the model at the mean of the points
 * @throws InputError for a region without Gaussians or with all of them, fewer than three points, points that all coincide,
 *   and options out of their range
 * @throws StoppedError if aborted
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const mask = await e2.maps.readMask("mask.mrc");
 * const inside = e2.model.gaussiansInRegion(run.neutral, { mask });
 * const motions = await e2.latent.localEigenmotions(run, refined, [inside.slice(0, 6)]);
 * const [motion] = motions.regions[0];
 * console.log(motion.size, motion.leakage);
 * const { stations, particles } = motions.trace([{ region: 0, motion: 0 }], { stations: 5 });
 * ```
 */
export async function localEigenmotions(
  decoder: MotionDecoder,
  points: Float32Array,
  regions: readonly MotionRegion[],
  options: EigenmotionOptions = {},
): Promise<LocalMotions> {
  const { latent } = decoder;
  const { count = 1, maxPoints = 256, seed = 1, deviations } = options;
  countPopulation(decoder, points, 3);
  checkIntegers({ count, maxPoints }, 1);
  checkDeviations(deviations, points.length, latent);
  if (count > latent) {
    throw new InputError("count", `at most ${latent}, the axes of the latent space`, String(count));
  }
  const pacing = new Pacing(options);
  const population = new Population(points, latent);
  const inside = checkedRegions(decoder, regions, population);
  const sample = await decodeSample(decoder, points, { size: 2 * maxPoints, seed }, pacing);
  const frame = new MotionFrame(sample, options.removeRigid ?? true);
  const chosen = gatherPoints(points, latent, sampleRows(points.length / latent, maxPoints, seed));
  const metrics = await measureMetrics(decoder, chosen, { frame, population, regions: inside }, pacing);
  const directions = inside.map((_, r) =>
    eigenDirections(metrics.mean, otherRegions(inside, r), population).slice(0, count),
  );
  const patterns = directions.flatMap((found, r) =>
    found.map(({ direction }) =>
      regionPattern(frame, inside[r]!, { direction, derivatives: metrics.derivatives }),
    ),
  );
  const measure = new PatternScores(decoder, frame, patterns);
  const scores = await measure.of(points, pacing);
  const signs = orient(patterns, scores);
  const noise = deviations && (await measure.noise(points, deviations, { population, seed }, pacing));
  const motions = directions.map((found, r) =>
    found.map((one, m): Eigenmotion => {
      const c = r * count + m;
      const direction = one.direction.map((x) => signs[c]! * x);
      const along = Float32Array.from(
        { length: scores.length / patterns.length },
        (_, i) => scores[i * patterns.length + c]!,
      );
      return describe({ ...one, direction }, along, {
        outside: motionAlong(metrics.mean.outside[r]!, direction),
        ...(noise && { noise: noise[c]! }),
      });
    }),
  );
  return new LocalMotions({ decoder, points, population, frame, inside, metrics, motions });
}

function describe(
  { direction, ratio }: EigenDirection,
  scores: Float32Array,
  { outside, noise }: { outside: number; noise?: number },
): Eigenmotion {
  const size = Math.sqrt(scores.reduce((sum, x) => sum + x * x, 0) / scores.length);
  return { direction, ratio, scores, size, leakage: outside, ...(noise !== undefined && { noise }) };
}

/** The region's mean motion along a direction. */
function regionPattern(
  frame: MotionFrame,
  inside: Int32Array,
  { direction, derivatives }: { direction: Float64Array; derivatives: readonly Float64Array[] },
): Pattern {
  const moved = new Float64Array(3 * inside.length);
  inside.forEach((i, at) => {
    for (let a = 0; a < 3; a++)
      direction.forEach((x, d) => {
        moved[3 * at + a]! += x * derivatives[d]![3 * i + a]!;
      });
  });
  return patternOf(frame, inside, moved);
}

function checkedRegions(
  decoder: MotionDecoder,
  regions: readonly MotionRegion[],
  { mean }: Population,
): Int32Array[] {
  if (regions.length === 0) throw new InputError("regions", "at least one", "none");
  const model = decoder.decode(mean);
  return regions.map((region, r) => {
    const where = regions.length === 1 ? "region" : `region ${r + 1}`;
    const inside = regionIndices(model, region, where);
    if (inside.length === model.count) {
      throw new InputError(where, "a part of the molecule", "all of its Gaussians");
    }
    return inside;
  });
}
