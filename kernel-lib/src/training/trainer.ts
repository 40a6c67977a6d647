import type { GaussianModel } from "../model/gaussianModel";
import { Adam } from "../network/adam";
import type { AxisRoles } from "../network/decoder";
import { GaussianHead } from "../network/head";
import { LatentModel } from "../network/latentModel";
import type { NamedArray } from "../network/parameters";
import type { ParticleTargets } from "../particles/targets";
import type { TaskOptions } from "../progress";
import type { ProjectionEngine } from "../projection/engine";
import { Random } from "../random";
import { type Misfit, measureMisfit } from "./agreement/misfit";
import type { MisfitOptions } from "./agreement/misfitOptions";
import { batchEnds, gatherRows, ParticleBatches } from "./batches";
import { deviceOf } from "./device/deviceOf";
import { evenly } from "./evidence/sample";
import { splitHeldOut } from "./heldOut";
import { ImageGroups, particlesAmong } from "./imageGroups";
import type { RunOptions } from "./options";
import { type PlacesAgreement, placesAgreement } from "./placesAgreement";
import { decoderOf, type PlaceDecoder } from "./posterior/decoders";
import { minParticles, type Prepared, type PrepareOptions, prepareTraining } from "./preparation";
import type { ProjectionContext } from "./projectionContext";
import { ringsOfEpoch } from "./schedule";
import type { BaseModels } from "./secondRound/baseModels";
import type { ContinuedAxes, KeptAxes } from "./secondRound/continuedAxes";
import type { StepSettings } from "./stepParts";
import { StrainPenalty } from "./strain/strainPenalty";
import type { NestedDropout } from "./survey/nestedDropout";
import type { EndedTraining } from "./trainedPlaces";
import { UnitAssembly } from "./units/unitAssembly";
import type { RingWeights } from "./weights";

/** Result of one epoch. */
export interface EpochReport {
  /** Number of the start, from 0; there are several only during the coarse epochs. */
  start: number;
  /** From 1. */
  epoch: number;
  /** Outermost Fourier ring used in this epoch. */
  rings: number;
  /** Mean FRC over all rings of particles of the training set, as many as are held out. */
  trainFrc: number;
  /** The same of the particles held out for validation. */
  validationFrc: number;
  /** Weighted score (a mean FRC, weighted by information) of the particles held out for validation, over all rings. */
  validationScore: number;
  /** Epochs of the start in all, once it is known. */
  epochs?: number;
  /** Seconds since the training started, including preparation. */
  seconds: number;
}

/** Options of {@link Trainer.trainEpoch}. */
export interface TrainEpochOptions extends TaskOptions {
  /** Factor on the learning rate. */
  rate: number;
  /** Epochs in all, as far as known. */
  epochs?: number | undefined;
}

/** What a {@link Trainer} works with. */
export interface TrainerParts {
  targets: ParticleTargets;
  /** Of a unit. */
  head: GaussianHead;
  /** Units of a particle. Default: the whole molecule is one. */
  units?: UnitAssembly | undefined;
  options: RunOptions;
  engine: ProjectionEngine;
  /** Threads for the networks. Default: one per core. */
  threads?: number | undefined;
  /** What models are changes of. Default: the neutral model. */
  base?: BaseModels | undefined;
  /** Axes of an earlier training that go on, before the new ones, and what the new ones may change. Default: none. */
  kept?: ContinuedAxes | undefined;
  /** Leaves out axes and kinds of parameters in training. Default: none. */
  dropout?: NestedDropout | undefined;
  /** Called with a sentence about how the steps of an epoch are computed. */
  onNote?: ((note: string) => void) | undefined;
}

/** What a {@link Trainer.sibling} does differently. */
export interface SiblingOptions {
  options: RunOptions;
  /** Box units per raw output of a position. */
  positionGain: number;
  dropout: NestedDropout;
  /** Most particles to train on. */
  most: number;
}

/** Standard deviation of the coordinates of an earlier training, of which an encoder with another input learns. */
const taughtDeviation = 0.3;

/** Fresh or loaded state of one start. */
interface Networks {
  model: LatentModel;
  adam: Adam;
}

