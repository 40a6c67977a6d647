import { vectorFromRotation } from "../../optics/pose";
import type { ParticlePoses } from "../../particles/writePoses";
import type { TaskOptions } from "../../progress";
import type { EvidenceGain } from "../evidence/evidence";
import { gainText } from "../evidence/verdict";
import type { PosePrior } from "../posterior/placePosterior";
import { type PoseChange, poseMoves, spreadOf } from "./commonFrame";
import { type FoundPoses, findPoses, type PoseContext, type PoseOptions } from "./findPoses";
import { type SharedMotion, withoutSharedMotion } from "./sharedMotion";

/** What a refinement of poses found, as numbers that can be stored as JSON. */
export interface PoseReport {
  /** Version of the layout. */
  format: 1;
  /** Number of particles. */
  particles: number;
  /** Whether the poses of the file should be replaced. */
  verdict: "refine" | "leave";
  /** The verdict in a sentence. */
  sentence: string;
  /**
   * Gain in log-likelihood by poses that were inferred from one half of the Fourier samples of each image, on the other half,
   * over the poses of the file: nats per particle of a sample. Below 0 where the poses of the file are as good as they can be.
   */
  gain: EvidenceGain;
  /** Standard deviations of the priors: how far the poses of the file are taken to be off, along each axis. */
  prior: PosePrior;
  /** How far poses have moved from those of the file. */
  moved: PoseChange;
  /** Posterior standard deviations along an axis, root mean squares: degrees and Å. */
  uncertainty: { angle: number; shift: number };
  /** Rigid motion of the whole molecule in the decoder, now part of the poses, root mean squares: degrees and Å. */
  shared: SharedMotion;
  /** Finest resolution of the images that was used, in Å. */
  resolution: number;
  /** Particle file with the poses that "the file" means here, if it is not that of the run. */
  reference?: string;
}

/** Refined poses of all particles, in the frame of the model: a map from them lies where the model does. */
export interface RefinedPoses extends ParticlePoses {
  /** Reference → image, [particles · 9], row-major. */
  rotations: Float64Array;
  /** Å, [particles · 2]. */
  shifts: Float64Array;
  /** Latent coordinates that belong to the poses, [particles · latent]. */
  places: Float32Array;
  /** How far each pose has moved from that of the file, and its posterior standard deviation along an axis. */
  moves: {
    /** Degrees, [particles]. */
    angle: Float64Array;
    /** Å, [particles]. */
    shift: Float64Array;
    /** Degrees, [particles]. */
    angleDeviation: Float64Array;
    /** Å, [particles]. */
    shiftDeviation: Float64Array;
  };
  /** How far poses moved, what was gained, and whether to use them. */
  report: PoseReport;
}

/** Standard errors by which a gain must exceed 0. */
const significant = 2;
const degree = Math.PI / 180;

/**
 * Refines poses, in the frame of the model that does not move (`context.neutral`). The mean change of the poses is no frame to
 * return to: where parts of the molecule move, rotations imitate their motion, so that poses whose mean has not changed turn
 * the map (by 0.6° on `adk`). A motion that all particles share is reported, and stays in the poses.
 */
export async function refinedPoses(context: PoseContext, options: PoseOptions): Promise<RefinedPoses> {
  const { targets, neutral, decoder, weights } = context;
  const boxLength = neutral.boxSize * neutral.apix;
  const found = await findPoses(context, options);
  const inAngstrom = (shifts: Float32Array) => Float64Array.from(shifts, (t) => t * boxLength);
  const task: TaskOptions = options;
  const { shared, ...own } = await withoutSharedMotion(
    { ...found, shifts: inAngstrom(found.shifts) },
    { decoder, base: neutral },
    task,
  );
  const before = { rotations: targets.rotations, shifts: inAngstrom(targets.shifts) };
  const { angles, shifts, frame } = poseMoves(before, own);
  const moved: PoseChange = {
    angle: spreadOf(angles),
    shift: spreadOf(shifts),
    common: {
      angle: Math.hypot(...vectorFromRotation(frame.rotation)) / degree,
      shift: Math.hypot(...frame.shift),
    },
  };
  const { angleDeviation, shiftDeviation, places } = found;
  return {
    ...own,
    places,
    moves: { angle: angles, shift: shifts, angleDeviation, shiftDeviation },
    report: {
      ...{
        format: 1,
        particles: targets.count,
        ...verdictOf(found, moved),
        gain: found.gain,
        prior: found.prior,
      },
      ...{ moved, shared, uncertainty: uncertaintyOf(found) },
      resolution: boxLength / weights.lastRing,
    },
  };
}

function uncertaintyOf({ angleDeviation, shiftDeviation }: FoundPoses): PoseReport["uncertainty"] {
  return { angle: spreadOf(angleDeviation).rms, shift: spreadOf(shiftDeviation).rms };
}

function verdictOf(
  { gain }: FoundPoses,
  { angle, shift }: PoseChange,
): Pick<PoseReport, "verdict" | "sentence"> {
  const verdict = gain.gain > significant * gain.standardError ? "refine" : "leave";
  const number = `${gainText(gain)} nats per particle`;
  const moves = `${angle.rms.toFixed(2)}° and ${shift.rms.toFixed(2)} Å root mean square`;
  return {
    verdict,
    sentence:
      verdict === "refine"
        ? `refined poses explain samples that they were not inferred from better, by ${number}; they moved by ${moves}`
        : `the poses of the file are as good as the images can tell: refined ones gain ${number}`,
  };
}
