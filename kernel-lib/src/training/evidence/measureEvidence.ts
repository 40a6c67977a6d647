import { throwIfStopped } from "../../errors";
import type { Varied } from "../../network/head";
import type { AxisReduction } from "../../network/latentFrame";
import type { TaskOptions } from "../../progress";
import { gatherColumns } from "../batches";
import {
  fixedModel,
  type PlaceDecoder,
  reducedDecoder,
  shiftedDecoder,
  someAxes,
} from "../posterior/decoders";
import type { PosePrior } from "../posterior/placePosterior";
import type { ProjectionContext } from "../projectionContext";
import type { RingWeights } from "../weights";
import { type BestSingle, bestSingle } from "./bestSingle";
import { type DecisiveAxes, decide } from "./decisiveAxes";
import type { AxisGain, Evidence, EvidenceGain, RingGain } from "./evidence";
import { gainOfToldApart, gainOver, type HalfScores } from "./halfScores";
import { type HalfPoints, HalfTest } from "./halfTest";
import { motionSize } from "./motionSize";
import { independentBlock } from "./noiseCorrelation";
import { parametersOf, partialDecoder } from "./partialDecoder";
import { type Population, type Spread, spreadOf, startingPlaces } from "./population";
import { marginal, type PopulationMixture } from "./populationMixture";
import { measurePopulation, type PopulationPoints, underPopulation } from "./populationPlaces";
import { measurePosePrior } from "./posePrior";
import { evenly, keepInMemory } from "./sample";
import { agreementOfHalves, scatterOfHalves } from "./scatter";
import {
  factorsOf,
  fewestDeciding,
  ofAllUnits,
  supportedPart,
  triedFactors,
  unsupportedAxes,
} from "./supportedMotion";
import { finestRing, isReal, isUndecided, sentenceOf } from "./verdict";

/** What is measured. */
export interface EvidenceContext extends ProjectionContext {
  /** The trained decoder. */
  decoder: PlaceDecoder;
  /** Ring weights by information, from the neutral model. */
  weights: RingWeights;
  /** Ring weights of the posterior of places, see `placedFrc`. Default: those from the neutral model. */
  placedWeights?: RingWeights | undefined;
  /** Places of the particles that it was trained on. */
  population: Population;
  /** Particles that it was not trained on, ascending. */
  heldOut: Int32Array;
  /** Kinds of parameters that it varies. */
  vary: readonly Varied[];
  /** Axes, the first, that went on from an earlier training. Default 0. */
  keptAxes?: number | undefined;
  /** By how much less is decoded than `decoder` does, on the axes of a unit. Default: as much. */
  reduction?: AxisReduction | undefined;
}

/** Options of {@link measureEvidence}. */
export interface MeasureOptions extends TaskOptions {
  /** Most particles to measure. Default: all that are held out. */
  particles?: number | undefined;
  /** Width of the fields of the halves. Default: measured, 1 unless the images are masked. */
  block?: number | undefined;
  /** Gaussians of a region whose own gain is wanted: 1 for each of them, [N]. Default: none. */
  region?: Uint8Array | undefined;
  /** What did not fit between particles and neutral model, for the verdict. Default: nothing. */
  misfit?: string[] | undefined;
  /** Whether to find how much of the motion held-out particles support, to decode no more. Default false. */
  reduce?: boolean | undefined;
}

/** Particles that are measured at the end of a training, as a fraction of all, and their limits: a tenth of its time. */
const measuredFraction = 0.025;
const fewest = 100;
const most = 1000;
/** Fewest particles from which anything is measured. */
export const fewestMeasured = 5;
/** Particles of the training set among which the best single model is chosen. */
const choosing = 128;
/** Places from which a search begins: this many per axis, at most for three axes. */
const startsPerAxis = 4;
/** How many held-out particles are measured at the end of a training with so many particles. */
export function evidenceParticles(count: number): number {
  return Math.min(Math.max(Math.round(measuredFraction * count), fewest), most);
}

/** Measures the evidence for heterogeneity in a trained decoder. */
export async function measureEvidence(context: EvidenceContext, options: MeasureOptions): Promise<Evidence> {
  return new Measurement(context, options).run();
}

/** How many times more held-out particles are measured if those first measured do not decide. */
const furtherFactor = 4;

/**
 * Measures the evidence on some held-out particles, as {@link measureEvidence}. If their gain is positive, but too uncertain for a
 * verdict, it is measured anew on up to four times as many.
 */
export async function measureUntilDecided(
  context: EvidenceContext,
  options: MeasureOptions & { particles: number },
): Promise<Evidence> {
  const first = await measureEvidence(context, options);
  if (!isUndecided(first) || first.particles === context.heldOut.length) return first;
  return measureEvidence(context, { ...options, particles: furtherFactor * options.particles });
}

