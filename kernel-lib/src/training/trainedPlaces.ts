import type { Varied } from "../network/head";
import type { LatentModel } from "../network/latentModel";
import type { TaskOptions } from "../progress";
import type { Random } from "../random";
import { gatherRows } from "./batches";
import { deviceOf } from "./device/deviceOf";
import type { Evidence } from "./evidence/evidence";
import {
  evidenceParticles,
  fewestMeasured,
  type MeasureOptions,
  measureUntilDecided,
} from "./evidence/measureEvidence";
import type { Population } from "./evidence/population";
import { ImageGroups } from "./imageGroups";
import type { PlaceDecoder } from "./posterior/decoders";
import { certainPlaces, deviationsOf, findPlaces, type PlacingContext } from "./posterior/findPlaces";
import { placedFrc } from "./posterior/placedFrc";
import type { PosePrior } from "./posterior/placePosterior";
import { encoderWeights, type LearnedRule, type PlaceRule, ratiosOf } from "./posterior/placeRule";
import type { FoundPlaces, Posterior } from "./posterior/posterior";
import type { Prepared } from "./preparation";
import type { ProjectionContext } from "./projectionContext";
import type { KeptAxes } from "./secondRound/continuedAxes";
import type { ExplainingModel } from "./unexplained/placeAgreement";
import type { UnitAssembly } from "./units/unitAssembly";
import { RingWeights } from "./weights";

/** A training after its last epoch. */
export interface EndedTraining {
  model: LatentModel;
  prepared: Prepared;
  context: ProjectionContext;
  units: UnitAssembly;
  /** Particles of the training and validation sets, ascending; of tilt series the first image of each. */
  used: Int32Array;
  trainingSet: Int32Array;
  /** The validation set. */
  heldOut: Int32Array;
  /** Kinds of parameters that vary. */
  vary: readonly Varied[];
  /** Axes that go on from an earlier training. */
  kept: KeptAxes | undefined;
  /** Encoder input of the particles that are used, [rows · size], and the number of rows. */
  features: [features: Float32Array, rows: number];
  random: Random;
  /** Latents of all units of all particles from the encoder, [rows · latent]. */
  encodeAll: () => Promise<Float32Array>;
  /** The decoder of whole particles, as its axes are now. */
  decoder: () => PlaceDecoder;
}

/** Ring weights from what particles agree with the models at their own places. */
interface PlacedWeights {
  /** Mean FRC in each ring, [rings + 1]. */
  frc: Float64Array;
  weights: RingWeights;
}

/** The places of the particles after a training, how certain they are, and what they show. */
export class TrainedPlaces {
  private constructor(
    private readonly parts: EndedTraining,
    private readonly placed: PlacedWeights,
    /** Places of all particles with their widths. */
    readonly posterior: FoundPlaces,
    /** How they were found. */
    private readonly rule: LearnedRule,
  ) {}

  /**
   * Ends a training: orders the axes of the latent space, refines the latents of all particles with the decoder fixed, then trains
   * the encoder on them.
   */
  static async find(parts: EndedTraining, options: TaskOptions = {}): Promise<TrainedPlaces> {
    const { model, context, units, used, trainingSet, kept, prepared, random } = parts;
    const like = kept && gatherRows(kept.places, kept.latent, units.rowsOf(used));
    model.orderAxes(...parts.features, like);
    const decoder = parts.decoder();
    const { latent } = decoder;
    const places = await parts.encodeAll();
    const placed = await placedWeights(parts, places, options);
    const weights = { neutral: prepared.likelihood, placed: placed.weights };
    const posterior = await findPlaces({ ...context, decoder, weights }, places, {
      ...options,
      population: used,
    });
    const rule = {
      snr: ratiosOf(weights.neutral, weights.placed),
      encoder: encoderWeights(model),
      knowledge: posterior.knowledge,
      deviations: deviationsOf(posterior, latent, trainingSet),
    };
    const { features } = prepared;
    const particles = units.rowsOf(trainingSet);
    await deviceOf(context.engine).teach(model, { particles, features, posterior, random, ...options });
    return new TrainedPlaces(parts, placed, posterior, rule);
  }

  /** Mean FRC of particles with the models at their places in each ring, [rings + 1]. */
  get frc(): Float64Array {
    return this.placed.frc;
  }

  /** The evidence for heterogeneity on some of the particles held out. Undefined if there are too few to say anything. */
  async evidence(
    options: Pick<MeasureOptions, "misfit" | keyof TaskOptions> = {},
  ): Promise<Evidence | undefined> {
    const { context, prepared, heldOut, used, vary, kept, decoder } = this.parts;
    if (heldOut.length < fewestMeasured) return undefined;
    return measureUntilDecided(
      {
        ...{ ...context, vary, heldOut, decoder: decoder(), weights: prepared.likelihood },
        placedWeights: this.placed.weights,
        population: this.population(this.posterior),
        keptAxes: kept?.latent,
      },
      { ...options, reduce: true, particles: evidenceParticles(used.length) },
    );
  }

  /** Decodes from now on no more motion than held-out particles support; places stay as they are. */
  reduce({ reduced }: Pick<Evidence, "reduced">): void {
    this.parts.model.reduce(
      reduced && { factors: Float32Array.from(reduced.factors), centre: Float32Array.from(reduced.centre) },
    );
  }

  /** How places in this run are found. @param pose how far poses were off before they were refined, if that is known */
  ruleWith(evidence: Evidence | undefined, pose: PosePrior | undefined): PlaceRule {
    return { ...this.rule, factors: evidence?.axes.map(({ variance }) => variance), pose };
  }

  /** The places by a rule of this run. */
  by(rule: PlaceRule, options: TaskOptions): Promise<Posterior> {
    const { context, prepared, decoder } = this.parts;
    const weights = { neutral: prepared.likelihood, placed: this.placed.weights };
    const known: PlacingContext = { ...context, decoder: decoder(), weights };
    return certainPlaces(known, this.posterior, { ...rule, deviations: this.rule.deviations! }, options);
  }

  /** The decoder and these places, as what particles are explained by. */
  explaining({ mean }: Posterior): ExplainingModel {
    const { context, prepared, decoder, used } = this.parts;
    return { context, decoder: decoder(), places: mean, weights: prepared.likelihood, members: used };
  }

  private population(places: Posterior): Population {
    const { decoder, trainingSet } = this.parts;
    return { ...places, latent: decoder().latent, members: trainingSet };
  }
}

async function placedWeights(
  { prepared, context, decoder, used, heldOut }: EndedTraining,
  places: Float32Array,
  options: TaskOptions,
): Promise<PlacedWeights> {
  const { likelihood: weights, meanFrc } = prepared;
  const given = { context, decoder: decoder(), weights, meanFrc, places, heldOut, used };
  const frc = await placedFrc(given, options);
  const { ctfPower, count: particles } = context.targets;
  // The FRC is a mean over all images of these particles.
  const members = ImageGroups.of(context.targets)?.imagesOf(used).images ?? used;
  const placed = { weighting: "information" as const, meanFrc: frc, ctfPower, particles, members };
  return { frc, weights: new RingWeights(placed) };
}
