import type { LatentModel } from "../../network/latentModel";
import { type NamedArray, prefixed, under } from "../../network/parameters";
import type { RingWeights } from "../weights";
import { LearnedMoments } from "./learnedMoments";
import type { PosePrior } from "./placePosterior";
import type { PopulationKnowledge } from "./posterior";

/**
 * All that the place of a particle in a run follows from besides its own image and the decoder, as the training found it. With it, places
 * of particles are the same whichever others they are placed with, and those of the run's own particles are its `latents.csv`.
 */
export interface PlaceRule {
  /** Spectral signal-to-noise ratios by the neutral model, and by the models at the places, see `RingWeights.snr`, [rings + 1]. */
  snr: { neutral: ArrayLike<number>; placed: ArrayLike<number> };
  /** Weights of the encoder from whose places searches begin: as it was before it was taught the places that were found. */
  encoder: NamedArray[];
  /** What is known about the population; undefined in runs of earlier versions, where it is learned from the particles to be placed. */
  knowledge: PopulationKnowledge | undefined;
  /** Standard deviation of the population along each axis, [latent]; undefined where `knowledge` is. */
  deviations: ArrayLike<number> | undefined;
  /** Factor on the variance along each axis, see `scatterOfHalves`; undefined if it was not measured. */
  factors: ArrayLike<number> | undefined;
  /** How far poses were off before they were refined; undefined if that is not known. */
  pose: PosePrior | undefined;
}

const prefix = "placing";
const numbers = (name: string, values: ArrayLike<number>): NamedArray => ({
  name,
  shape: [values.length],
  data: Float32Array.from(values),
});

/** The part of a rule that a training knows before evidence is measured. */
export type LearnedRule = Pick<PlaceRule, "snr" | "encoder" | "knowledge" | "deviations">;

/** The weights of the encoder as they are now. */
export const encoderWeights = ({ encoder }: LatentModel): NamedArray[] => encoder.save();

/** A rule as arrays of a checkpoint. */
export function saveRule({ snr, encoder, knowledge, deviations, factors, pose }: PlaceRule): NamedArray[] {
  const { grid, moments } = knowledge ?? {};
  return prefixed(prefix, [
    numbers("snr.neutral", snr.neutral),
    numbers("snr.placed", snr.placed),
    ...prefixed("encoder", encoder),
    ...(grid ? [numbers("grid", [grid.low, grid.high]), numbers("prior", grid.prior)] : []),
    ...(moments ? [moments.save("moments")] : []),
    ...(deviations ? [numbers("deviations", deviations)] : []),
    ...(factors ? [numbers("factors", factors)] : []),
    ...(pose ? [numbers("pose", [pose.rotation, pose.shift])] : []),
  ]);
}

/**
 * The rule in the arrays of a checkpoint; undefined in one of an earlier version.
 * @param shape outermost ring, and axes of whole particles
 * @throws RangeError for missing arrays and other shapes
 */
export function loadRule(
  arrays: readonly NamedArray[],
  { rings, latent }: { rings: number; latent: number },
): PlaceRule | undefined {
  const own = under(arrays, prefix);
  if (own.length === 0) return undefined;
  const find = (name: string) => own.find((array) => array.name === name);
  const some = (name: string, length: number): Float32Array => {
    const data = find(name)?.data;
    if (data?.length === length) return data;
    throw new RangeError(
      `weights ${prefix}.${name}: expected ${length} numbers, found ${data?.length ?? "nothing"}`,
    );
  };
  const prior = find("prior")?.data;
  const [low, high] = prior ? some("grid", 2) : [];
  const [moments, factors] = [find("moments"), find("factors")?.data];
  const pose = find("pose") && some("pose", 2);
  return {
    snr: { neutral: some("snr.neutral", rings + 1), placed: some("snr.placed", rings + 1) },
    encoder: under(own, "encoder"),
    knowledge: {
      grid: prior && { low: low!, high: high!, prior },
      moments: moments && LearnedMoments.load(latent, moments),
    },
    deviations: some("deviations", latent),
    factors,
    pose: pose && { rotation: pose[0]!, shift: pose[1]! },
  };
}

/** The ratios of ring weights. */
export const ratiosOf = (neutral: RingWeights, placed: RingWeights): PlaceRule["snr"] => ({
  neutral: neutral.snr,
  placed: placed.snr,
});
