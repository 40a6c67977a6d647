import { InputError, throwIfStopped } from "../errors";
import { disc } from "../fourier/disc";
import type { GaussianModel } from "../model/gaussianModel";
import { Adam } from "../network/adam";
import type { GaussianHead } from "../network/head";
import { LatentModel } from "../network/latentModel";
import type { NamedArray } from "../network/parameters";
import { splitByImage } from "../particles/halves";
import type { ParticleTargets } from "../particles/targets";
import type { TaskOptions } from "../progress";
import type { ProjectionEngine } from "../projection/engine";
import { Random } from "../random";
import { type Agreement, judgeAgreement } from "./agreement/agreement";
import { type Misfit, measureMisfit } from "./agreement/misfit";
import { batchEnds, ParticleBatches } from "./batches";
import { distilEncoder } from "./distil";
import { FeatureBasis, GradientSource } from "./features";
import { latentLikelihood } from "./likelihood";
import { particlesPerPass } from "./memory";
import { meanFrcOf, neutralFrc } from "./neutralFrc";
import type { TrainingOptions } from "./options";
import { latentPosterior, type Posterior } from "./posterior";
import { RingWeights } from "./weights";

/** What one epoch did. */
export interface EpochReport {
  /** Which start, from 0; several only through the coarse epochs. */
  start: number;
  /** From 1. */
  epoch: number;
  /** Outermost ring that this epoch saw. */
  rings: number;
  /** Mean over particles of the FRC averaged over rings 1 … all, on particles that were trained on. */
  trainFrc: number;
  /** The same on held-out particles. */
  heldOutFrc: number;
  /** The weighted score (mean FRC by information) on held-out particles, over all rings. */
  heldOutScore: number;
  /** Seconds since training began, preparation included. */
  seconds: number;
}

/** Fixed by the first pass over the data and needed for everything after it. */
export interface Prepared {
  /** Whether particles and model belong together, and which particles do not. */
  agreement: Agreement;
  /** Of the neutral model, over the particles that are used, [rings + 1]. */
  meanFrc: Float64Array;
  /** As the loss counts the rings. */
  weights: RingWeights;
  /** As the posterior counts them: by information, whatever the loss. */
  likelihood: RingWeights;
  basis: FeatureBasis;
  /** Encoder input, [particles · basis.size]. */
  features: Float32Array;
}

/**
 * Ring limits of the gradients that the encoder sees, all rings beside them. A domain that moves by a third of the box
 * has its states in order only in the lowest rings.
 */
const FEATURE_RINGS = [2, 5];

/** Fewer particles are no data set. */
export const LEAST_PARTICLES = 10;
/** Most particles that are held out. */
const MOST_HELD_OUT = 2000;

/** What the first pass may be told. */
export interface PrepareOptions {
  /** Basis of the encoder input of a run that is resumed. */
  basis?: FeatureBasis | undefined;
  /**
   * Decides, from what the first pass found, which particles are used, ascending; throws where particles and model do not
   * belong together. Default: those that are no outliers.
   */
  choose?: (agreement: Agreement) => Int32Array;
}

/** The training itself, step by step; files and folders are the business of `run.ts`. */
export class Trainer {
  readonly neutral: GaussianModel;
  /** Particles that are used for anything: trained on, held out, or in what the data set's means are taken over. */
  used!: Int32Array;
  trained!: Int32Array;
  heldOut!: Int32Array;
  model!: LatentModel;
  private adam!: Adam;
  private prepared: Prepared | undefined;
  private readonly batches: ParticleBatches;
  private readonly random: Random;

  constructor(
    readonly targets: ParticleTargets,
    readonly head: GaussianHead,
    readonly options: TrainingOptions,
    readonly engine: ProjectionEngine,
    /** Threads that compute the networks. Default: one per core. */
    private readonly threads?: number,
  ) {
    this.batches = new ParticleBatches(targets);
    this.neutral = head.neutral;
    this.random = new Random(options.seed);
    this.use(Int32Array.from({ length: targets.count }, (_, i) => i));
  }

  /** Divides the particles that are used, ascending, into those that are trained on and those held out. */
  private use(particles: Int32Array): void {
    const { targets, options } = this;
    this.used = particles;
    const used = new Set(particles);
    const order = this.random
      .fork(1)
      .permutation(targets.count)
      .filter((i) => used.has(i));
    const asked = Math.round(particles.length * options.heldOut);
    const heldOut = Math.max(1, Math.min(asked, MOST_HELD_OUT, particles.length - 2));
    // Training has not seen a held-out particle under the name of another either.
    const { first, rest } = splitByImage(order, heldOut, targets.images);
    if (rest.length < 2) throw tooFewParticles("particles that show different images", 1 + rest.length);
    this.heldOut = first;
    this.trained = rest;
  }

