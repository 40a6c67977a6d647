import path from "node:path";
import { particleExtension } from "../../../particles/particleExtension";
import { refineInRounds } from "./refineInRounds";
import type { RoundsReport, RoundsSettings } from "./roundsSettings";

/** The better poses of those in a file and refined ones. */
export interface BestPoses {
  /** Whether those of the file are good: half maps from refined poses agree no better. */
  good: boolean;
  /** Particle file with the better poses: the given one if they are good, else `poses.star` (or `.cs`) in the folder. */
  particles: string;
  /** Folder of its image stacks. */
  dataFolder: string;
  /** Map from the better poses, which models should be made from. */
  map: string;
  /** What was measured. */
  report: RoundsReport;
}

/**
 * Whether the poses in a particle file are good, and better ones if they are not: what should come before a training, since where
 * poses are wrong and nobody refines them, motion is invented. See {@link refineInRounds}, which decides and writes the folder.
 * @throws InputError as {@link refineInRounds}; StoppedError
 * @example
 * ```ts
 * const { good, particles, map } = await e2.training.bestPoses({
 *   particles: "particles.star",
 *   out: "best-poses",
 *   rounds: 1,
 *   gaussians: 24,
 *   prior: { rotation: 1, shift: 1 },
 * });
 * console.log(good ? "as in the file" : "refined", particles, map);
 * ```
 */
export async function bestPoses(settings: RoundsSettings): Promise<BestPoses> {
  const report = await refineInRounds(settings);
  const good = report.verdict === "leave";
  const { particles, out, dataFolder = path.dirname(particles) } = settings;
  return {
    good,
    particles: good ? particles : path.join(out, `poses${particleExtension(particles)}`),
    dataFolder,
    map: path.join(out, "map.mrc"),
    report,
  };
}
