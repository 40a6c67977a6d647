import type { Random } from "../random";
import type { AxisBlock, AxisRoles, Decoder, DecoderForm } from "./decoder";
import { DenseNetwork } from "./denseNetwork";
import { GaussianDecoder, noInput } from "./gaussianDecoder";
import type { GaussianHead } from "./head";
import type { HeadLayer, LossScaling } from "./headLayer";
import { type AxisReduction, LatentFrame } from "./latentFrame";
import { LatentStatistics } from "./latentStatistics";
import { NetworkThreads } from "./networkThreads";
import { orderedFrame } from "./orderedFrame";
import { type AdamStep, type NamedArray, prefixed, under } from "./parameters";

/** Architecture of a {@link LatentModel}. */
export interface LatentModelSpec {
  /** Axes of the latent space. */
  latent: number;
  /** Numbers per particle that the encoder reads. */
  featureSize: number;
  /** Widths of the hidden layers of encoder and decoder. */
  hidden: number[];
  /** Dropout rate of the encoder. */
  dropout: number;
  /** How the decoder computes Gaussians. Default `network`. */
  form?: DecoderForm | undefined;
  /** What the axes change. Default: every axis changes everything. */
  roles?: AxisRoles | undefined;
  /** Axes of earlier rounds of training and new ones, in place of `form` and `roles`. Default: one block. */
  blocks?: readonly AxisBlock[] | undefined;
}

/** Random numbers of a training step. */
export interface PassOptions {
  /** Standard deviation of the noise added to the latents. */
  noise: number;
  random: Random;
  /** Factors on the latents that each network of the decoder reads, [B · latent]. Default: 1. */
  masks?: Float32Array[] | undefined;
}

/** A batch for {@link LatentModel.regressEncoder}. */
export interface RegressionBatch {
  /** Encoder input, [B · featureSize]. */
  features: Float32Array;
  /** Latents to be learned, [B · latent]. */
  goal: Float32Array;
  /** Weight of each of them, [B · latent]. */
  weight: Float32Array;
  /** B, the number of particles. */
  count: number;
}

/**
 * Encoder and decoder: features of a particle → latent coordinates → Gaussians.
 *
 * The encoder's output is standardized to zero mean and unit variance over the data set, so that noise, regularization
 * and the widgets' sliders mean the same in every run. The statistics are constants within a step; {@link calibrate}
 * makes them exact after each epoch.
 *
 * Training starts with the neutral model at every z, and z = 0 becomes the mean state of the particles. It is not
 * fixed to the neutral model, which comes from the blurred consensus map and is not a state of the molecule: fixing it
 * left a gap around 0 in the latent space (r of the refined latents on `adk` 0.986 with z = 0 fixed and 0.990 without; on
 * a simulated linear motion 0.985 and 0.996).
 */
export class LatentModel {
  /** Features → raw latents. */
  readonly encoder: DenseNetwork;
  /** Latents → Gaussians. */
  private readonly gaussians: GaussianDecoder;
  private readonly threads: NetworkThreads;
  private statistics: LatentStatistics;

  /**
   * @param random  draws the initial weights; undefined leaves zeros, to be loaded
   * @param threads number of threads. Default: one per core
   */
  constructor(
    readonly spec: LatentModelSpec,
    readonly head: GaussianHead,
    random: Random | undefined,
    threads?: number,
  ) {
    this.threads = new NetworkThreads(threads);
    this.encoder = new DenseNetwork(
      {
        inputs: spec.featureSize,
        hidden: spec.hidden,
        outputs: spec.latent,
        dropout: spec.dropout,
        batchNorm: true,
        outputScale: 1,
      },
      random?.fork(1),
      this.threads,
    );
    const { latent, hidden, form = "network", roles, blocks } = spec;
    this.gaussians = new GaussianDecoder({ latent, hidden, form, roles, blocks }, head, random, this.threads);
    this.statistics = new LatentStatistics(spec.latent);
  }