  /**
   * The first pass over the data: FRC of the neutral model, which particles agree with it, ring weights, encoder input.
   * @throws InputError where fewer than `LEAST_PARTICLES` are used, and as `options.choose` does
   */
  async prepare(task: TaskOptions = {}, prepareOptions: PrepareOptions = {}): Promise<Prepared> {
    if (this.prepared) return this.prepared;
    const { targets, neutral, engine, options } = this;
    const { count, rings, ctfPower } = targets;
    const frc = await neutralFrc(targets, neutral, engine, task);
    const agreement = judgeAgreement({ count, rings, frc, ctfPower });
    const used = prepareOptions.choose?.(agreement) ?? agreement.kept;
    if (used.length < LEAST_PARTICLES) throw tooFewParticles("particles", used.length);
    this.use(used);
    const meanFrc = meanFrcOf(frc, rings + 1, used);
    const weights = new RingWeights(options.weighting, meanFrc, ctfPower, count, used);
    const likelihood = new RingWeights("information", meanFrc, ctfPower, count, used);
    const source = new GradientSource(targets, neutral, engine, weights);
    // Where the first rings carry nothing, the low rings are the first ones that do.
    const first = Math.max(1, weights.firstRing);
    const limits = [
      ...new Set([...FEATURE_RINGS, rings].map((ring) => Math.min(Math.max(ring, first), rings))),
    ];
    const basis =
      prepareOptions.basis ??
      (await FeatureBasis.fit(source, used, limits, options.featureSize, options.seed, task));
    const features = await basis.project(source, task);
    this.prepared = { agreement, meanFrc, weights, likelihood, basis, features };
    return this.prepared;
  }

  /** Whether the particles that agree with the neutral model would fit it better if one or the other were moved or scaled. */
  async misfit(task: TaskOptions = {}): Promise<Misfit> {
    const { likelihood, agreement } = await this.prepare(task);
    return measureMisfit(this.targets, this.neutral, this.engine, likelihood, agreement.kept, task);
  }

  /** Encoder input of the particles that are used, [used · size]. */
  private usedFeatures(): Float32Array {
    const { basis, features } = this.prepared!;
    if (this.used.length === this.targets.count) return features;
    return this.batches.rows(features, basis.size, this.used);
  }

  /** Fresh networks and optimiser for start number `start`. */
  async begin(start: number): Promise<void> {
    const { basis } = await this.prepare();
    const { latent, hidden, dropout, learningRate, weightDecay } = this.options;
    const random = this.random.fork(100 + start);
    if (this.model) {
      this.model.initialize(random);
    } else {
      const spec = { latent, featureSize: basis.size, hidden, dropout };
      this.model = new LatentModel(spec, this.head, random, this.threads);
    }
    this.model.calibrate(this.usedFeatures(), this.used.length);
    this.adam = new Adam([this.model.encoder, this.model.decoder], { learningRate, weightDecay });
  }

  /** The cut-off of an epoch (from 1): from the coarse ring to all rings over the coarse epochs. */
  ringsOfEpoch(epoch: number): number {
    const { coarseEpochs } = this.options;
    const all = this.lastRing;
    // Rings before the first one with a signal weigh nothing: a step that saw no others would divide by zero.
    const coarseRing = this.options.coarseRing && Math.max(this.options.coarseRing, this.firstRing);
    if (coarseRing === 0 || coarseRing >= all || epoch > coarseEpochs) return all;
    return Math.round(coarseRing * (all / coarseRing) ** ((epoch - 1) / coarseEpochs));
  }

  /** The outermost ring in which the neutral model has a signal, or all rings with uniform weights. */
  private get lastRing(): number {
    const { weights } = this.prepared!;
    return this.options.weighting === "uniform" ? this.targets.rings : Math.max(weights.lastRing, 1);
  }

  /** The innermost ring in which the neutral model has a signal, or the first one with uniform weights. */
  private get firstRing(): number {
    return this.options.weighting === "uniform" ? 1 : Math.max(this.prepared!.weights.firstRing, 1);
  }

