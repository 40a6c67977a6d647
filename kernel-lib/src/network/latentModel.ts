import type { Random } from "../random";
import { DenseNetwork } from "./denseNetwork";
import { EvenScale } from "./evenScale";
import type { GaussianHead } from "./head";
import { HeadLayer, type HeadSlope } from "./headLayer";
import { NetworkThreads } from "./networkThreads";
import type { AdamStep, NamedArray } from "./parameters";

export interface LatentModelSpec {
  latent: number;
  featureSize: number;
  hidden: number[];
  dropout: number;
}

/** Points of the table of an even scale. */
const SCALE_POINTS = 256;

/** How fast the running statistics of the latent follow the batches within an epoch. */
const MOMENTUM = 0.95;

/**
 * Encoder and decoder: features of a particle → place in the latent space → Gaussians.
 *
 * The encoder's output is brought to zero mean and unit variance over the data set, so that a latent coordinate has a
 * scale: noise, regularisation and the widgets' sliders mean the same in every run. The statistics are constants of a
 * step; {@link calibrate} makes them exact after each epoch.
 *
 * Training begins with the neutral model at every z, and z = 0 then becomes the middle of what the particles show. It is
 * not held at the neutral model: that model comes from the blurred consensus map, which is no state of the molecule, and
 * holding it made a gap in the latent space around 0 that no particle wanted to be in (on `adk`, r of the refined latents
 * 0.986 with it held and 0.990 without; on a simulated linear motion 0.985 and 0.996).
 */
export class LatentModel {
  readonly encoder: DenseNetwork;
  readonly decoder: DenseNetwork;
  private readonly threads: NetworkThreads;
  private readonly headLayer: HeadLayer;
  private mean!: Float32Array;
  private deviation!: Float32Array;
  private scale: EvenScale | undefined;

  /**
   * @param random draws the first weights; without it they are zeros, to be loaded
   * @param threads that compute the networks. Default: one per core
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
    this.decoder = new DenseNetwork(
      {
        inputs: spec.latent,
        hidden: spec.hidden,
        outputs: head.outputs,
        dropout: 0,
        batchNorm: false,
        outputScale: 1e-2,
      },
      random?.fork(2),
      this.threads,
    );
    this.headLayer = new HeadLayer(this.threads, head);
    this.beginLatent();
  }

  /** Gives both networks new random weights, as if they had just been made; the memory that they lie in is kept. */
  begin(random: Random): void {
    this.encoder.begin(random.fork(1));
    this.decoder.begin(random.fork(2));
    this.beginLatent();
  }

  private beginLatent(): void {
    this.mean = new Float32Array(this.spec.latent);
    this.deviation = new Float32Array(this.spec.latent).fill(1);
    this.scale = undefined;
  }

  /** Latents [n · latent] of features [n · featureSize]. */
  encode(features: Float32Array, count: number): Float32Array {
    const raw = this.encoder.predict(features, count);
    const { latent } = this.spec;
    for (let i = 0; i < raw.length; i++) {
      const z = (raw[i]! - this.mean[i % latent]!) / this.deviation[i % latent]!;
      raw[i] = this.scale ? this.scale.toEven(z) : z;
    }
    return raw;
  }

  /**
   * Ends the training of a one-dimensional latent space: from here on its coordinate is an {@link EvenScale}. Does
   * nothing in more dimensions, where no such coordinate exists.
   */
  makeEven(features: Float32Array, count: number): void {
    if (this.spec.latent !== 1) return;
    this.scale = undefined;
    const z = this.encode(features, count);
    const low = z.reduce((a, b) => Math.min(a, b));
    const high = z.reduce((a, b) => Math.max(a, b));
    const margin = 0.2 * (high - low);
    const at = Float32Array.from(
      { length: SCALE_POINTS },
      (_, p) => low - margin + ((high - low + 2 * margin) * p) / (SCALE_POINTS - 1),
    );
    this.scale = EvenScale.measure(at, this.decode(at, SCALE_POINTS), this.head.neutral, z);
  }

  /** Sets mean and deviation of the latent from the features of the whole data set [n · featureSize]. */
  calibrate(features: Float32Array, count: number): void {
    const raw = this.encoder.predict(features, count);
    const { latent } = this.spec;
    for (let d = 0; d < latent; d++) {
      let sum = 0;
      let squares = 0;
      for (let i = d; i < raw.length; i += latent) sum += raw[i]!;
      const mean = sum / count;
      for (let i = d; i < raw.length; i += latent) squares += (raw[i]! - mean) ** 2;
      this.mean[d] = mean;
      this.deviation[d] = Math.sqrt(squares / count) || 1;
    }
  }

  /** Gaussians [n · 5N] at latents [n · latent]. */
  decode(z: Float32Array, count: number): Float32Array {
    const { scale, headLayer } = this;
    const width = 5 * this.head.neutral.count;
    const models = new Float32Array(count * width);
    const at = scale ? z.map((value) => scale.toNetwork(value)) : z;
    this.decoder.visit(at, count, (raw, first, rows) => {
      models.set(headLayer.decode(raw, rows), first * width);
    });
    return models;
  }