/** The steps of a training, without files. */
export class Trainer {
  /** The neutral model. */
  readonly neutral: GaussianModel;
  /** Parameters of the method. */
  options: RunOptions;
  /** Transforms and poses of the particles. */
  readonly targets: ParticleTargets;
  /** Particles of the training and validation sets, over which means are taken, ascending; of tilt series their images. */
  used!: Int32Array;
  /** Particles to train on; of tilt series their images: a step sees some tilts, each at the place of its particle. */
  trainingSet!: Int32Array;
  /** Particles held out for validation; of tilt series their images. */
  validationSet!: Int32Array;
  private networks: Networks | undefined;
  private prepared: Prepared | undefined;
  private strain: StrainPenalty | undefined;
  /** Units of a particle; the networks have a row for each. */
  readonly units: UnitAssembly;
  private readonly context: ProjectionContext;
  private readonly batches: ParticleBatches;
  private readonly random: Random;

  constructor(private readonly parts: TrainerParts) {
    const { targets, head, options, engine, units = new UnitAssembly(), base } = parts;
    this.targets = targets;
    this.options = options;
    this.units = units;
    this.neutral = units.symmetric(head.neutral);
    this.context = { targets, neutral: this.neutral, engine, units, base };
    this.batches = new ParticleBatches(targets);
    this.random = new Random(options.seed);
    this.split(Int32Array.from({ length: targets.count }, (_, i) => i));
  }

  /** Encoder and decoder. */
  get model(): LatentModel {
    return this.networks!.model;
  }

  /** Divides the particles that are used, ascending, into training and validation set. */
  private split(particles: Int32Array): void {
    this.used = particles;
    Object.assign(this, splitHeldOut(particles, this.targets, this.options));
  }

  /** The first pass over the data, see `prepareTraining`. Later calls return the same result. */
  async prepare(options: PrepareOptions = {}): Promise<Prepared> {
    this.prepared ??= await prepareTraining(this.context, this.options, {
      ...options,
      choose: (agreement) => {
        const used = options.choose?.(agreement) ?? agreement.kept;
        if (used.length >= minParticles) this.split(used);
        return used;
      },
    });
    return this.prepared;
  }

  /**
   * A trainer of the same prepared particles with other options and networks of its own. It has to be disposed of; the first one
   * has to be prepared, and stays in use.
   */
  sibling({ options, positionGain, dropout, most }: SiblingOptions): Trainer {
    const { neutral, vary, free, bodies } = this.parts.head;
    const head = new GaussianHead(neutral, vary, { free, bodies: bodies?.of, gain: positionGain });
    const sibling = new Trainer({ ...this.parts, head, options, dropout });
    sibling.prepared = this.prepared;
    sibling.used = this.used;
    sibling.validationSet = this.validationSet;
    const chosen = evenly(particlesAmong(this.targets, this.trainingSet), most);
    sibling.trainingSet = ImageGroups.of(this.targets)?.imagesOf(chosen).images ?? chosen;
    return sibling;
  }

  /** Gives the latent space as many axes, with these roles, as a survey found; before the networks are made. */
  adopt({ latent, roles, form }: Pick<RunOptions, "latent" | "form"> & { roles: AxisRoles }): void {
    const isSplit = roles.position.length < latent || roles.density.length < latent;
    this.options = { ...this.options, latent, ...(isSplit && { roles }), ...(form && { form }) };
  }

  /** What projections of held-out particles are compared with. */
  async projections(): Promise<ProjectionContext & { weights: RingWeights }> {
    return { ...this.context, weights: (await this.prepare()).likelihood };
  }

  /** Whether particles and neutral model would agree better if one of them were moved or scaled, or with another defocus. */
  async misfit(options: Omit<MisfitOptions, "weights" | "particles"> = {}): Promise<Misfit> {
    const { likelihood, agreement } = await this.prepare(options);
    return measureMisfit(this.context, { weights: likelihood, particles: agreement.kept, ...options });
  }

