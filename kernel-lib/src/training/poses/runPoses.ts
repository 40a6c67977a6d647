import type { ParticlePoses } from "../../particles/writePoses";
import type { TaskOptions } from "../../progress";
import type { EngineChoice } from "../../projection/engines";
import type { Reopened } from "../evidence/reopen";
import type { PlaceDecoder } from "../posterior/decoders";
import type { PosePrior } from "../posterior/placePosterior";
import type { BatchPoses } from "../posterior/variants";
import { type RefinedPoses, refinedPoses } from "./refinedPoses";

/** Options of `Run.refinePoses`. */
export interface RunPosesOptions extends TaskOptions {
  /**
   * How far the poses of the file may be off: standard deviations along each axis, in degrees and Å; 0 for what is known.
   * Default: measured on a sample of the particles.
   */
  prior?: PosePrior;
  /**
   * Particle file with the poses from which those of the run were refined, and which the priors are relative to. Their errors are
   * independent of the motion; those of poses refined against one model are not, since they imitate it. Default: as the reports
   * of `e2gmm rounds` and `e2gmm poses` beside the run's particle file say, else its own poses.
   */
  reference?: string;
  /** Projection engine and number of threads. Default `wasm`. */
  engine?: EngineChoice;
  /** Called with a sentence about what has changed since the training. */
  onWarning?: (warning: string) => void;
}

/** What {@link refineRunPoses} works with. */
export interface PosedRun {
  reopened: Reopened;
  decoder: PlaceDecoder;
  /** Where the search begins, [particles · latent]. */
  places: Float32Array;
  /** The reference of the priors, and its file. Default: the poses of the run. */
  reference?: { file: string; poses: ParticlePoses } | undefined;
}

/** Refines place and pose of all particles of a run together, with the decoder fixed. */
export async function refineRunPoses(
  { reopened, decoder, places, reference }: PosedRun,
  { signal, onProgress, prior }: Pick<RunPosesOptions, "signal" | "onProgress" | "prior">,
): Promise<RefinedPoses> {
  const { trainingSet, validationSet, targets, ...context } = reopened;
  const members = Int32Array.from([...trainingSet, ...validationSet]).sort();
  const { boxSize, apix } = context.neutral;
  const start = reference && { rotations: targets.rotations, shifts: targets.shifts };
  const found = await refinedPoses(
    {
      ...{ ...context, members, decoder, places, start },
      targets: { ...targets, ...(reference && inBoxUnits(reference.poses, boxSize * apix)) },
      // The latents have unit variance.
      deviations: new Float64Array(decoder.latent).fill(1),
    },
    {
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
      ...(prior && { prior }),
    },
  );
  if (reference) found.report.reference = reference.file;
  return found;
}

/** Poses with shifts in box units, as projection engines expect them. */
export function inBoxUnits({ rotations, shifts }: ParticlePoses, boxLength: number): BatchPoses {
  return {
    rotations: Float32Array.from(rotations),
    shifts: Float32Array.from(shifts, (t) => t / boxLength),
  };
}