/** What the gains of axes follow from. */
interface MeasuredPoints {
  single: BestSingle;
  /** Scores of the single model, and at the places on all axes. */
  before: HalfScores;
  after: HalfScores;
  /** Places in the poses of the file. */
  moved: HalfPoints;
}

/** Gains of axes. */
interface MeasuredAxes {
  axes: AxisGain[];
  /** Gain of what comes after the axes that were kept. */
  added: EvidenceGain | undefined;
  decisive: DecisiveAxes;
}

class Measurement {
  private readonly particles: Int32Array;
  private readonly spread: Spread;
  private prior!: PosePrior;
  private density!: PopulationMixture;
  private block = 1;
  private test!: HalfTest;
  /** The same test with the ring weights of the posterior. */
  private placedTest!: HalfTest;
  private done = 0;

  constructor(
    private readonly context: EvidenceContext,
    private readonly options: MeasureOptions,
  ) {
    this.particles = evenly(context.heldOut, options.particles ?? context.heldOut.length);
    this.spread = spreadOf(context.population);
  }

  /** Finds the best single model, the prior of poses, and what makes halves independent. */
  private async prepare(): Promise<BestSingle> {
    const { context, options, particles } = this;
    const { decoder, population, neutral, targets, engine, weights, base } = context;
    const known = { neutral, engine, weights, base };
    const members = evenly(population.members, choosing);
    const choice = { ...known, decoder, targets: await keepInMemory(targets, members) };
    const single = await bestSingle(choice, population, { ...options, particles: members });
    const everyone = { ...known, decoder, targets };
    this.density = await measurePopulation(everyone, population, options);
    this.step();
    const kept = { ...known, targets: await keepInMemory(targets, particles) };
    const block = options.block ?? (await independentBlock(kept, single.params, particles));
    const measured = { ...kept, particles, block };
    this.prior = await measurePosePrior(measured, single.params, options);
    this.block = block;
    this.test = new HalfTest(measured);
    const { placedWeights } = context;
    this.placedTest = placedWeights ? new HalfTest({ ...measured, weights: placedWeights }) : this.test;
    return single;
  }

  async run(): Promise<Evidence> {
    const { options, particles } = this;
    const { decoder, base } = this.context;
    const single = await this.prepare();
    const one = fixedModel(single.params);
    const asIs = await this.score(await this.test.infer({ decoder: one, deviations: [] }, options));
    const posed = await this.score(await this.infer(one, [], { prior: this.prior }));
    const moved = await this.motion();
    const motion = await this.score(await this.placed(moved, this.density, single.z));
    const both = await this.infer(decoder, this.spread.deviation, {
      prior: this.prior,
      start: { points: moved.halves.map(({ mean }) => this.withoutPoses(mean)) },
    });
    const placed = await this.placed(both, this.density, single.z);
    const all = await this.score(placed);
    const { axes, added, decisive } = await this.axes(both, { single, before: posed, after: all, moved });
    const { gain, toldApart, verdict, deciding } = decisive;
    const sizes = this.sizes(single, verdict, await this.reduction(axes, both, single.z));
    const rings = this.ringGains(decisive.scores, posed);
    const finest =
      verdict === "none"
        ? undefined
        : finestRing(rings, (...range) => this.gain(decisive.scores, posed, ...range));
    const result = {
      ...{ verdict, gain, ...(toldApart && { toldApart }), ...(deciding && { deciding }) },
      table: { motion: this.gain(motion, asIs), poses: this.gain(posed, asIs), both: this.gain(all, asIs) },
      poses: this.gain(all, motion),
      ...(finest !== undefined && { finest }),
      ...(base && { fixed: base.axes.latent }),
      ...(added && { kept: { axes: this.context.keptAxes!, added } }),
      ...{ axes, realAxes: axes.filter(({ real }) => real).length },
      ...sizes,
      ...(options.misfit && { misfit: options.misfit }),
    };
    return {
      format: 1,
      particles: particles.length,
      sentence: sentenceOf(result),
      ...{ ...result, rings },
      ...(await this.parts(placed, single)),
      ...{ single: single.from, prior: this.prior, block: this.block },
    };
  }

  /** Reports progress. */
  private step(): void {
    const { decoder, units: { count: units = 1 } = {} } = this.context;
    // The single model, poses, motion, both, parts, scatter, and the axes but the last.
    const total = 4 + Number(this.placedTest !== this.test) + decoder.latent / units;
    this.options.onProgress?.({ task: "evidence", done: ++this.done, total });
    throwIfStopped(this.options.signal);
  }

  private async infer(
    decoder: PlaceDecoder,
    deviations: ArrayLike<number>,
    how: Pick<HalfPoints["inference"], "prior" | "poses" | "start">,
    test = this.test,
  ): Promise<HalfPoints> {
    const points = await test.infer({ decoder, deviations, ...how }, this.options);
    this.step();
    return points;
  }

