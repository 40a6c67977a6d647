import * as tf from "@tensorflow/tfjs-core";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { readAndDispose, withTensors } from "../compute/tensors";
import { InputError, throwIfStopped } from "../errors";
import { type GaussianModel, Row } from "../model/gaussianModel";
import type { NamedArray } from "../network/parameters";
import type { ParticleTargets } from "../particles/targets";
import type { TaskOptions } from "../progress";
import type { ProjectionEngine } from "../projection/engine";
import { Random } from "../random";
import { ParticleBatches } from "./batches";
import { particlesPerPass } from "./memory";
import type { RingWeights } from "./weights";

/**
 * What the encoder sees of each particle. Its root is the gradient of the particle's own score in the parameters of the
 * neutral model, in the model's frame, each kind of parameter scaled to unit standard deviation: one block for the low
 * rings, which decide the order of states while they are far apart, and one for all rings. That is 10·N numbers, which
 * say much the same many times over, so the encoder is given their largest principal components: 64 of 2,560 trained
 * to the same correlation with the truth as all of them, and leave a few hundred bytes to keep for a particle.
 */
export class FeatureBasis {
  private constructor(
    /** Outermost ring of each block of gradients. */
    readonly rings: readonly number[],
    /** Factor on each gradient, [inputs]; brings every kind of parameter to unit deviation. */
    private readonly scale: Float32Array,
    /** [inputs · size], orthonormal columns, divided by the deviation of the projections. */
    private readonly basis: Float32Array,
    /** Numbers per particle. */
    readonly size: number,
    /** Fraction of the gradients' sum of squares that the components hold. */
    readonly explained: number,
  ) {}

  /**
   * The basis for a data set, from the gradients of at most `SAMPLE` of these particles, spread evenly over them.
   * @param particles those that are trained on, ascending
   * @param rings outermost ring of each block
   * @param components how many principal components to keep; fewer where there are fewer particles or gradients
   */
  static async fit(
    source: GradientSource,
    particles: Int32Array,
    rings: readonly number[],
    components: number,
    seed: number,
    task: TaskOptions = {},
  ): Promise<FeatureBasis> {
    const count = particles.length;
    const inputs = 5 * source.neutral.count * rings.length;
    const fewest = 2 * (components + EXTRA);
    const rows = Math.min(count, SAMPLE, Math.max(fewest, Math.floor(SAMPLE_BYTES / (4 * inputs))));
    const sample = Int32Array.from({ length: rows }, (_, i) => particles[Math.floor((i * count) / rows)]!);
    const step = particlesPerPass(source.neutral.count);
    const gradients = new Float32Array(rows * inputs);
    for (let from = 0; from < rows; from += step) {
      throwIfStopped(task.signal);
      const part = sample.slice(from, from + step);
      gradients.set(await source.gradients(part, rings), from * inputs);
      task.onProgress?.({ task: "encoder input: basis", done: from + part.length, total: rows });
    }
    const scale = unitScale(gradients, inputs, source.neutral.count);
    for (let i = 0; i < gradients.length; i++) gradients[i]! *= scale[i % inputs]!;
    const size = Math.min(components, rows, inputs);
    const { basis, explained } = await principalAxes(gradients, rows, inputs, size, new Random(seed));
    return new FeatureBasis(rings, scale, basis, size, explained);
  }

  /**
   * Whether the basis is one for these numbers.
   * @throws RangeError where it is not
   */
  requireFor(gaussians: number, rings: number, size: number): void {
    const inputs = 5 * gaussians * this.rings.length;
    const ascending = this.rings.every(
      (ring, i) => Number.isInteger(ring) && ring > (this.rings[i - 1] ?? 0),
    );
    if (!ascending || this.rings.at(-1) !== rings) {
      throw new RangeError(`weights features.rings: expected rings up to ${rings}, found ${this.rings}`);
    }
    if (this.scale.length !== inputs || this.size !== size) {
      throw new RangeError(
        `weights features.basis: expected shape [${inputs},${size}], found [${this.scale.length},${this.size}]`,
      );
    }
  }

