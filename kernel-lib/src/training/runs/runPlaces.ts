import type { GaussianModel } from "../../model/gaussianModel";
import { under } from "../../network/parameters";
import type { ParticleSet } from "../../particles/particleSet";
import { reopenParticles } from "../evidence/reopen";
import { FeatureBasis } from "../features/featureBasis";
import { otherPlaces, type PlacesOptions, type PlacingRun } from "../posterior/otherPlaces";
import { loadRule, type PlaceRule, ratiosOf } from "../posterior/placeRule";
import type { Posterior } from "../posterior/posterior";
import type { BaseModels } from "../secondRound/baseModels";
import { loadFrom } from "./checkpoint";
import type { RunDecoder } from "./runDecoder";
import type { RunFolder } from "./runFolder";
import type { RunRecord } from "./runRecord";

/** A complete run. */
export interface CompleteRun {
  files: RunFolder;
  record: RunRecord;
  neutral: GaussianModel;
  decoder: RunDecoder;
}

/** How particles are placed in a run, read once for any number of them. */
export interface RunPlacing {
  run: PlacingRun;
  /** File of the weights. */
  weights: string;
  /** Whether the place of a particle is the same whichever others it is placed with: not so in runs of earlier versions. */
  isIndependent: boolean;
  /** The run whose axes come first, and the models that it decodes at places on them. */
  fixed: { placing: RunPlacing; basesAt(places: Posterior): BaseModels } | undefined;
}

/** What {@link openPlacing} is told besides the run. */
export interface PlacingContext {
  /** Factors on variances along the axes that the run trained, for runs of earlier versions, which did not record them with their weights. */
  factors: readonly number[] | undefined;
  fixed: RunPlacing["fixed"];
}

/** Reads how particles are placed on the axes that a run trained. */
export async function openPlacing(
  { files, record, neutral, decoder }: CompleteRun,
  { factors, fixed }: PlacingContext,
  options: PlacesOptions,
): Promise<RunPlacing> {
  const { arrays } = await files.readCheckpoint("weights", record);
  const { ofTrainedAxes } = decoder;
  const { units } = decoder.parts;
  const { rings } = record;
  const weights = files.file("weights");
  const recorded = loadFrom(weights, () => loadRule(arrays, { rings, latent: ofTrainedAxes.latent }));
  const rule = recorded ?? (await ruleOfEarlierVersion({ files, record }, options));
  if (!recorded) Object.assign(rule, { encoder: under(arrays, "encoder"), factors });
  const basis = loadFrom(weights, () => FeatureBasis.load(arrays));
  const { model } = ofTrainedAxes.trained!;
  const run = { record, neutral, units, model, decoder: ofTrainedAxes, basis, rule };
  const isIndependent = recorded !== undefined && fixed?.placing.isIndependent !== false;
  return { run, weights, isIndependent, fixed };
}

/** Places particles together, on all axes of a run. */
export async function placeTogether(
  { run, fixed }: RunPlacing,
  set: ParticleSet,
  options: PlacesOptions,
): Promise<Posterior> {
  if (!fixed) return otherPlaces(run, { set, base: undefined }, options);
  const base = fixed.basesAt(await placeTogether(fixed.placing, set, options));
  const { mean, standardDeviation } = await otherPlaces(run, { set, base }, options);
  return {
    mean: base.beside("refined", mean),
    standardDeviation: base.beside("standardDeviation", standardDeviation),
  };
}

/** What is known of a run that did not record how its places were found, but for the weights of its encoder. */
async function ruleOfEarlierVersion(
  { files, record }: Pick<CompleteRun, "files" | "record">,
  options: PlacesOptions,
): Promise<PlaceRule> {
  options.onWarning?.(
    `${files.folder} was trained by an earlier version, which did not record what it knew about all of its particles: means and widths ` +
      "of places depend on which particles are placed together, and differ a little from those in its table",
  );
  const reopened = await reopenParticles(files, record, options);
  try {
    const { weights, placedWeights } = reopened;
    const unknown = { knowledge: undefined, deviations: undefined, factors: undefined, pose: undefined };
    return { snr: ratiosOf(weights, placedWeights), encoder: [], ...unknown };
  } finally {
    await reopened.close();
  }
}