  /** Places in the poses of the file. */
  private motion(): Promise<HalfPoints> {
    const { decoder, population } = this.context;
    const places = startingPlaces(population, startsPerAxis * Math.min(3, decoder.latent));
    return this.infer(decoder, this.spread.deviation, { start: { places } });
  }

  /** Scatter of the places from the halves, with the ring weights of the posterior. */
  private async scatter(moved: HalfPoints): Promise<Float64Array> {
    if (this.placedTest === this.test) return scatterOfHalves(moved);
    const start = { points: moved.halves.map(({ mean }) => mean) };
    const { decoder } = this.context;
    return scatterOfHalves(await this.infer(decoder, this.spread.deviation, { start }, this.placedTest));
  }

  /** Points with the poses of the file. */
  private withoutPoses(places: Float32Array): Float32Array {
    const { latent } = this.context.decoder;
    const points = new Float32Array((places.length / latent) * (latent + 5));
    for (let i = 0; i * latent < places.length; i++) {
      points.set(places.subarray(i * latent, (i + 1) * latent), i * (latent + 5));
    }
    return points;
  }

  private placed(points: HalfPoints, density: PopulationMixture, one: ArrayLike<number>) {
    return underPopulation(points, density, { ...this.options, test: this.test, one });
  }

  /** Scores of each half at the points from the other. */
  private async score(points: HalfPoints, decoder = points.inference.decoder): Promise<HalfScores> {
    const byRing = await this.test.scoreEach(points, { ...this.options, decoder });
    return { byRing, ...("expected" in points && { expected: (points as PopulationPoints).expected }) };
  }

  /** Mean gain of one set of scores over another, in rings `from` to `to`. */
  private gain(of: HalfScores, over: HalfScores, from?: number, to?: number): EvidenceGain {
    const { rings } = this.context.targets;
    return gainOver(of, over, { rings, from, to });
  }

  private ringGains(of: HalfScores, over: HalfScores): RingGain[] {
    const { targets, neutral } = this.context;
    return Array.from({ length: targets.rings }, (_, i) => ({
      ring: i + 1,
      resolution: (neutral.boxSize * neutral.apix) / (i + 1),
      ...this.gain(of, over, i + 1, i + 1),
    }));
  }

  /**
   * Gains of the axes in turn: the places on the first k of them are inferred anew in the poses of all. The axes of a model of
   * several units are those of a unit, and vary in all of them.
   */
  private async axes(both: HalfPoints, given: MeasuredPoints): Promise<MeasuredAxes> {
    const { decoder, keptAxes, units: { count: units = 1 } = {} } = this.context;
    const ofUnit = decoder.latent / units;
    const numbers = {
      told: this.spread.told,
      agreement: agreementOfHalves(given.moved),
      variance: await this.scatter(given.moved),
    };
    const overUnits = (values: Float64Array, d: number) =>
      values.reduce((sum, value, i) => sum + (i % ofUnit === d ? value / units : 0), 0);
    const along = (chosen: (axis: number) => boolean) => this.some(both, given.single.z, chosen);
    const after: HalfScores[] = [];
    for (let k = 1; k < ofUnit; k++) after.push(await along((axis) => axis % ofUnit < k));
    after.push(given.after);
    const decisive = await decide(
      {
        ...{ before: given.before, first: after },
        along: (chosen) =>
          this.some(
            both,
            given.single.z,
            (axis) => chosen.includes(axis % ofUnit),
            this.aboutSingle(given.single),
          ),
      },
      (of, over) => this.compared(of, over),
    );
    const axes: AxisGain[] = after.map((scores, k) => {
      const { gain, ...apart } = this.compared(scores, after[k - 1] ?? given.before);
      return {
        ...{ ...gain, ...apart, real: isReal(gain, apart.toldApart), told: overUnits(numbers.told, k) },
        ...{ agreement: overUnits(numbers.agreement, k), variance: overUnits(numbers.variance, k) },
      };
    });
    const deciding = decisive.deciding ?? [...axes.keys()];
    const isUsed = (k: number) => decisive.verdict !== "none" && deciding.includes(k);
    const last = axes.reduce((found, { real }, k) => (real && isUsed(k) ? k : found), -1);
    for (const [k, axis] of axes.entries()) {
      // Along a curve that leads around the origin an axis may be worth nothing before another one is there.
      if (!axis.real && k < last) {
        const { gain, toldApart } = this.compared(given.after, await along((one) => one % ofUnit !== k));
        axis.real = isReal(gain, toldApart);
      }
      // Without a gain of all axes together, none of them is real.
      if (!isUsed(k)) axis.real = false;
    }
    const kept = keptAxes ? after[keptAxes - 1] : undefined;
    return { axes, decisive, added: kept && this.gain(given.after, kept) };
  }