  /** Features of all particles, [particles · size]. */
  async project(source: GradientSource, task: TaskOptions = {}): Promise<Float32Array> {
    const { count } = source.targets;
    const inputs = this.scale.length;
    const out = new Float32Array(count * this.size);
    const basis = tf.tensor2d(this.basis, [inputs, this.size]);
    const step = particlesPerPass(source.neutral.count);
    try {
      for (let from = 0; from < count; from += step) {
        throwIfStopped(task.signal);
        const part = Int32Array.from({ length: Math.min(step, count - from) }, (_, i) => from + i);
        const gradients = await source.gradients(part, this.rings);
        for (let i = 0; i < gradients.length; i++) gradients[i]! *= this.scale[i % inputs]!;
        const projected = tf.tidy(() => tf.matMul(tf.tensor2d(gradients, [part.length, inputs]), basis));
        out.set(await readAndDispose(projected), from * this.size);
        task.onProgress?.({ task: "encoder input", done: from + part.length, total: count });
      }
    } finally {
      basis.dispose();
    }
    return out;
  }

  save(): NamedArray[] {
    return [
      { name: "features.rings", shape: [this.rings.length], data: Float32Array.from(this.rings) },
      { name: "features.scale", shape: [this.scale.length], data: this.scale },
      { name: "features.basis", shape: [this.scale.length, this.size], data: this.basis },
      { name: "features.explained", shape: [1], data: Float32Array.of(this.explained) },
    ];
  }

  /** Takes over what {@link save} stored. @throws RangeError where something is missing or shapes contradict each other */
  static load(arrays: readonly NamedArray[]): FeatureBasis {
    const find = (name: string): NamedArray => {
      const array = arrays.find((a) => a.name === `features.${name}`);
      if (!array) throw new RangeError(`weights: expected features.${name}, found nothing`);
      return array;
    };
    const [basis, rings, scale, explained] = ["basis", "rings", "scale", "explained"].map(find);
    const [inputs, size] = basis!.shape;
    if (basis!.shape.length !== 2 || scale!.data.length !== inputs || explained!.data.length !== 1) {
      throw new RangeError(
        `weights features.basis: expected shape [${scale!.data.length}, components], found [${basis!.shape}]`,
      );
    }
    return new FeatureBasis([...rings!.data], scale!.data, basis!.data, size!, explained!.data[0]!);
  }
}

const SAMPLE = 4096;
/** Bytes of the sample's gradients; models of thousands of Gaussians get a smaller sample. */
const SAMPLE_BYTES = 2 ** 28;
/** Numbers of the sample that are worked on at a time. */
const BLOCK_NUMBERS = 2 ** 22;
/** Directions beyond those kept, and repetitions, that make the randomised axes accurate (Halko et al., 2011). */
const EXTRA = 16;
const REPETITIONS = 2;

/** Where gradients of particles come from. */
export class GradientSource {
  private readonly batches: ParticleBatches;

  constructor(
    readonly targets: ParticleTargets,
    readonly neutral: GaussianModel,
    private readonly engine: ProjectionEngine,
    private readonly weights: RingWeights,
  ) {
    this.batches = new ParticleBatches(targets);
  }

  /**
   * Gradient of each particle's score in the neutral model, one block of 5·N for each ring limit, [B · blocks · 5N].
   * @throws InputError for a particle, by its row from 0, whose gradient is not finite
   */
  async gradients(particles: Int32Array, rings: readonly number[]): Promise<Float32Array> {
    const { neutral, batches } = this;
    const block = 5 * neutral.count;
    const inputs = block * rings.length;
    const out = new Float32Array(particles.length * inputs);
    const batch = await batches.load(particles, neutral.count, neutral.params);
    for (let k = 0; k < rings.length; k++) {
      const { modelGradient } = await this.engine.evaluate(batch, {
        boxSize: neutral.boxSize,
        rings: rings[k]!,
        ringWeights: this.weights.of(particles, rings[k]!),
        gradient: { model: true },
      });
      for (let b = 0; b < particles.length; b++) {
        const own = modelGradient!.subarray(b * block, (b + 1) * block);
        if (!own.every(Number.isFinite)) {
          throw new InputError(
            `particle ${particles[b]}`,
            "a finite gradient of its agreement with the model",
          );
        }
        out.set(own, b * inputs + k * block);
      }
    }
    return out;
  }
}

/** One over the deviation about zero of each kind of parameter in each block, repeated for every column. */
function unitScale(gradients: Float32Array, inputs: number, gaussians: number): Float32Array {
  const scale = new Float32Array(inputs);
  const rows = gradients.length / inputs;
  const block = 5 * gaussians;
  for (let start = 0; start < inputs; start += block) {
    for (const [first, last] of [
      [Row.x, Row.amplitude],
      [Row.amplitude, Row.sigma],
      [Row.sigma, 5],
    ] as const) {
      const from = start + first * gaussians;
      const to = start + last * gaussians;
      let sum = 0;
      for (let i = 0; i < rows; i++) for (let j = from; j < to; j++) sum += gradients[i * inputs + j]! ** 2;
      const deviation = Math.sqrt(sum / (rows * (to - from)));
      scale.fill(deviation > 0 ? 1 / deviation : 0, from, to);
    }
  }
  return scale;
}