  /** One forward pass of training for a batch of features [B · featureSize], with this noise on the latents. */
  forward(features: Float32Array, count: number, noise: number, random: Random): Pass {
    const encoded = this.encoder.forward(features, count, random);
    const z = this.standardise(encoded.dense(count), count);
    const raw = this.decoder.forward(
      z.map((value) => value + noise * random.normal()),
      count,
      random,
    );
    const deviation = this.deviation.slice();
    return {
      models: this.headLayer.decode(raw, count, true),
      learn: (gradient, how, step) => {
        this.headLayer.back(raw, count, gradient, how);
        const slope = this.decoder.learn(step, true)!;
        for (let i = 0; i < slope.length; i++) slope[i]! /= deviation[i % deviation.length]!;
        encoded.put(slope, 0, count);
        this.encoder.learn(step);
      },
    };
  }

  /**
   * A step of the encoder alone, down the mean over the batch of Σ weight · (z − goal)² / Σ weight, with the latent's mean
   * and deviation as they are. `goal` and `weight` are [B · latent].
   */
  regressEncoder(
    features: Float32Array,
    goal: Float32Array,
    weight: Float32Array,
    count: number,
    random: Random,
    step: AdamStep,
  ): void {
    const { latent } = this.spec;
    const encoded = this.encoder.forward(features, count, random);
    const raw = encoded.dense(count);
    let total = 0;
    for (const w of weight) total += w;
    const slope = new Float32Array(count * latent);
    for (let i = 0; i < slope.length; i++) {
      const deviation = this.deviation[i % latent]!;
      const z = (raw[i]! - this.mean[i % latent]!) / deviation;
      const even = this.scale ? this.scale.toEven(z) : z;
      const stretch = this.scale ? this.scale.slope(z) : 1;
      slope[i] = (2 * weight[i]! * (even - goal[i]!) * stretch) / (total * deviation);
    }
    encoded.put(slope, 0, count);
    this.encoder.learn(step);
  }

  /** z of raw encoder output, the running statistics having followed this batch. */
  private standardise(raw: Float32Array, count: number): Float32Array {
    const { latent } = this.spec;
    const z = new Float32Array(count * latent);
    for (let d = 0; d < latent; d++) {
      let sum = 0;
      let squares = 0;
      for (let i = d; i < z.length; i += latent) sum += raw[i]!;
      const mean = sum / count;
      for (let i = d; i < z.length; i += latent) squares += (raw[i]! - mean) ** 2;
      this.mean[d] = MOMENTUM * this.mean[d]! + (1 - MOMENTUM) * mean;
      const variance = MOMENTUM * this.deviation[d]! ** 2 + ((1 - MOMENTUM) * squares) / count;
      this.deviation[d] = Math.sqrt(variance) || 1;
      for (let i = d; i < z.length; i += latent) z[i] = (raw[i]! - this.mean[d]!) / this.deviation[d]!;
    }
    return z;
  }

  save(): NamedArray[] {
    const { latent } = this.spec;
    const prefixed = (prefix: string, arrays: NamedArray[]) =>
      arrays.map((a) => ({ ...a, name: `${prefix}.${a.name}` }));
    return [
      ...prefixed("encoder", this.encoder.save()),
      ...prefixed("decoder", this.decoder.save()),
      { name: "latent.mean", shape: [latent], data: this.mean.slice() },
      { name: "latent.deviation", shape: [latent], data: this.deviation.slice() },
      ...(this.scale
        ? [
            { name: "latent.network", shape: [SCALE_POINTS], data: this.scale.network },
            { name: "latent.even", shape: [SCALE_POINTS], data: this.scale.even },
          ]
        : []),
    ];
  }

  /** Takes over what {@link save} stored. @throws RangeError where something is missing, or not what a model can have */
  load(arrays: readonly NamedArray[]): void {
    const under = (prefix: string) =>
      arrays
        .filter((a) => a.name.startsWith(`${prefix}.`))
        .map((a) => ({ ...a, name: a.name.slice(prefix.length + 1) }));
    this.encoder.load(under("encoder"));
    this.decoder.load(under("decoder"));
    const statistics = under("latent");
    for (const name of ["mean", "deviation"] as const) {
      const array = statistics.find((a) => a.name === name);
      if (array?.data.length !== this.spec.latent) {
        throw new RangeError(
          `weights latent.${name}: expected ${this.spec.latent} numbers, found ${array?.data.length ?? "nothing"}`,
        );
      }
      this[name] = array.data.slice();
    }
    const least = Math.min(...this.deviation);
    if (!(least > 0)) {
      throw new RangeError(`weights latent.deviation: expected numbers above 0, found ${least}`);
    }
    const [network, even] = ["network", "even"].map((name) => statistics.find((a) => a.name === name)?.data);
    if (network?.length !== even?.length || !(isRising(network) && isRising(even))) {
      throw new RangeError("weights latent.even: expected as many rising numbers as in latent.network");
    }
    this.scale = network && even && new EvenScale(network, even);
  }

  dispose(): void {
    this.threads.dispose();
  }
}

function isRising(values: Float32Array = new Float32Array()): boolean {
  return values.every((value, i) => i === 0 || value >= values[i - 1]!);
}

/** A forward pass of training that waits for the slope of the score in its Gaussians. */
export interface Pass {
  /** The Gaussians of each particle, [B · 5N]; valid until anything else is decoded. */
  models: Float32Array;
  /** Moves the weights of encoder and decoder a step, from a slope in the Gaussians [B · 5N] and how it becomes the loss's. */
  learn(gradient: Float32Array, how: HeadSlope, step: AdamStep): void;
}