  /** Mean and standard deviation of each axis of the encoder's output. */
  get latentStatistics(): LatentStatistics {
    return this.statistics;
  }

  /** All networks, for an optimizer. */
  get networks(): DenseNetwork[] {
    return [this.encoder, ...this.decoderNetworks];
  }

  /** The networks between latents and Gaussians: those of the decoder, then that of the shape of rigid bodies, if there are any. */
  get decoderNetworks(): DenseNetwork[] {
    return [...this.decoder.networks, ...(this.shape ? [this.shape] : [])];
  }

  /** What decodes, without the encoder. */
  get gaussianDecoder(): GaussianDecoder {
    return this.gaussians;
  }

  /** Latents → raw outputs of the head. */
  get decoder(): Decoder {
    return this.gaussians.networks;
  }

  private get shape(): DenseNetwork | undefined {
    return this.gaussians.shape;
  }

  private get headLayer(): HeadLayer {
    return this.gaussians.headLayer;
  }

  private get frame(): LatentFrame | undefined {
    return this.gaussians.frame;
  }

  private set frame(frame: LatentFrame | undefined) {
    this.gaussians.frame = frame;
  }

  /** What the axes change, in the order of the latents that {@link encode} returns. */
  get roles(): AxisRoles {
    return this.gaussians.roles;
  }

  /** Draws new random weights and resets the statistics, as in a new model; memory is reused. */
  initialize(random: Random): void {
    this.encoder.initialize(random.fork(1));
    this.gaussians.initialize(random);
    this.statistics = new LatentStatistics(this.spec.latent);
  }

  /** Latents [n · latent] of features [n · featureSize]. */
  encode(features: Float32Array, count: number): Float32Array {
    return this.places(this.encoder.predict(features, count));
  }

  /**
   * Latents [n · latent] of features [n · featureSize], by an encoder with other weights.
   * @param weights as the encoder's `save` returned them
   * @throws RangeError if an array is missing, or has another shape
   */
  encodeWith(weights: readonly NamedArray[], features: Float32Array): Float32Array {
    const own = this.encoder.save();
    try {
      this.encoder.load(weights);
      return this.encode(features, features.length / this.spec.featureSize);
    } finally {
      this.encoder.load(own);
    }
  }

  /** Latents from the outputs of the encoder's network [count · latent], whose array is used. */
  places(outputs: Float32Array): Float32Array {
    const z = this.standardize(outputs);
    return this.frame?.fromNetwork(z) ?? z;
  }

  /** Latents as the decoder's networks read them. */
  private standardized(features: Float32Array, count: number): Float32Array {
    return this.standardize(this.encoder.predict(features, count));
  }

  private standardize(raw: Float32Array): Float32Array {
    for (let i = 0; i < raw.length; i++) raw[i] = this.statistics.standardize(raw[i]!, i);
    return raw;
  }

  /**
   * Orders the axes of the latent space, once its training has ended; see {@link orderedFrame}.
   * @param features of the particles that get unit variance, [count · featureSize]
   * @param like     earlier coordinates of these particles on the axes that the training went on with, [count · their number]
   */
  orderAxes(features: Float32Array, count: number, like?: Float32Array): void {
    this.frame = undefined;
    const z = this.standardized(features, count);
    const blocks = this.decoder.blocks.map(({ latent }) => latent);
    const roles = blocks.length > 1 ? this.gaussians.rolesOfNetworks : undefined;
    this.frame = orderedFrame(this, z, this.head.neutral, { blocks, roles, like });
  }

