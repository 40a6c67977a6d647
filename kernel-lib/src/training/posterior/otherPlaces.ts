import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../compute/backends";
import { InputError } from "../../errors";
import { hasSameBoxLength } from "../../maps/grid";
import type { GaussianModel } from "../../model/gaussianModel";
import type { LatentModel } from "../../network/latentModel";
import type { ParticleSet } from "../../particles/particleSet";
import { prepareTargets } from "../../particles/targets";
import type { TaskOptions } from "../../progress";
import type { EngineChoice } from "../../projection/engines";
import { chooseEngine } from "../../projection/engines";
import type { FeatureBasis } from "../features/featureBasis";
import { GradientSource } from "../features/gradientSource";
import { ImageGroups } from "../imageGroups";
import { defaultMemoryBudget } from "../memory";
import type { RunRecord } from "../runs/runRecord";
import type { BaseModels } from "../secondRound/baseModels";
import type { UnitAssembly } from "../units/unitAssembly";
import { RingWeights } from "../weights";
import type { PlaceDecoder } from "./decoders";
import { certainPlaces, deviationsOf, findPlaces } from "./findPlaces";
import type { PlaceRule } from "./placeRule";
import type { Posterior } from "./posterior";

/** Options of `Run.placesOf`. */
export interface PlacesOptions extends TaskOptions {
  /** Projection engine and number of threads. Default `wasm`. */
  engine?: EngineChoice;
  /** Called with a sentence about what has changed since the training. */
  onWarning?: (warning: string) => void;
}

/** The run in whose latent space particles are placed. */
export interface PlacingRun {
  record: RunRecord;
  /** The neutral model of whole particles. */
  neutral: GaussianModel;
  units: UnitAssembly;
  model: LatentModel;
  /** Of the axes that the run trained, for whole particles, as they were trained. */
  decoder: PlaceDecoder;
  /** Of the encoder's input. */
  basis: FeatureBasis;
  rule: PlaceRule;
}

/** Particles to be placed. */
export interface PlacedSet {
  /** With symmetry the particles and their copies. */
  set: ParticleSet;
  /** What the models of the run change of these particles. Default: the neutral model. */
  base: BaseModels | undefined;
}

/**
 * Places of particles on the axes that a run trained, as its training ends: searches begin at the encoder's places, and what the
 * training has learned about noise and population is not learned anew. So a particle of the run has the place of its table.
 */
export async function otherPlaces(
  { record, neutral, units, model, decoder, basis, rule }: PlacingRun,
  { set, base }: PlacedSet,
  { engine: choice, signal, onProgress }: PlacesOptions,
): Promise<Posterior> {
  requireSameKind(set, { neutral, symmetry: record.inputs.symmetry, units });
  const task = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const threads = choice?.threads;
  const { rings } = record;
  const workload = { model: neutral, rings, batchSize: record.options.batchSize };
  // The encoder and its input are computed by TensorFlow.js, whatever the engine.
  if (!tf.getBackend()) await useBackend("wasm");
  const { engine } = await chooseEngine({ engine: "wasm", ...choice }, workload);
  try {
    const targets = await prepareTargets(set.originals(), {
      ...{ boxSize: neutral.boxSize, rings, memoryBudget: defaultMemoryBudget() / 2 },
      ...(threads !== undefined && { threads }),
      ...task,
    });
    try {
      const { ctfPower } = targets;
      const weightsBy = (
        snr: ArrayLike<number>,
        weighting = "information" as RunRecord["options"]["weighting"],
      ) => RingWeights.ofRatios(snr, ctfPower, weighting);
      const { snr, knowledge } = rule;
      const weights = { neutral: weightsBy(snr.neutral), placed: weightsBy(snr.placed) };
      const context = {
        ...{ targets, neutral, engine, units, decoder, weights },
        base: base?.ofImages(targets),
      };
      const source = new GradientSource(context, weightsBy(snr.neutral, record.options.weighting));
      const start = model.encodeWith(rule.encoder, await basis.project(source, task));
      const { latent } = decoder;
      const found = await findPlaces(context, start, { ...task, knowledge });
      const groups = ImageGroups.of(targets);
      const all = groups?.heads ?? Int32Array.from({ length: targets.count }, (_, i) => i);
      const deviations = rule.deviations ?? deviationsOf(found, latent, all);
      const { mean, standardDeviation } = await certainPlaces(context, found, { ...rule, deviations }, task);
      const ofParticles = (values: Float32Array) => groups?.toParticles(values, latent) ?? values;
      return { mean: ofParticles(mean), standardDeviation: ofParticles(standardDeviation) };
    } finally {
      await targets.dispose();
    }
  } finally {
    engine.dispose();
  }
}

/** @throws InputError unless the particles can be compared with the models of the run */
function requireSameKind(
  set: ParticleSet,
  { neutral, symmetry, units }: Pick<PlacingRun, "neutral" | "units"> & { symmetry: string | undefined },
): void {
  if (!hasSameBoxLength(set, neutral)) {
    const [images, model] = [set.boxSize * set.apix, neutral.boxSize * neutral.apix];
    throw new InputError(
      set.file,
      `images as wide as the box of the run, ${model.toFixed(1)} Å`,
      `${images.toFixed(1)} Å (${set.boxSize} pixels of ${set.apix} Å)`,
    );
  }
  if ((set.symmetry?.order ?? 1) === units.count) return;
  const expected =
    symmetry === undefined ? "particles without symmetry" : `the symmetry of the run, ${symmetry}`;
  throw new InputError(`${set.file}: symmetry`, expected, set.symmetry?.name ?? "none");
}