  /** Encoder input of the particles that are used, [rows · size], and the number of rows: their units. */
  private usedFeatures(): [features: Float32Array, rows: number] {
    const { units } = this;
    const used = particlesAmong(this.targets, this.used);
    const { basis, features } = this.prepared!;
    const all = used.length === this.targets.count;
    return [all ? features : gatherRows(features, units.count * basis.size, used), units.count * used.length];
  }

  /** Particles of a step: as many as make a batch of units. */
  private get particlesPerStep(): number {
    return Math.max(2, Math.round(this.options.batchSize / this.units.count));
  }

  /** Initializes networks and optimizer for start number `start`. */
  async initialize(start: number): Promise<void> {
    const { basis } = await this.prepare();
    const { latent, hidden, dropout, form, roles, learningRate, weightDecay } = this.options;
    const random = this.random.fork(100 + start);
    let model = this.networks?.model;
    if (model) {
      model.initialize(random);
    } else {
      const { kept, head, threads } = this.parts;
      const blocks = kept && [...kept.blocks, { latent, form, roles, slots: kept.newSlots }];
      const spec = {
        ...{ latent: this.trainedAxes, featureSize: basis.size },
        ...{ hidden, dropout, form, roles, blocks },
      };
      model = new LatentModel(spec, head, random, threads);
    }
    if (this.parts.kept) await this.continueFrom(this.parts.kept, model);
    else model.calibrate(...this.usedFeatures());
    const adam = new Adam(model.networks, { learningRate, weightDecay });
    this.networks = { model, adam };
  }

  /** Begins with the axes that go on as they were. */
  private async continueFrom(kept: KeptAxes, model: LatentModel): Promise<void> {
    const { basis, features } = this.prepared!;
    const sameInput = basis === kept.basis;
    model.continueFrom(kept.arrays, sameInput);
    if (!sameInput) {
      const axes = this.trainedAxes;
      const goal = new Float32Array((kept.goal.length / kept.latent) * axes);
      const standardDeviation = goal.map((_, i) =>
        i % axes < kept.latent ? taughtDeviation : Number.POSITIVE_INFINITY,
      );
      kept.goal.forEach((value, i) => {
        goal[Math.floor(i / kept.latent) * axes + (i % kept.latent)] = value;
      });
      await deviceOf(this.context.engine).teach(model, {
        ...{
          particles: this.units.rowsOf(particlesAmong(this.targets, this.trainingSet)),
          features,
          random: this.random.fork(4),
        },
        posterior: { mean: goal, standardDeviation },
      });
    }
    model.settleEarlier(kept.arrays, ...this.usedFeatures());
  }

  /** Steps of an epoch. */
  get stepsPerEpoch(): number {
    return batchEnds(this.trainingSet.length, this.particlesPerStep).length;
  }

  /** Outermost ring of an epoch, from 1. */
  ringsOfEpoch(epoch: number): number {
    const { weights } = this.prepared!;
    const signal = { first: Math.max(weights.firstRing, 1), last: Math.max(weights.lastRing, 1) };
    const all = { first: 1, last: this.targets.rings };
    return ringsOfEpoch(epoch, this.options, this.options.weighting === "uniform" ? all : signal);
  }

  /** Trains one epoch, from 1. Each epoch of each start has its own random numbers. */
  async trainEpoch(
    epoch: number,
    start: number,
    { rate, epochs, ...task }: TrainEpochOptions,
  ): Promise<void> {
    const { weights } = await this.prepare();
    const { trainingSet, context, batches, units, prepared } = this;
    const random = this.random.fork(1000 + start).fork(epoch);
    const rings = this.ringsOfEpoch(epoch);
    const order = random.permutation(trainingSet.length).map((i) => trainingSet[i]!);
    const step: StepSettings = {
      rings,
      random,
      scale: 1 / weights.meanTotal(rings),
      rate: this.options.learningRate * rate,
    };
    const strain = this.strainPenalty();
    const parts = { ...this.networks!, prepared: prepared!, context, batches, units, strain };
    const { dropout, onNote } = this.parts;
    const epochParts = { ...parts, dropout, order, batchSize: this.particlesPerStep };
    await deviceOf(context.engine).takeSteps(epochParts, step, {
      ...this.options,
      ...task,
      epochs,
      epoch,
      onNote,
    });
    this.model.calibrate(...this.usedFeatures());
  }