  /**
   * Goes on with the axes of a model whose blocks are the first of this one. The new axes keep their random weights. To be followed by
   * {@link settleEarlier}.
   * @param arrays that the other model saved
   * @param withEncoder whether to go on with its encoder, too. Default: it has to be taught the coordinates, with statistics 0 and 1
   * @throws RangeError if an array is missing, or has another shape
   */
  continueFrom(arrays: readonly NamedArray[], withEncoder: boolean): void {
    const saved = under(arrays, "encoder");
    if (withEncoder) this.encoder.load(withNewOutputs(saved, this.encoder.save()));
    this.shape?.load(under(arrays, "bodies"));
    this.frame = undefined;
    this.statistics = new LatentStatistics(this.spec.latent);
    if (withEncoder) this.statistics.loadFirst(under(arrays, "latent"));
  }

  /**
   * Gives the earlier axes unit variance in the population of this training, and the decoder of the other model to them, changed so
   * that each encoded particle is decoded as before.
   * @param features of the particles that get unit variance, [count · featureSize]
   */
  settleEarlier(arrays: readonly NamedArray[], features: Float32Array, count: number): void {
    const kept = this.spec.latent - this.decoder.blocks.at(-1)!.latent;
    const before = this.statistics.first(kept);
    this.calibrate(features, count);
    const { mean, deviation } = this.statistics.first(kept);
    this.decoder.loadEarlier(under(arrays, "decoder"), {
      gain: onAllAxes(this.spec.latent, 1, (d) => deviation[d]! / before.deviation[d]!, kept),
      offset: onAllAxes(
        this.spec.latent,
        0,
        (d) => (mean[d]! - before.mean[d]!) / before.deviation[d]!,
        kept,
      ),
    });
  }

  /** Sets the statistics of the latents from the features of the whole data set, [count · featureSize]. */
  calibrate(features: Float32Array, count: number): void {
    this.statistics.calibrate(this.encoder.predict(features, count), count);
  }

  /** Coordinates of the latent space that can be read; undefined before {@link orderAxes}. */
  get latentFrame(): LatentFrame | undefined {
    return this.frame;
  }

  /** Latents [n · latent] as the decoder's networks read them; those that are decoded in their place if they are `reduced`. */
  toNetwork(z: Float32Array, reduced = false): Float32Array {
    return (reduced ? this.frame?.toDecoded(z) : this.frame?.toNetwork(z)) ?? z;
  }

  /** Decodes less change along some axes, once they are ordered; undefined: what was trained. */
  reduce(reduction: AxisReduction | undefined): void {
    const { frame } = this;
    if (!frame) throw new Error("the axes are not ordered yet");
    this.frame = new LatentFrame(frame.matrix, frame.scales, reduction);
  }

  /** A text that is another one after every change of the decoder's weights. */
  get decoderRevision(): string {
    return this.decoderNetworks.map(({ revision }) => revision).join();
  }

  /** Gaussians [n · 5N] at latents [n · latent]. */
  decode(z: Float32Array, count: number): Float32Array {
    return this.gaussians.decode(z, count);
  }

  /** The same as the networks were trained, without an `AxisReduction`. */
  decodeTrained(z: Float32Array, count: number): Float32Array {
    return this.gaussians.decodeTrained(z, count);
  }

  /** Gaussians [n · 5N] at latents in coordinates of the networks [n · latent]: the same for all, or one array for each. */
  decodeRaw(z: Float32Array | Float32Array[], count: number): Float32Array {
    return this.gaussians.decodeRaw(z, count);
  }

