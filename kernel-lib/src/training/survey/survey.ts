import { throwIfStopped } from "../../errors";
import type { AxisRoles, DecoderForm } from "../../network/decoder";
import type { LatentFrame } from "../../network/latentFrame";
import type { LatentModel } from "../../network/latentModel";
import type { TaskOptions } from "../../progress";
import { gatherRows } from "../batches";
import type { EvidenceGain } from "../evidence/evidence";
import { HalfTest } from "../evidence/halfTest";
import { underPopulation } from "../evidence/populationPlaces";
import { evenly, keepInMemory } from "../evidence/sample";
import { particlesAmong } from "../imageGroups";
import type { RunOptions } from "../options";
import type { PlaceDecoder } from "../posterior/decoders";
import { lastThird, rateOfEpoch } from "../schedule";
import type { Trainer } from "../trainer";
import { type AxisKinds, axisKinds, gainOver, rolesAreUncertain, rolesOf } from "./axisRoles";
import { CurvedSpace } from "./curvedSpace";
import { contrastFrame, firstAxes } from "./kindContrast";
import type { NestedDropout } from "./nestedDropout";
import { type EarlierAxes, surveySentence } from "./sentence";
import { SurveyedPopulation } from "./surveyedPopulation";

/** What a survey of the latent space found, and the training after it uses. */
export interface Survey {
  /** Axes that the training gets. */
  latent: number;
  /** What they change. Training orders the axes anew; `Run.roles` has what the axes of its latents change. */
  roles: AxisRoles;
  /** Decoder that suits them. Default `network`. */
  form?: DecoderForm;
  /** Gain in log-likelihood over the mean model with the first 1, 2 … axes: nats per particle. */
  axes: EvidenceGain[];
  /** Of each axis that was kept: what is left of its gain if it only moves Gaussians, or only changes their density. */
  kinds: AxisKinds[];
  /** Result in a sentence. */
  sentence: string;
}

/** Options of {@link surveyLatentSpace}. */
export interface SurveyOptions extends TaskOptions {
  /** Axes that there are already, in a second round. Default: none. */
  beside?: EarlierAxes | undefined;
}

/** Most axes that a survey looks at. */
export const surveyedAxes = 6;
/** Epochs of a survey after the coarse ones. */
const fineEpochs = 2;
/** Most particles that a survey is trained on. */
const maxTrained = 20_000;
/** Most particles that it is measured on, and most where these leave open what an axis changes. */
const maxMeasured = 256;
const maxWhereOpen = 1024;
/** Box units per raw output of a position: motion is learned no faster than composition, see {@link surveyLatentSpace}. */
const positionGain = 0.03;
/** Decoders that are measured for one axis: with each number of axes, none, and with each kind. */
const expectedMeasurements = surveyedAxes + 5;
const dropout: NestedDropout = { axes: 0.5, kinds: 0.4 };
/** A smaller number of axes is as good if its gain is this close to the largest: in standard errors, or as a fraction of it. */
interface GainLimits {
  errors: number;
  fraction: number;
}

const limits: GainLimits = { errors: 2, fraction: 0.05 };
/** Of compositions: a state that few particles have gains little, but is wanted. */
const compositionLimits: GainLimits = { errors: 0.5, fraction: 0.01 };

/**
 * Finds how many axes the latent space needs, and which of them are motions of Gaussians, changes of their amplitudes and
 * widths, or both.
 *
 * A quadratic decoder with nested dropout of axes and of kinds is trained on the low rings. The evidence on held-out particles
 * (places from one half of the Fourier samples, score of the other) with its first k axes says how many are real. These axes
 * are turned so that conformation and composition are apart, and the evidence with one kind of parameters alone says which of
 * them each axis needs. Positions are given a smaller gain than in training: if they learned faster than amplitudes, what
 * vanishes would be moved into its neighbours.
 *
 * @param use is given the decoder of the survey before it is disposed of
 */
export async function surveyLatentSpace(
  trainer: Trainer,
  options: SurveyOptions = {},
  use?: (surveyed: SurveyedMotion) => Promise<void>,
): Promise<Survey> {
  const sibling = trainer.sibling({
    options: surveyOptions(trainer.options),
    positionGain,
    dropout,
    most: maxTrained,
  });
  try {
    await sibling.initialize(0);
    const epochs = trainer.options.coarseEpochs + fineEpochs;
    for (let epoch = 1; epoch <= epochs; epoch++) {
      await sibling.trainEpoch(epoch, 0, {
        ...options,
        rate: rateOfEpoch(epoch, lastThird(epochs)),
        onProgress: (progress) =>
          options.onProgress?.({
            ...progress,
            task: `survey of the latent space, epoch ${epoch} of ${epochs}`,
          }),
      });
    }
    const z = await sibling.encodeAll();
    let measurement = new SurveyMeasurement(sibling, z, options, maxMeasured);
    let survey = await measurement.run();
    if (measurement.leavesOut && rolesAreUncertain(survey.kinds)) {
      measurement = new SurveyMeasurement(sibling, z, options, maxWhereOpen);
      survey = await measurement.run();
    }
    await use?.({ survey, ...measurement.motion(survey.latent) });
    return survey;
  } finally {
    sibling.dispose();
  }
}