  /** One pass over the training particles. Epochs are numbered from 1; each draws its own random numbers. */
  async epoch(epoch: number, start: number, task: TaskOptions = {}): Promise<void> {
    const { weights, basis, features } = await this.prepare();
    const { options, neutral } = this;
    const random = this.random.fork(1000 + start).fork(epoch);
    const rings = this.ringsOfEpoch(epoch);
    const scale = 1 / weights.meanTotal(rings);
    const order = random.permutation(this.trained.length);
    const rate = this.learningRate(epoch);
    const width = 2 * disc(this.targets.rings).samples;
    // Transforms of the present and of the next particles, in turn.
    const ends = batchEnds(order.length, options.batchSize);
    const spaces = [0, 1].map(() => new Float32Array(options.batchSize * width));
    let turn = 0;
    const load = (step: number) => {
      const indices = order.slice(ends[step - 1] ?? 0, ends[step]).map((i) => this.trained[i]!);
      turn = 1 - turn;
      const batch = this.batches.load(indices, neutral.count, neutral.params, spaces[turn]);
      // Awaited below; a failure must not count as unhandled while the step before it is still going on.
      batch.catch(() => undefined);
      return { indices, batch };
    };
    // The next particles are read while the present ones are worked on.
    let ahead = load(0);
    for (let step = 0; step < ends.length; step++) {
      const { indices, batch: loading } = ahead;
      if (step + 1 < ends.length) ahead = load(step + 1);
      throwIfStopped(task.signal);
      const count = indices.length;
      const pass = this.model.forward(
        this.batches.rows(features, basis.size, indices),
        count,
        options.latentNoise,
        random,
      );
      const { modelGradient } = await this.engine.evaluate(
        { ...(await loading), model: pass.models },
        {
          boxSize: neutral.boxSize,
          rings,
          ringWeights: weights.of(indices, rings),
          gradient: { model: true },
        },
      );
      const how = { scale: -scale / count, penalty: options.spreadPenalty / count };
      pass.backward(modelGradient!, how, this.adam.next(rate));
      task.onProgress?.({
        task: `epoch ${epoch} of ${options.epochs}, rings to ${rings}`,
        done: ends[step]!,
        total: order.length,
      });
    }
    this.model.calibrate(this.usedFeatures(), this.used.length);
  }

  /** Full rate for two thirds of the epochs, then a cosine down to a twentieth. */
  private learningRate(epoch: number): number {
    const { epochs, learningRate } = this.options;
    const fall = Math.max(0, (epoch - 1 - (2 / 3) * epochs) / (epochs / 3));
    return learningRate * (0.05 + 0.95 * 0.5 * (1 + Math.cos(Math.PI * Math.min(fall, 1))));
  }

  /** Latents of all particles from the encoder, [particles · latent]. */
  encodeAll(): Float32Array {
    return this.model.encode(this.prepared!.features, this.targets.count);
  }

  /** Mean FRC over all rings and weighted score of these particles at latents z [particles · latent] of all particles. */
  async judge(
    indices: Int32Array,
    z: Float32Array,
    task: TaskOptions = {},
  ): Promise<{ frc: number; score: number }> {
    const { weights } = await this.prepare();
    const { latent } = this.options;
    let frcSum = 0;
    let scoreSum = 0;
    const step = particlesPerPass(this.neutral.count);
    for (let from = 0; from < indices.length; from += step) {
      throwIfStopped(task.signal);
      const part = indices.subarray(from, from + step);
      const models = this.model.decode(this.batches.rows(z, latent, part), part.length);
      const { frc, score } = await this.engine.evaluate(
        await this.batches.load(part, this.neutral.count, models),
        {
          boxSize: this.neutral.boxSize,
          rings: this.targets.rings,
          ringWeights: weights.of(part),
        },
      );
      for (const value of frc) frcSum += value;
      for (const value of score) scoreSum += value;
    }
    return {
      frc: frcSum / (indices.length * this.targets.rings),
      score: scoreSum / indices.length / weights.meanTotal(),
    };
  }

  /**
   * Ends the training: evens out a one-dimensional latent space, refines the latents of all particles with the decoder
   * as it is, then teaches the encoder what was found.
   */
  async refine(task: TaskOptions = {}): Promise<Posterior> {
    const { likelihood, features } = await this.prepare();
    this.model.useArcLength(this.usedFeatures(), this.used.length);
    const posterior = await latentPosterior(
      latentLikelihood(this.targets, this.neutral, this.model, likelihood, this.engine),
      this.encodeAll(),
      this.options.latent,
      {
        ...task,
        batchSize: particlesPerPass(this.neutral.count * (this.options.latent + 1)),
        population: this.used,
      },
    );
    await distilEncoder(this.model, this.trained, features, posterior, this.random.fork(3), task);
    return posterior;
  }

  /** What a run is decoded from and, unless it is `complete`, what its training goes on with. */
  save(complete = false): NamedArray[] {
    const adam = complete ? [] : this.adam.save().map((a) => ({ ...a, name: `adam.${a.name}` }));
    return [...this.prepared!.basis.save(), ...this.model.save(), ...adam];
  }

  load(arrays: readonly NamedArray[]): void {
    this.model.load(arrays);
    this.adam.load(
      arrays.filter((a) => a.name.startsWith("adam.")).map((a) => ({ ...a, name: a.name.slice(5) })),
    );
  }

  dispose(): void {
    this.model?.dispose();
  }
}

/** @param where what has too few: the particle file, or what is left of it */
export function tooFewParticles(where: string, found: number): InputError {
  return new InputError(where, `at least ${LEAST_PARTICLES} particles to train on`, String(found));
}