  /** Forward pass of training, from features [B · featureSize]. */
  forward(features: Float32Array, count: number, { noise, random, masks }: PassOptions): Pass {
    const encoded = this.encoder.forward(features, count, random);
    const z = encoded.dense(count);
    this.statistics.update(z, count);
    for (let i = 0; i < z.length; i++) z[i] = this.statistics.standardize(z[i]!, i);
    const noisy = z.map((value) => value + noise * random.normal());
    const { decoder } = this;
    const read = decoder.networks.map((_, p) => {
      const mask = masks?.[p];
      return mask ? noisy.map((value, i) => value * mask[i]!) : noisy;
    });
    const raw = decoder.forward(read, count, random);
    const deviations = this.statistics.deviations();
    const shape = this.shape?.forward(noInput, 1, random);
    return {
      models: this.headLayer.decode(raw, count, true, shape?.dense(1)),
      backward: (gradient, scaling, step) => {
        const inShape = this.headLayer.backward(raw, count, gradient, scaling);
        if (this.shape && inShape) {
          shape!.put(inShape, 0, 1);
          this.shape.backward(step);
        }
        const inLatents = new Float32Array(z.length);
        for (const [p, own] of decoder.backward(raw, step).entries()) {
          const mask = masks?.[p];
          for (let i = 0; i < own.length; i++) inLatents[i]! += mask ? mask[i]! * own[i]! : own[i]!;
        }
        for (let i = 0; i < inLatents.length; i++) inLatents[i]! /= deviations[i % deviations.length]!;
        encoded.put(inLatents, 0, count);
        this.encoder.backward(step);
      },
    };
  }

  /**
   * A step of the encoder alone towards the mean over the batch of Σ weight · (z − goal)² / Σ weight, with constant
   * statistics of the latents.
   */
  regressEncoder({ features, goal, weight, count }: RegressionBatch, random: Random, step: AdamStep): void {
    const encoded = this.encoder.forward(features, count, random);
    const raw = encoded.dense(count);
    let total = 0;
    for (const w of weight) total += w;
    const z = raw.map((value, i) => this.statistics.standardize(value, i));
    const values = this.frame?.fromNetwork(z.slice()) ?? z;
    const inFrame = values.map((value, i) => (2 * weight[i]! * (value - goal[i]!)) / total);
    const gradient = this.frame?.gradient(z, inFrame) ?? inFrame;
    for (let i = 0; i < gradient.length; i++) gradient[i]! /= this.statistics.deviationAt(i);
    encoded.put(gradient, 0, count);
    this.encoder.backward(step);
  }

  /** All weights and statistics, for a checkpoint. */
  save(): NamedArray[] {
    return [
      ...prefixed("encoder", this.encoder.save()),
      ...this.gaussians.save(),
      ...prefixed("latent", this.statistics.save()),
    ];
  }

  /** Restores what {@link save} returned. @throws RangeError if an array is missing or invalid */
  load(arrays: readonly NamedArray[]): void {
    this.encoder.load(under(arrays, "encoder"));
    this.statistics.load(under(arrays, "latent"));
    this.gaussians.load(arrays);
  }

  /** Terminates the threads. The model cannot be used afterwards. */
  dispose(): void {
    this.threads.dispose();
  }
}

/** The arrays of a network with the same layers and fewer outputs; the further ones are those of `own`. */
function withNewOutputs(saved: readonly NamedArray[], own: readonly NamedArray[]): NamedArray[] {
  return own.map((array) => {
    const other = saved.find(({ name }) => name === array.name);
    const [now, before] = [array.shape.at(-1)!, other?.shape.at(-1) ?? 0];
    if (!other || other.shape.join() === array.shape.join() || before > now) return other ?? array;
    const data = array.data.slice();
    other.data.forEach((value, i) => {
      data[Math.floor(i / before) * now + (i % before)] = value;
    });
    return { ...array, data };
  });
}

/** A number for each axis, computed for the first ones. */
function onAllAxes(latent: number, other: number, of: (axis: number) => number, first: number): number[] {
  return Array.from({ length: latent }, (_, d) => (d < first ? of(d) : other));
}

/** A forward pass of training that waits for the gradient of the score in its Gaussians. */
export interface Pass {
  /** The Gaussians of each particle, [B · 5N]; valid until anything else is decoded. */
  models: Float32Array;
  /**
   * Updates the weights of encoder and decoder by one step.
   * @param gradient of the score in the Gaussians, [B · 5N]
   */
  backward(gradient: Float32Array, scaling: LossScaling, step: AdamStep): void;
}