/** The decoder of a survey with the axes that it found: coarse, and ready long before the training. */
export interface SurveyedMotion {
  survey: Survey;
  /** Of whole particles, with the axes of all their units. */
  decoder: PlaceDecoder;
  /** Encoder's places of all particles, [particles · latent of the decoder]. */
  places: Float32Array;
}

function surveyOptions(options: RunOptions): RunOptions {
  const all = Array.from({ length: surveyedAxes }, (_, d) => d);
  return {
    ...options,
    latent: surveyedAxes,
    form: "quadratic",
    roles: { position: all, density: all },
    spreadPenalty: 0,
    strainPenalty: 0,
  };
}

/** Measures a trained survey. */
class SurveyMeasurement {
  private readonly model: LatentModel;
  private readonly particles: Int32Array;
  /** Fitted once for each number of free axes. */
  private readonly curved = new Map<number, CurvedSpace>();
  private test: HalfTest | undefined;
  private done = 0;
  /** Whether more particles are held out. */
  readonly leavesOut: boolean;
  private readonly population: SurveyedPopulation;

  constructor(
    private readonly trainer: Trainer,
    /** Encoder's places of all rows. */
    private readonly z: Float32Array,
    private readonly options: SurveyOptions,
    /** Most particles held out that are measured. */
    most: number,
  ) {
    this.population = new SurveyedPopulation(trainer);
    this.model = trainer.model;
    const heldOut = particlesAmong(trainer.targets, trainer.validationSet.slice().sort());
    this.particles = evenly(heldOut, most);
    this.leavesOut = heldOut.length > most;
  }

  async run(): Promise<Survey> {
    const networks = this.model.decoder.partCount;
    const scores: Float64Array[] = [await this.scores(this.space(1, [[0]]))];
    for (let k = 1; k <= surveyedAxes; k++) {
      scores.push(await this.scores(this.space(k, [new Array<number>(k).fill(1)])));
    }
    const axes = scores.slice(1).map((own) => gainOver(own, scores[0]!));
    let latent = axesNeeded(scores, limits);
    let kinds = networks > 1 ? await this.kindsOf(latent) : [];
    // With conformation and composition apart, an axis may be left that has no gain of its own.
    while (latent > 1 && kinds.some(({ position, density }) => position === 0 && density === 0)) {
      kinds = await this.kindsOf(--latent);
    }
    const roles = rolesOf(latent, kinds);
    const found = { latent, roles, kinds };
    const whole = networks > 1 && roles.position.length === 0 ? await this.composition(found) : found;
    return { ...whole, axes, sentence: surveySentence({ ...whole, axes }, this.options.beside) };
  }

  /** The first axes, from which the others follow, as a decoder of whole particles. */
  motion(latent: number): Pick<SurveyedMotion, "decoder" | "places"> {
    const all = Array.from({ length: latent }, () => 1);
    const { decoder, start } = this.space(latent, [all]);
    return { decoder: this.trainer.decoderOf(decoder), places: start };
  }

  /**
   * The axes of a space in which nothing moves. Parts that come and go are linear in the amplitudes, so their decoder is
   * quadratic, and none of the axes follows from the others: their number is that of all axes with a gain.
   */
  private async composition(
    found: Pick<Survey, "latent" | "kinds">,
  ): Promise<Omit<Survey, "axes" | "sentence">> {
    const { model, z } = this;
    const flat = (k: number) =>
      this.scores({
        start: firstAxes(z, surveyedAxes, Math.max(k, 1)),
        decoder: {
          latent: Math.max(k, 1),
          decode: (y, count) => {
            const places = padded(y, Math.max(k, 1), k);
            return model.decodeRaw([new Float32Array(places.length), places], count);
          },
        },
      });
    const scores: Float64Array[] = [];
    for (let k = 0; k <= surveyedAxes; k++) scores.push(await flat(k));
    const latent = Math.max(found.latent, axesNeeded(scores, compositionLimits));
    const roles = { position: [], density: Array.from({ length: latent }, (_, d) => d) };
    return { latent, roles, form: "quadratic", kinds: found.kinds };
  }

