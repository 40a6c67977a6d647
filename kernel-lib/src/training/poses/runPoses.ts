import type { TaskOptions } from "../../progress";
import type { EngineChoice } from "../../projection/engines";
import type { Reopened } from "../evidence/reopen";
import type { PlaceDecoder } from "../posterior/decoders";
import type { PosePrior } from "../posterior/placePosterior";
import { type RefinedPoses, refinedPoses } from "./refinedPoses";

/** Options of `Run.refinePoses`. */
export interface RunPosesOptions extends TaskOptions {
  /**
   * How far the poses of the file may be off: standard deviations along each axis, in degrees and Å; 0 for what is known.
   * Default: measured on a sample of the particles.
   */
  prior?: PosePrior;
  /** Projection engine and number of threads. Default `wasm`. */
  engine?: EngineChoice;
  /** Called with a sentence about what has changed since the training. */
  onWarning?: (warning: string) => void;
}

/** Refines place and pose of all particles of a run together, with the decoder fixed. */
export function refineRunPoses(
  { trainingSet, validationSet, ...context }: Reopened,
  { decoder, places }: { decoder: PlaceDecoder; places: Float32Array },
  { signal, onProgress, prior }: RunPosesOptions,
): Promise<RefinedPoses> {
  const members = Int32Array.from([...trainingSet, ...validationSet]).sort();
  // The latents have unit variance.
  const deviations = new Float64Array(decoder.latent).fill(1);
  return refinedPoses(
    { ...context, members, decoder, places, deviations },
    {
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
      ...(prior && { prior }),
    },
  );
}
