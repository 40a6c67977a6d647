import type { Random } from "../random";
import { ArcLengthScale } from "./arcLength";
import { DenseNetwork } from "./denseNetwork";
import type { GaussianHead } from "./head";
import { HeadLayer, type LossScaling } from "./headLayer";
import { LatentStatistics } from "./latentStatistics";
import { NetworkThreads } from "./networkThreads";
import type { AdamStep, NamedArray } from "./parameters";

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

/** Points in the table of an arc-length scale. */
const scalePoints = 256;

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
  /** Latents → raw outputs of the head. */
  readonly decoder: DenseNetwork;
  private readonly threads: NetworkThreads;
  private readonly headLayer: HeadLayer;
  private statistics: LatentStatistics;
  private scale: ArcLengthScale | undefined;

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
    this.statistics = new LatentStatistics(spec.latent);
  }

  /** Draws new random weights and resets the statistics, as in a new model; memory is reused. */
  initialize(random: Random): void {
    this.encoder.initialize(random.fork(1));
    this.decoder.initialize(random.fork(2));
    this.statistics = new LatentStatistics(this.spec.latent);
    this.scale = undefined;
  }

  /** Latents [n · latent] of features [n · featureSize]. */
  encode(features: Float32Array, count: number): Float32Array {
    const raw = this.encoder.predict(features, count);
    for (let i = 0; i < raw.length; i++) {
      const z = this.statistics.standardize(raw[i]!, i);
      raw[i] = this.scale ? this.scale.toArcLength(z) : z;
    }
    return raw;
  }

  /**
   * Makes the arc length the coordinate of a one-dimensional latent space, once its training has ended; does nothing in
   * more dimensions. See {@link ArcLengthScale}.
   * @param features of the particles that get unit variance, [count · featureSize]
   */
  useArcLength(features: Float32Array, count: number): void {
    if (this.spec.latent !== 1) return;
    this.scale = undefined;
    const z = this.encode(features, count);
    const low = z.reduce((a, b) => Math.min(a, b));
    const high = z.reduce((a, b) => Math.max(a, b));
    const margin = 0.2 * (high - low);
    const at = Float32Array.from(
      { length: scalePoints },
      (_, p) => low - margin + ((high - low + 2 * margin) * p) / (scalePoints - 1),
    );
    this.scale = ArcLengthScale.measure(at, this.decode(at, scalePoints), this.head.neutral, z);
  }

  /** Sets the statistics of the latents from the features of the whole data set, [count · featureSize]. */
  calibrate(features: Float32Array, count: number): void {
    this.statistics.calibrate(this.encoder.predict(features, count), count);
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

  /**
   * Forward pass of training.
   * @param features [B · featureSize]
   * @param noise    standard deviation of the noise added to the latents
   */
  forward(features: Float32Array, count: number, noise: number, random: Random): Pass {
    const encoded = this.encoder.forward(features, count, random);
    const z = encoded.dense(count);
    this.statistics.update(z, count);
    for (let i = 0; i < z.length; i++) z[i] = this.statistics.standardize(z[i]!, i);
    const raw = this.decoder.forward(
      z.map((value) => value + noise * random.normal()),
      count,
      random,
    );
    const deviations = this.statistics.deviations();
    return {
      models: this.headLayer.decode(raw, count, true),
      backward: (gradient, scaling, step) => {
        this.headLayer.backward(raw, count, gradient, scaling);
        const inputGradient = this.decoder.backward(step, true)!;
        for (let i = 0; i < inputGradient.length; i++)
          inputGradient[i]! /= deviations[i % deviations.length]!;
        encoded.put(inputGradient, 0, count);
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
    const gradient = new Float32Array(count * this.spec.latent);
    for (let i = 0; i < gradient.length; i++) {
      const z = this.statistics.standardize(raw[i]!, i);
      const value = this.scale ? this.scale.toArcLength(z) : z;
      const derivative = this.scale ? this.scale.derivative(z) : 1;
      const deviation = this.statistics.deviationAt(i);
      gradient[i] = (2 * weight[i]! * (value - goal[i]!) * derivative) / (total * deviation);
    }
    encoded.put(gradient, 0, count);
    this.encoder.backward(step);
  }

  /** All weights and statistics, for a checkpoint. */
  save(): NamedArray[] {
    const prefixed = (prefix: string, arrays: NamedArray[]) =>
      arrays.map((a) => ({ ...a, name: `${prefix}.${a.name}` }));
    return [
      ...prefixed("encoder", this.encoder.save()),
      ...prefixed("decoder", this.decoder.save()),
      ...prefixed("latent", this.statistics.save()),
      ...(this.scale
        ? [
            { name: "latent.network", shape: [scalePoints], data: this.scale.network },
            // The name of the arc length in checkpoints since the first version.
            { name: "latent.even", shape: [scalePoints], data: this.scale.arcLength },
          ]
        : []),
    ];
  }

  /** Restores what {@link save} returned. @throws RangeError if an array is missing or invalid */
  load(arrays: readonly NamedArray[]): void {
    const under = (prefix: string) =>
      arrays
        .filter((a) => a.name.startsWith(`${prefix}.`))
        .map((a) => ({ ...a, name: a.name.slice(prefix.length + 1) }));
    this.encoder.load(under("encoder"));
    this.decoder.load(under("decoder"));
    const latent = under("latent");
    this.statistics.load(latent);
    const [network, arcLength] = ["network", "even"].map((name) => latent.find((a) => a.name === name)?.data);
    if (network?.length !== arcLength?.length || !(isAscending(network) && isAscending(arcLength))) {
      throw new RangeError("weights latent.even: expected as many ascending numbers as in latent.network");
    }
    this.scale = network && arcLength && new ArcLengthScale(network, arcLength);
  }

  /** Terminates the threads. The model cannot be used afterwards. */
  dispose(): void {
    this.threads.dispose();
  }
}

function isAscending(values: Float32Array = new Float32Array()): boolean {
  return values.every((value, i) => i === 0 || value >= values[i - 1]!);
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
