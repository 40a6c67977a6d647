import type { GaussianModel } from "../../model/gaussianModel";
import { under } from "../../network/parameters";
import { reopenParticles } from "../evidence/reopen";
import { FeatureBasis } from "../features/featureBasis";
import { otherPlaces, type PlacedSet, type PlacesOptions } from "../posterior/otherPlaces";
import { loadRule, type PlaceRule, ratiosOf } from "../posterior/placeRule";
import type { Posterior } from "../posterior/posterior";
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

/**
 * Places of particles on the axes that a run trained.
 * @param factors on variances along these axes, for runs of earlier versions, which did not record them with their weights
 */
export async function placesInRun(
  { files, record, neutral, decoder }: CompleteRun,
  given: PlacedSet & { factors: readonly number[] | undefined },
  options: PlacesOptions,
): Promise<Posterior> {
  const { arrays } = await files.readCheckpoint("weights", record);
  const { ofTrainedAxes } = decoder;
  const { units } = decoder.parts;
  const { rings } = record;
  const recorded = loadFrom(files.file("weights"), () =>
    loadRule(arrays, { rings, latent: ofTrainedAxes.latent }),
  );
  const rule = recorded ?? (await ruleOfEarlierVersion({ files, record }, options));
  if (!recorded) Object.assign(rule, { encoder: under(arrays, "encoder"), factors: given.factors });
  const basis = loadFrom(files.file("weights"), () => FeatureBasis.load(arrays));
  const run = {
    record,
    neutral,
    units,
    model: ofTrainedAxes.trained!.model,
    decoder: ofTrainedAxes,
    basis,
    rule,
  };
  return otherPlaces(run, given, options);
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