  /** Axes that are trained: new ones, and those of an earlier training that go on. */
  get trainedAxes(): number {
    return this.options.latent + (this.parts.kept?.latent ?? 0);
  }

  /** Axes of the latent space with those that a second round has from the first. */
  get axes(): number {
    return this.trainedAxes + (this.parts.base?.axes.latent ?? 0);
  }

  /** Coordinates of all rows on all {@link axes} from those on the trained ones, [rows · latent]. */
  onAllAxes(values: Float32Array, which: "encoder" | "refined" | "standardDeviation"): Float32Array {
    return this.parts.base?.beside(which, values) ?? values;
  }

  private strainPenalty(): StrainPenalty | undefined {
    const { head } = this.parts;
    const { strainPenalty: weight = 0 } = this.options;
    if (weight === 0 || head.positions === 0) return undefined;
    this.strain ??= new StrainPenalty(head, weight, this.units.count * this.trainingSet.length);
    return this.strain;
  }

  /** Latents of all units of all particles from the encoder, [rows · latent], on the trained axes. */
  encodeAll(): Promise<Float32Array> {
    return deviceOf(this.context.engine).encode(this.model, this.prepared!.features);
  }

  /** Numbers of all particles of the run, as its files have them, from those of all images [rows · latent]. */
  ofParticles(values: Float32Array, latent: number): Float32Array {
    return ImageGroups.of(this.targets)?.toParticles(values, latent) ?? values;
  }

  /** The decoder of whole particles, whose places are those of all their units. */
  private get decoder(): PlaceDecoder {
    return this.decoderOf(decoderOf(this.model));
  }

  /** The decoder of whole particles from that of a unit. */
  decoderOf(ofUnit: PlaceDecoder): PlaceDecoder {
    return this.units.decoder(ofUnit, this.parts.head.neutral.count);
  }

  /** Mean FRC over all rings, and weighted score, of these particles at the latents `z` [rows · latent] of all. */
  async evaluate(indices: Int32Array, z: Float32Array, options: TaskOptions = {}): Promise<PlacesAgreement> {
    const { weights } = await this.prepare();
    const { context, batches, decoder } = this;
    const found = await placesAgreement({ ...{ context, batches, weights, decoder }, indices, z }, options);
    const groups = ImageGroups.of(this.targets);
    if (!groups) return found;
    const scores = new Map<number, number>();
    indices.forEach((image, i) => {
      const head = groups.headOf(image);
      scores.set(head, (scores.get(head) ?? 0) + found.scores[i]!);
    });
    return { ...found, scores: Float64Array.from(scores.values()) };
  }

  /** What the places of the particles are found with once the last epoch has ended. */
  async ended(): Promise<EndedTraining> {
    const prepared = await this.prepare();
    const { model, context, units } = this;
    const [used, trainingSet, heldOut] = [this.used, this.trainingSet, this.validationSet].map((images) =>
      particlesAmong(this.targets, images),
    ) as [Int32Array, Int32Array, Int32Array];
    const { kept, head } = this.parts;
    return {
      ...{ model, prepared, context, units, used, trainingSet, heldOut, kept, vary: head.vary },
      ...{ features: this.usedFeatures(), random: this.random.fork(3) },
      encodeAll: () => this.encodeAll(),
      decoder: () => this.decoder,
    };
  }

  /** Arrays for decoding and, unless training is `complete`, for continuing it. */
  save(complete = false): NamedArray[] {
    const { model, adam } = this.networks!;
    const moments = complete ? [] : adam.save().map((a) => ({ ...a, name: `adam.${a.name}` }));
    return [...this.prepared!.basis.save(), ...model.save(), ...moments];
  }

  /** Restores networks and optimizer from what {@link save} returned. */
  load(arrays: readonly NamedArray[]): void {
    const { model, adam } = this.networks!;
    model.load(arrays);
    adam.load(arrays.filter((a) => a.name.startsWith("adam.")).map((a) => ({ ...a, name: a.name.slice(5) })));
  }

  /** Ends the threads of the networks. */
  dispose(): void {
    this.networks?.model.dispose();
  }
}