  /**
   * The first k axes; the others follow from them.
   * @param masks factors on these axes for each network, or for all
   * @param frame coordinates of these axes. Default: those of the networks
   */
  private space(k: number, masks: number[][], frame?: LatentFrame): SurveyedSpace {
    const { z, model } = this;
    const curved = this.curvedSpace(k);
    const own = firstAxes(z, surveyedAxes, k);
    const read = (y: Float32Array, mask: number[]) => {
      const masked = y.map((value, i) => value * mask[i % k]!);
      return curved.places(frame?.toNetwork(masked) ?? masked);
    };
    const networks = Array.from({ length: model.decoder.partCount }, (_, p) => masks[p] ?? masks[0]!);
    return {
      start: frame?.fromNetwork(own) ?? own,
      decoder: {
        latent: k,
        decode: (y, count) =>
          model.decodeRaw(
            networks.map((mask) => read(y, mask)),
            count,
          ),
      },
    };
  }

  private curvedSpace(free: number): CurvedSpace {
    let space = this.curved.get(free);
    if (!space) {
      space = new CurvedSpace(this.z, surveyedAxes, free);
      this.curved.set(free, space);
    }
    return space;
  }

  /** The test of all decoders, whose particles are read once. */
  private async halfTest(): Promise<HalfTest> {
    const { trainer, particles } = this;
    if (!this.test) {
      const context = await trainer.projections();
      const targets = await keepInMemory(context.targets, particles);
      this.test = new HalfTest({ ...context, targets, particles, block: 1 });
    }
    return this.test;
  }

  /** Score of each particle: of each half of its samples at the place from the other. */
  private async scores({ decoder: ofUnit, start }: SurveyedSpace): Promise<Float64Array> {
    const { trainer, particles, options } = this;
    throwIfStopped(options.signal);
    const decoder = trainer.decoderOf(ofUnit);
    const test = await this.halfTest();
    const points = gatherRows(start, decoder.latent, particles);
    const deviations = new Float64Array(decoder.latent).fill(1);
    const found = await test.infer({ decoder, deviations, start: { points: [points, points] } }, options);
    const density = await this.population.density(decoder, start, options);
    const one = new Float64Array(decoder.latent);
    const placed = await underPopulation(found, density, { ...options, test, one });
    const ofRing = await test.score(placed, options);
    const width = ofRing.length / particles.length;
    const scores = new Float64Array(particles.length);
    ofRing.forEach((value, i) => {
      scores[Math.floor(i / width)]! += value;
    });
    this.done++;
    options.onProgress?.({
      task: "survey of the latent space, evidence",
      done: this.done,
      total: Math.max(this.done, expectedMeasurements),
    });
    return scores;
  }

  /** How much of the gain of each axis is left with one kind alone. */
  private async kindsOf(latent: number): Promise<AxisKinds[]> {
    const frame = contrastFrame(this.model, this.model.head.neutral, this.z, latent);
    const scores = (...masks: number[][]) => this.scores(this.space(latent, masks, frame));
    const all = Array.from({ length: latent }, () => 1);
    const without = (axis: number) => all.map((_, d) => Number(d !== axis));
    const whole = await scores(all);
    const kinds: AxisKinds[] = [];
    for (let axis = 0; axis < latent; axis++) {
      const none = await scores(without(axis));
      const position = await scores(all, without(axis));
      const density = await scores(without(axis), all);
      kinds.push(axisKinds({ whole, position, density, none }));
    }
    return kinds;
  }
}

/** Places [n · surveyedAxes] with the first `kept` of `free` coordinates, the others 0. */
function padded(y: Float32Array, free: number, kept: number): Float32Array {
  const places = new Float32Array((y.length / free) * surveyedAxes);
  y.forEach((value, i) => {
    if (i % free < kept) places[Math.floor(i / free) * surveyedAxes + (i % free)] = value;
  });
  return places;
}

/** A decoder that is scored, and where the search of each row begins, [rows · latent]. */
interface SurveyedSpace {
  decoder: PlaceDecoder;
  start: Float32Array;
}

/** The smallest number of axes, 1 or more, whose gain is as large as any within its error or a negligible part of it. */
function axesNeeded(scores: readonly Float64Array[], { errors, fraction }: GainLimits): number {
  const gains = scores.map((s) => gainOver(s, scores[0]!).gain);
  const most = gains.indexOf(Math.max(...gains));
  for (let k = 1; k < most; k++) {
    const { gain, standardError } = gainOver(scores[most]!, scores[k]!);
    if (gain <= Math.max(errors * standardError, fraction * gains[most]!)) return k;
  }
  return Math.max(most, 1);
}
