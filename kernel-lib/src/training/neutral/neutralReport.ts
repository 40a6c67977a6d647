import { MapProjector } from "../../maps/mapProjector";
import { resizeVolume } from "../../maps/resize";
import type { Volume } from "../../maps/volume";
import { boxLengthOf, type GaussianModel } from "../../model/gaussianModel";
import { projectionFrc } from "../../model/projectionFrc";
import type { EvidenceGain } from "../evidence/evidence";
import { gainOf } from "../evidence/gain";
import { meanFrcOf } from "../neutralFrc";
import type { NeutralFit } from "./neutralFit";
import type { NeutralReport, NeutralRing } from "./neutralOptions";
import { scoresOf } from "./particleScore";
import type { Polished } from "./polish";

/** Standard errors of a gain from which the polished model is used. */
const significant = 2;

/** What {@link compareModels} compares. */
export interface Comparison {
  /** The model before, of a symmetric molecule its unit. */
  before: GaussianModel;
  polished: Polished;
  /** Particles that were left out. */
  heldOut: Int32Array;
  map?: Volume | undefined;
  /** Copies of the unit. */
  units: number;
  particles: NeutralReport["particles"];
  seed: number;
}

/** Compares a model before and after by particles that neither was fitted to. */
export async function compareModels(
  fit: NeutralFit,
  comparison: Comparison,
  signal?: AbortSignal,
): Promise<NeutralReport> {
  const { before, polished, heldOut, units, particles, seed } = comparison;
  const weights = await fit.weightsOf(before, polished.model);
  const frc = [
    await fit.score.frc(heldOut, before, signal),
    await fit.score.frc(heldOut, polished.model, signal),
  ] as const;
  const [old, now] = frc.map((of) => scoresOf(of, heldOut, weights)) as [Float64Array, Float64Array];
  const gain = gainOf(now.map((score, i) => score - old[i]!));
  const verdict = gain.gain > significant * gain.standardError ? "polished" : "kept";
  const gaussians = {
    before: units * before.count,
    after: units * (verdict === "polished" ? polished.model.count : before.count),
    added: units * polished.added,
    removed: units * polished.removed,
  };
  return {
    verdict,
    sentence: sentenceOf(verdict, gain, old),
    ...gain,
    gaussians,
    particles,
    rings: ringsOf(fit, comparison, frc),
    seed,
  };
}

function ringsOf(
  fit: NeutralFit,
  { before, polished, heldOut, map }: Comparison,
  frc: readonly [Float32Array, Float32Array],
): NeutralRing[] {
  const width = frc[0].length / heldOut.length;
  const all = Int32Array.from(heldOut.keys());
  const [old, now] = frc.map((of) => meanFrcOf(of, width, all)) as [Float64Array, Float64Array];
  const projector = map && new MapProjector(resizeVolume(map, { size: before.boxSize }));
  const [mapBefore, mapAfter] = [before, polished.model].map(
    (model) => projector && projectionFrc(fit.score.whole(model), projector, width - 1),
  );
  return Array.from({ length: width - 1 }, (_, i) => ({
    ring: i + 1,
    resolution: boxLengthOf(before) / (i + 1),
    before: old[i + 1]!,
    after: now[i + 1]!,
    ...(mapBefore && mapAfter && { mapBefore: mapBefore[i + 1]!, mapAfter: mapAfter[i + 1]! }),
  }));
}

function sentenceOf(
  verdict: NeutralReport["verdict"],
  { gain, standardError }: EvidenceGain,
  old: Float64Array,
): string {
  const mean = old.reduce((sum, score) => sum + score, 0) / old.length;
  const change = `${gain < 0 ? "−" : "+"}${Math.abs(gain).toFixed(2)} ± ${standardError.toFixed(2)} nats per particle (of ${mean.toFixed(1)}, ${old.length} particles that were left out)`;
  return verdict === "polished"
    ? `polishing against the particles helps: ${change}`
    : `polishing against the particles does not help: ${change}; the model stays as it was`;
}