  /** By how much less should be decoded than was trained, on the axes of a unit; undefined: as much. */
  private async reduction(
    axes: readonly AxisGain[],
    both: HalfPoints,
    held: Float32Array,
  ): Promise<AxisReduction | undefined> {
    const { decoder, targets, reduction } = this.context;
    if (!this.options.reduce) return reduction;
    if (this.particles.length < fewestDeciding) return undefined;
    const unsupported = unsupportedAxes(axes);
    if (unsupported.length === 0) return undefined;
    const units = decoder.latent / axes.length;
    const centre = Float32Array.from(axes, (_, k) =>
      held.reduce((sum, z, i) => sum + (i % axes.length === k ? z / units : 0), 0),
    );
    const at = (factor: number) => ({ factors: factorsOf(axes.length, unsupported, factor), centre });
    const start = {
      points: both.halves.map(({ mean }) => gatherColumns(mean, decoder.latent + 5, range(decoder.latent))),
    };
    const how = { poses: this.test.posesOf(both), start };
    const scores: HalfScores[] = [];
    for (const factor of triedFactors) {
      const less = reducedDecoder(decoder, ofAllUnits(at(factor), units));
      const points = await this.test.infer(
        { decoder: less, deviations: this.spread.deviation, ...how },
        this.options,
      );
      scores.push(await this.score(await this.placed(points, this.density, held)));
    }
    const factor = triedFactors[supportedPart(scores, targets.rings)]!;
    return factor < 1 ? at(factor) : undefined;
  }

  /** Sizes of the motion that is decoded, and of what was trained if it is another one. */
  private sizes(
    single: BestSingle,
    verdict: Evidence["verdict"],
    reduction: AxisReduction | undefined,
  ): Pick<Evidence, "motion" | "reduced"> {
    const { decoder, population, neutral } = this.context;
    const one = { ...neutral, params: single.params };
    const from = motionSize(decoder, one, population);
    if (!reduction) return { motion: from };
    const { factors, centre } = reduction;
    const all = ofAllUnits(reduction, decoder.latent / factors.length);
    const less = reducedDecoder(decoder, all);
    // Without heterogeneity a difference between the decoder's model and that for all is none between particles.
    const middle = verdict === "none" ? { ...neutral, params: decoder.decode(all.centre, 1) } : one;
    return {
      motion: motionSize(less, middle, population),
      reduced: { factors: Array.from(factors), centre: Array.from(centre), from },
    };
  }

  private compared(of: HalfScores, over: HalfScores): Pick<Evidence, "gain" | "toldApart"> {
    const toldApart = gainOfToldApart(of, over, this.context.targets.rings);
    return { gain: this.gain(of, over), ...(toldApart && { toldApart }) };
  }

  /**
   * The decoder with its axes about the one model. What axes of noise change together is a worse model for all, which must not be counted
   * against another axis that shows a rare state. Models of a second round vary about those of the axes that are fixed.
   */
  private aboutSingle({ from, z, params }: BestSingle): PlaceDecoder {
    const { decoder, base } = this.context;
    return from === "decoded" || base ? decoder : shiftedDecoder(decoder, z, params);
  }

  /** Scores at places inferred along some axes in the poses of `both`; the others stay at `held`. */
  private async some(
    both: HalfPoints,
    held: Float32Array,
    chosen: (axis: number) => boolean,
    decoder = this.context.decoder,
  ): Promise<HalfScores> {
    const axes = range(decoder.latent).filter(chosen);
    const deviations = axes.map((i) => this.spread.deviation[i]!);
    const start = { points: both.halves.map(({ mean }) => gatherColumns(mean, decoder.latent + 5, axes)) };
    const how = { poses: this.test.posesOf(both), start };
    const points = await this.infer(someAxes(decoder, axes, held), deviations, how);
    const at = axes.map((i) => held[i]!);
    return this.score(await this.placed(points, marginal(this.density, axes), at));
  }

  /** Gains of parts of the decoder at the points of all of it. */
  private async parts(both: HalfPoints, { params }: BestSingle): Promise<Pick<Evidence, "kinds" | "region">> {
    const { vary, decoder, neutral } = this.context;
    const { region } = this.options;
    const score = (varied: Uint8Array) => this.score(both, partialDecoder(decoder, params, varied));
    const kinds: Evidence["kinds"] = {};
    const nothing = vary.length > 1 || region ? await score(new Uint8Array(params.length)) : undefined;
    for (const kind of nothing && vary.length > 1 ? vary : []) {
      kinds[kind] = this.gain(await score(parametersOf(neutral.count, { kind })), nothing!);
    }
    this.step();
    if (!region) return { kinds };
    return {
      kinds,
      region: this.gain(await score(parametersOf(neutral.count, { flags: region })), nothing!),
    };
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
