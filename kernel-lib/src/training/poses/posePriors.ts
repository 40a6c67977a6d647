import type { TaskOptions } from "../../progress";
import type { EvidenceGain } from "../evidence/evidence";
import { HalfTest, type HalfTestContext } from "../evidence/halfTest";
import type { PlaceDecoder } from "../posterior/decoders";
import type { PosePrior } from "../posterior/placePosterior";
import { heldOutGain } from "./poseGain";

/** Standard deviations of each axis of the rotation that are tried, in degrees, ascending. */
const rotations = [0.5, 1, 2, 4, 8];
/** Errors of the shift that are possible, as a fraction of the box length, and the least that is assumed in Å. */
const widestShift = 1 / 24;
const leastShift = 0.1;
/**
 * The prior of the rotation is the narrowest that explains this fraction of what rotations explain at most. Rotations also
 * imitate motion of the molecule, the more the wider their prior, so that the prior of maximum likelihood is too wide.
 */
const explained = 0.85;

/** What priors are measured with. */
export interface PriorContext extends HalfTestContext {
  decoder: PlaceDecoder;
  /** Where the search begins for each of the particles, [particles · latent]. */
  places: Float32Array;
  /** Standard deviation of the prior of each axis of z, [latent]. */
  deviations: ArrayLike<number>;
}

/** Priors of the poses, and how well poses that are inferred with them explain what they were not inferred from. */
export interface MeasuredPrior {
  prior: PosePrior;
  /** With this prior, over the poses of the file. */
  gain: EvidenceGain;
}

/**
 * Measures how far the poses of a sample of particles are from those of `targets`. The variance of the shift is the covariance
 * of shifts that are inferred from two halves of the Fourier samples, whose noise is independent. The prior of the rotation
 * is chosen by how well poses from one half explain the other.
 */
export async function measurePriors(context: PriorContext, options: TaskOptions): Promise<MeasuredPrior> {
  const { neutral } = context;
  const boxLength = neutral.boxSize * neutral.apix;
  const test = new HalfTest(context);
  let step = 0;
  const gainWith = async (prior: PosePrior) => {
    const found = await heldOutGain(test, { ...context, boxLength, prior }, options);
    step++;
    options.onProgress?.({ task: "measuring the errors of poses", done: step, total: rotations.length + 3 });
    return found;
  };
  const broad = await gainWith({ rotation: 2, shift: widestShift * boxLength });
  const shift = Math.max(leastShift, broad.sharedShift);
  const base = await gainWith({ rotation: 0, shift });
  const gains: EvidenceGain[] = [];
  for (const rotation of rotations) {
    gains.push((await gainWith({ rotation, shift })).gain);
    // Beyond the best prior the gain only falls.
    if (gains.length > 2 && gains.at(-1)!.gain < Math.max(...gains.map(({ gain }) => gain)) - 0.5) break;
  }
  const rotation = narrowest(gains.map(({ gain }) => gain - base.gain.gain));
  const prior = { rotation, shift };
  return { prior, gain: (await gainWith(prior)).gain };
}

/** The narrowest prior of the rotation that explains enough, interpolated between those tried. */
export function narrowest(gains: readonly number[]): number {
  const goal = explained * Math.max(...gains);
  if (!(goal > 0)) return rotations[0]!;
  const first = gains.findIndex((gain) => gain >= goal);
  if (first === 0) return rotations[0]!;
  const part = (goal - gains[first - 1]!) / (gains[first]! - gains[first - 1]!);
  return rotations[first - 1]! * (rotations[first]! / rotations[first - 1]!) ** part;
}
