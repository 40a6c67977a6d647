import { InputError } from "../../errors";
import { readMask } from "../../maps/mask";
import type { Volume } from "../../maps/volume";
import type { GaussianModel } from "../../model/gaussianModel";
import { maskFlags } from "../../model/regions";
import type { Varied } from "../../network/head";
import type { AxisReduction } from "../../network/latentFrame";
import type { TaskOptions } from "../../progress";
import type { EngineChoice } from "../../projection/engines";
import type { Evidence } from "../evidence/evidence";
import { fewestMeasured, measureEvidence } from "../evidence/measureEvidence";
import { reopenParticles } from "../evidence/reopen";
import type { PlaceDecoder } from "../posterior/decoders";
import type { BaseModels } from "../secondRound/baseModels";
import type { Latents } from "./latentsTable";
import { keptAxesOf } from "./lineage";
import type { RunFolder } from "./runFolder";
import type { RunRecord } from "./runRecord";

/** Options of `Run.evidence`. */
export interface EvidenceOptions extends TaskOptions {
  /** Most held-out particles to measure. Default: all of them. */
  particles?: number;
  /** A region whose own gain is wanted: a map, or its file, that is at least 0.5 there. Default: none. */
  mask?: string | Volume;
  /**
   * Width in Fourier samples of the fields of which the two halves of an image consist. Default: measured from the noise; 1
   * unless the images are masked.
   */
  block?: number;
  /** Projection engine. Default: `wasm`. */
  engine?: EngineChoice;
  /** Called with a sentence about what was assumed or has changed since the training. */
  onWarning?: (warning: string) => void;
}

/** Places of particles on the axes that a run trained, [particles · axes]. */
export interface TrainedPlaces extends Pick<Latents, "refined" | "standardDeviation"> {
  /** What these axes change, if not the neutral model. */
  base: BaseModels | undefined;
}

/** A complete run, as far as its evidence needs it. */
export interface MeasuredRun {
  files: RunFolder;
  record: RunRecord;
  neutral: GaussianModel;
  places: TrainedPlaces;
  /** Decodes whole particles. */
  decoder: PlaceDecoder;
  /** By how much less is shown than it decodes; undefined: as much. */
  reduction?: AxisReduction | undefined;
  /** Kinds of parameters that it varies. */
  vary: readonly Varied[];
}

/**
 * Measures the evidence for heterogeneity in a run, which reads its particles again.
 * @throws InputError for fewer than 5 particles held out, and if the particles of the run are no longer the same
 */
export async function measureRunEvidence(run: MeasuredRun, options: EvidenceOptions): Promise<Evidence> {
  const { files, record, neutral, decoder, reduction, vary } = run;
  const { mask } = options;
  const region = mask === undefined ? undefined : maskFlags(neutral, await regionMask(mask, options));
  const reopened = await reopenParticles(files, record, options);
  const { trainingSet, validationSet: heldOut, ...context } = reopened;
  try {
    if (heldOut.length < fewestMeasured) {
      throw new InputError(files.folder, `${fewestMeasured} particles held out or more`, `${heldOut.length}`);
    }
    const { latent } = decoder;
    const base = run.places.base?.ofImages(context.targets);
    const [mean, standardDeviation] = [run.places.refined, run.places.standardDeviation].map((values) =>
      reopened.ofImages(values, latent),
    ) as [Float32Array, Float32Array];
    const population = { latent, members: trainingSet, mean, standardDeviation };
    return await measureEvidence(
      {
        ...{ ...context, base, decoder, reduction, population, heldOut, vary },
        keptAxes: keptAxesOf(record) || undefined,
      },
      { ...options, region, misfit: record.fit?.misfit },
    );
  } finally {
    await reopened.close();
  }
}

function regionMask(mask: string | Volume, { onWarning }: EvidenceOptions): Promise<Volume> | Volume {
  return typeof mask === "string" ? readMask(mask, undefined, { ...(onWarning && { onWarning }) }) : mask;
}