/**
 * The leading right singular vectors of `data` [rows · columns] by randomised subspace iteration, divided by the
 * deviation that the projections have over all components. Works through the columns in blocks: of a model of tens of
 * thousands of Gaussians they are many, and another copy of them all would be gigabytes.
 */
function principalAxes(
  data: Float32Array,
  rows: number,
  columns: number,
  size: number,
  random: Random,
): Promise<{ basis: Float32Array; explained: number }> {
  return withTensors(async (keep) => {
    const wide = Math.min(size + EXTRA, rows, columns);
    const width = Math.max(1, Math.floor(BLOCK_NUMBERS / rows));
    const blocks = Array.from({ length: Math.ceil(columns / width) }, (_, i) => {
      const from = i * width;
      return { from, to: Math.min(from + width, columns) };
    });
    const block = ({ from, to }: { from: number; to: number }) => {
      const part = new Float32Array(rows * (to - from));
      for (let row = 0; row < rows; row++) {
        part.set(data.subarray(row * columns + from, row * columns + to), row * (to - from));
      }
      return tf.tensor2d(part, [rows, to - from]);
    };
    /** data · axes, for axes [columns · k] */
    const project = (axes: Float32Array, k: number) =>
      blocks.reduce(
        (sum, range) => {
          const next = tf.tidy(() => {
            const part = axes.subarray(range.from * k, range.to * k);
            return tf.add(sum, tf.matMul(block(range), tf.tensor2d(part, [range.to - range.from, k])));
          });
          sum.dispose();
          return keep(next as tf.Tensor2D);
        },
        keep(tf.zeros([rows, k]) as tf.Tensor2D),
      );

    // The axes are z · white: what makes them orthonormal is multiplied in where they are used.
    const z = new Float32Array(columns * wide);
    for (let i = 0; i < z.length; i++) z[i] = random.normal();
    let white: tf.Tensor2D | undefined;
    for (let repetition = 0; repetition <= REPETITIONS; repetition++) {
      const plain = project(z, wide);
      // dataᵀ · y as (yᵀ · data)ᵀ: the small matrices are transposed instead of the large one.
      const y = keep(tf.tidy(() => tf.transpose(white ? tf.matMul(plain, white) : plain)));
      let gram = keep(tf.zeros([wide, wide]) as tf.Tensor2D);
      for (const range of blocks) {
        const part = keep(tf.tidy(() => tf.transpose(tf.matMul(y, block(range)))));
        const sum = keep(tf.tidy(() => tf.add(gram, tf.matMul(tf.transpose(part), part)) as tf.Tensor2D));
        gram.dispose();
        gram = sum;
        z.set(await readAndDispose(part), range.from * wide);
      }
      const products = await readAndDispose(gram);
      tf.dispose([plain, y, ...(white ? [white] : [])]);
      white = keep(whitening(products, wide));
    }
    const leading = keep(tf.slice(white!, [0, 0], [wide, size]) as tf.Tensor2D);
    const basis = new Float32Array(columns * size);
    for (const { from, to } of blocks) {
      const part = tf.tidy(() =>
        tf.matMul(tf.tensor2d(z.subarray(from * wide, to * wide), [to - from, wide]), leading),
      );
      basis.set(await readAndDispose(part), from * size);
    }
    const projections = project(basis, size);
    const [kept] = await readAndDispose(tf.tidy(() => tf.sum(tf.square(projections))));
    let whole = 0;
    for (const value of data) whole += value * value;
    const deviation = Math.sqrt(kept! / (rows * size));
    if (deviation > 0) for (let i = 0; i < basis.length; i++) basis[i]! /= deviation;
    return { basis, explained: whole > 0 ? kept! / whole : 0 };
  });
}

/** The matrix that makes columns with these inner products orthonormal, those of most energy first. */
function whitening(gram: Float32Array, n: number): tf.Tensor2D {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(n, n, Array.from(gram)),
    { assumeSymmetric: true },
  );
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const floor = realEigenvalues[order[0]!]! * 1e-12;
  const values = new Float32Array(n * n);
  order.forEach((from, to) => {
    const factor = 1 / Math.sqrt(Math.max(realEigenvalues[from]!, floor, Number.MIN_VALUE));
    for (let i = 0; i < n; i++) values[i * n + to] = eigenvectorMatrix.get(i, from) * factor;
  });
  return tf.tensor2d(values, [n, n]);
}
