import * as tf from "@tensorflow/tfjs-core";
import { limitBufferPool } from "../compute/bufferPool";
import { readAndDispose } from "../compute/tensors";
import { disc, sampleIndex } from "../fourier/disc";
import {
  checkBatch,
  checkModelsAndPoses,
  EMPTY_RING,
  emptyResult,
  type ModelsAndPoses,
  modelStride,
  weightStride,
} from "./batch";
import type {
  ProjectionBatch,
  ProjectionEngine,
  ProjectionRequest,
  ProjectionResult,
  VariantBatch,
} from "./engine";
import { productsOfProjections } from "./products";

/** Bytes of intermediate tensors of one part of a batch; a larger batch is worked off in parts. */
const PART_BYTES = { webgpu: 512 * 2 ** 20, others: 256 * 2 ** 20 };
/**
 * How many tensors of the size of one table of factors exist at a time, measured. WebGPU runs operations by the dozen, and
 * frees what they needed after that.
 */
const TABLES = { webgpu: 24, others: 8 };
/** Bytes of freed buffers that a device may keep for the next evaluation. */
const POOL_BYTES = 2 ** 30;

/** Below this the square of a ring's norm is no number to divide by, where the largest Gaussian of a particle weighs 1. */
const TINY = 1e-30;

/** Part of a batch, on the device. */
interface Part {
  /** [B, 5, N], or [1, 5, N] for a set of Gaussians shared by the batch. */
  model: tf.Tensor3D;
  /** The first two rows of each rotation, [B, 2, 3]. */
  rotations: tf.Tensor3D;
  /** [B, 2, 1] */
  shifts: tf.Tensor3D;
}

/** What depends on the rings alone, kept on the device. s = K + 1. */
interface Constants {
  /** 0 … K, [1, 1, s]. */
  k: tf.Tensor3D;
  /** −2π²k², [1, 1, s]. */
  falloff: tf.Tensor3D;
  /** (k² | k²) and (2πk | −2πk), [1, 1, 2s]. */
  square: tf.Tensor3D;
  turn: tf.Tensor3D;
  /** From the products of parts of factors to the quadrants of the image, and from slopes in these to slopes in those. */
  toQuadrants: Mixture;
  fromQuadrants: Mixture;
  /** Where in the disc layout of `targetRings` to find, for each of s² samples kx, ky ≥ 0: re and im of
   * (kx, ky), re and im of (kx, −ky); [4s²]. */
  pick: tf.Tensor1D;
  /** Multiplicity of these, 0 where there is no sample, [1, 4, s²]. */
  multiplicity: tf.Tensor3D;
  /** Ring of each of s² samples, [s²], and 1 where sample and ring belong together, [s², s]. */
  ring: tf.Tensor1D;
  inRing: tf.Tensor2D;
}

/** Of four runs of numbers four others: run `first[i]` plus `sign[i]` times run `second[i]`. */
interface Mixture {
  /** [4] */
  first: tf.Tensor1D;
  second: tf.Tensor1D;
  /** [1, 4, 1] */
  sign: tf.Tensor3D;
}

/** exp(−2π²σ²k²/S² − 2πi k·u) along one axis. */
interface Factors {
  /** [B, N, s] each. */
  re: tf.Tensor3D;
  im: tf.Tensor3D;
  /** (re | im), [B, N, 2s]. */
  both: tf.Tensor3D;
}

interface Placed {
  x: Factors;
  y: Factors;
  /** Centres, [B or 1, 3, N]. */
  centre: tf.Tensor3D;
  /** [B or 1, 1, N] each; volume is (2π)^{3/2}σ³, weight its product with the amplitude, divided by `unit`. */
  sigma: tf.Tensor3D;
  volume: tf.Tensor3D;
  weight: tf.Tensor3D;
  /** The largest weight of each set, [B or 1, 1, 1]: a map's own units may make all of them tiny, and their squares no float32. */
  unit: tf.Tensor3D;
}

/** The arrays of a result in the order in which they leave the device. */
const outputs = ["frc", "score", "modelGradient", "rotationGradient", "shiftGradient"] as const;

/**
 * The engine in TensorFlow.js operations, for devices: it runs on whichever backend is current. Separable factors and
 * the gradient in closed form, see assembly/separable.ts for the formulas; memory O(B·N·S), three matrix products of
 * 8·B·N·(K + 1)² operations. A device takes some microseconds to start an operation and about a millisecond to hand
 * over a result: operations are few and large, and what is found is read at once.
 */
export class TensorEngine implements ProjectionEngine {
  readonly name = "tensor";
  private readonly known = new Map<string, Constants>();

  /** @param poolBytes bytes of freed buffers that the device may keep between calls. Default 1 GiB */
  constructor(private readonly poolBytes = POOL_BYTES) {}

  async evaluate(batch: ProjectionBatch, request: ProjectionRequest): Promise<ProjectionResult> {
    checkBatch(batch, request);
    const result = emptyResult(batch, request);
    const asked = outputs.filter((name) => result[name] !== undefined);
    const numbers = disc(batch.targetRings).samples * 2;
    const own = weightStride(request);
    for (const [first, count] of parts(batch, request.rings)) {
      const joined = tf.tidy(() => {
        const targets = tf.tensor2d(rows(batch.targets, numbers, first, count), [count, numbers]);
        const weights =
          own === 0
            ? tf.tensor2d(request.ringWeights, [1, request.rings + 1])
            : tf.tensor2d(rows(request.ringWeights, own, first, count), [count, own]);
        const found = this.evaluatePart(
          upload(batch, first, count),
          targets,
          batch.targetRings,
          weights,
          request,
        );
        return tf.concat(asked.map((name) => tf.reshape(found[name]!, [-1])));
      });
      const values = await readAndDispose(joined);
      let from = 0;
      for (const name of asked) {
        const to = result[name]!;
        const each = to.length / batch.count;
        to.set(values.subarray(from, from + count * each), first * each);
        from += count * each;
      }
      limitBufferPool(this.poolBytes);
    }
    return result;
  }

  async project(batch: ModelsAndPoses, request: { boxSize: number; rings: number }): Promise<Float32Array> {
    checkModelsAndPoses(batch, request.boxSize, request.rings);
    const { rings } = request;
    const layout = disc(rings);
    const side = rings + 1;
    const images = new Float32Array(batch.count * layout.samples * 2);
    for (const [first, count] of parts(batch, rings)) {
      const image = tf.tidy(() => {
        const constants = this.constantsFor(rings, rings);
        const placed = place(upload(batch, first, count), request.boxSize, constants);
        return tf.mul(quadrants(placed, constants), placed.unit);
      });
      const values = await readAndDispose(image);
      limitBufferPool(this.poolBytes);
      for (let b = 0; b < count; b++) {
        for (let kx = 0; kx < side; kx++) {
          for (let ky = 0; ky < side; ky++) {
            const from = 4 * b * side * side + kx * side + ky;
            for (const [sign, part] of [
              [1, 0],
              [-1, 2],
            ] as const) {
              const at = sampleIndex(rings, kx, sign * ky);
              if (layout.multiplicity[at] === 0) continue;
              const to = 2 * ((first + b) * layout.samples + at);
              images[to] = values[from + part * side * side]!;
              images[to + 1] = values[from + (part + 1) * side * side]!;
            }
          }
        }
      }
    }
    return images;
  }

  private evaluatePart(
    part: Part,
    targets: tf.Tensor2D,
    targetRings: number,
    weights: tf.Tensor2D,
    { rings, boxSize, gradient }: ProjectionRequest,
  ): Partial<Record<(typeof outputs)[number], tf.Tensor>> {
    const constants = this.constantsFor(rings, targetRings);
    const { multiplicity, inRing, ring } = constants;
    const count = part.rotations.shape[0];
    const side = rings + 1;
    const placed = place(part, boxSize, constants);
    const image = quadrants(placed, constants);
    const target = tf.reshape(tf.gather(targets, constants.pick, 1), [count, 4, side * side]);

    const weighedImage = tf.mul(image, multiplicity);
    const weighedTarget = tf.mul(target, multiplicity);
    const perRing = (product: tf.Tensor) => {
      const ofQuadrants = tf.matMul(tf.reshape(product, [4 * count, side * side]), inRing);
      return tf.sum(tf.reshape(ofQuadrants, [count, 4, side]), 1);
    };
    const normSquare = perRing(tf.mul(image, weighedImage));
    // 1/|P|, and 0 where there is no signal
    const least = tf.maximum(tf.mul(tf.sum(normSquare, 1, true), EMPTY_RING), TINY);
    const inverse = tf.mul(tf.rsqrt(tf.maximum(normSquare, TINY)), tf.step(tf.sub(normSquare, least)));
    const frc = tf.mul(perRing(tf.mul(image, weighedTarget)), inverse);
    const score = tf.sum(tf.mul(frc, weights), 1);
    if (!gradient?.model && !gradient?.pose) return { frc, score };

    // G = m·w_r·(I − FRC_r·P/|P|_r)/|P|_r
    const onTarget = tf.mul(weights, inverse);
    const onImage = tf.mul(tf.mul(onTarget, frc), inverse);
    const toSamples = (value: tf.Tensor) => tf.reshape(tf.gather(value, ring, 1), [count, 1, side * side]);
    const slope = tf.sub(
      tf.mul(toSamples(onTarget), weighedTarget),
      tf.mul(toSamples(onImage), weighedImage),
    );
    const { along, moved, square } = contract(placed, slope, constants);
    const result: ReturnType<TensorEngine["evaluatePart"]> = { frc, score };
    if (gradient.model) {
      const { sigma, volume, weight, unit } = placed;
      const spread = tf.mul(tf.mul(sigma, (-4 * Math.PI ** 2) / boxSize ** 2), square);
      result.modelGradient = tf.concat(
        [
          tf.matMul(part.rotations, moved, true),
          tf.mul(tf.div(volume, unit), along),
          tf.mul(weight, tf.add(tf.div(tf.mul(along, 3), sigma), spread)),
        ],
        1,
      );
    }
    if (gradient.pose) {
      const elements = tf.matMul(moved, placed.centre, false, true);
      result.rotationGradient = tf.concat([elements, tf.zeros([count, 1, 3])], 1);
      result.shiftGradient = tf.sum(moved, 2);
    }
    return result;
  }

  products(batch: VariantBatch, request: { boxSize: number; rings: number }): Promise<Float32Array> {
    return productsOfProjections(this, batch, request);
  }

  async dispose(): Promise<void> {
    for (const constants of this.known.values()) tf.dispose(tensorsOf(constants));
    this.known.clear();
    limitBufferPool(0);
  }

  private constantsFor(rings: number, targetRings: number): Constants {
    const key = `${tf.getBackend()} ${rings} ${targetRings}`;
    const known = this.known.get(key);
    if (known) return known;
    const side = rings + 1;
    const layout = disc(rings);
    const pick = new Int32Array(4 * side * side);
    const multiplicity = new Float32Array(4 * side * side);
    const ring = new Int32Array(side * side);
    const inRing = new Float32Array(side * side * side);
    for (let kx = 0; kx < side; kx++) {
      for (let ky = 0; ky < side; ky++) {
        const i = kx * side + ky;
        const at = sampleIndex(rings, kx, ky);
        ring[i] = layout.ring[at]!;
        inRing[i * side + ring[i]!] = 1;
        for (const sign of [1, -1]) {
          const part = (sign > 0 ? 0 : 2) * side * side + i;
          const target = 2 * sampleIndex(targetRings, kx, sign * ky);
          pick[part] = target;
          pick[part + side * side] = target + 1;
          // (kx, 0) is one sample, not two.
          const m = sign < 0 && ky === 0 ? 0 : layout.multiplicity[at]!;
          multiplicity[part] = m;
          multiplicity[part + side * side] = m;
        }
      }
    }
    const k = Float32Array.from({ length: side }, (_, i) => i);
    const both = (re: (k: number) => number, im: (k: number) => number) =>
      tf.tensor3d(Float32Array.of(...k.map(re), ...k.map(im)), [1, 1, 2 * side]);
    const made: Constants = {
      k: tf.tensor3d(k, [1, 1, side]),
      falloff: tf.tensor3d(
        k.map((v) => -2 * (Math.PI * v) ** 2),
        [1, 1, side],
      ),
      square: both(
        (v) => v * v,
        (v) => v * v,
      ),
      turn: both(
        (v) => 2 * Math.PI * v,
        (v) => -2 * Math.PI * v,
      ),
      // re·re − im·im, re·im + im·re, re·re + im·im, im·re − re·im of (re·re, re·im, im·re, im·im), and the transpose of that
      toQuadrants: mixture([0, 1, 0, 2], [3, 2, 3, 1], [-1, 1, 1, -1]),
      fromQuadrants: mixture([0, 1, 1, 2], [2, 3, 3, 0], [1, -1, 1, -1]),
      pick: tf.tensor1d(pick, "int32"),
      multiplicity: tf.tensor3d(multiplicity, [1, 4, side * side]),
      ring: tf.tensor1d(ring, "int32"),
      inRing: tf.tensor2d(inRing, [side * side, side]),
    };
    for (const tensor of tensorsOf(made)) tf.keep(tensor);
    this.known.set(key, made);
    return made;
  }
}

function tensorsOf(constants: Constants): tf.Tensor[] {
  const { toQuadrants, fromQuadrants, ...others } = constants;
  return [toQuadrants, fromQuadrants, others].flatMap((group): tf.Tensor[] => Object.values(group));
}

function mixture(first: number[], second: number[], sign: number[]): Mixture {
  return {
    first: tf.tensor1d(first, "int32"),
    second: tf.tensor1d(second, "int32"),
    sign: tf.tensor3d(sign, [1, 4, 1]),
  };
}

/** Of [B, 4, s²] the same shape. */
function mix(runs: tf.Tensor, { first, second, sign }: Mixture): tf.Tensor3D {
  return tf.add(tf.gather(runs, first, 1), tf.mul(tf.gather(runs, second, 1), sign));
}

/** Parts of a batch whose intermediate tensors stay within bounds: first particle and number of each. */
function parts(
  batch: Pick<ModelsAndPoses, "count" | "gaussians">,
  rings: number,
): [first: number, count: number][] {
  const backend = tf.getBackend() === "webgpu" ? "webgpu" : "others";
  const each = TABLES[backend] * batch.gaussians * 2 * (rings + 1) * 4;
  const most = Math.max(1, Math.floor(PART_BYTES[backend] / each));
  const all: [number, number][] = [];
  for (let first = 0; first < batch.count; first += most)
    all.push([first, Math.min(most, batch.count - first)]);
  return all;
}

function rows(array: Float32Array, each: number, first: number, count: number): Float32Array {
  return array.subarray(first * each, (first + count) * each);
}

function upload(batch: ModelsAndPoses, first: number, count: number): Part {
  const { gaussians } = batch;
  const own = modelStride(batch);
  const model =
    own === 0
      ? tf.tensor3d(batch.model, [1, 5, gaussians])
      : tf.tensor3d(rows(batch.model, own, first, count), [count, 5, gaussians]);
  const rotations = tf.tensor3d(rows(batch.rotations, 9, first, count), [count, 3, 3]);
  return {
    model,
    rotations: tf.slice(rotations, [0, 0, 0], [-1, 2, -1]),
    shifts: tf.tensor3d(rows(batch.shifts, 2, first, count), [count, 2, 1]),
  };
}

function place({ model, rotations, shifts }: Part, boxSize: number, { k, falloff }: Constants): Placed {
  const [count] = rotations.shape;
  const [sets, , n] = model.shape;
  const row = (first: number, size: number) => tf.slice(model, [0, first, 0], [-1, size, -1]);
  const centre = row(0, 3);
  const sigma = row(4, 1);
  const volume = tf.mul(tf.mul(tf.square(sigma), sigma), (2 * Math.PI) ** 1.5) as tf.Tensor3D;
  const onImage = tf.add(tf.matMul(rotations, centre), shifts) as tf.Tensor3D;
  const [x, y] = tf.tidy(() => {
    const scaled = tf.reshape(tf.square(tf.div(sigma, boxSize)), [sets, n, 1]);
    const envelope = tf.exp(tf.mul(scaled, falloff));
    const factors = (axis: number): Factors =>
      tf.tidy(() => {
        const u = tf.reshape(tf.slice(onImage, [0, axis, 0], [-1, 1, -1]), [count, n, 1]);
        const turns = tf.mul(u, k);
        // Devices take sine and cosine of large angles badly.
        const angle = tf.mul(tf.sub(turns, tf.round(turns)), -2 * Math.PI);
        const re = tf.mul(envelope, tf.cos(angle)) as tf.Tensor3D;
        const im = tf.mul(envelope, tf.sin(angle)) as tf.Tensor3D;
        return { re, im, both: tf.concat([re, im], 2) } as Factors & tf.TensorContainerObject;
      });
    return [factors(0), factors(1)] as never;
  }) as [Factors, Factors];
  const weight = tf.mul(row(3, 1), volume) as tf.Tensor3D;
  const largest = tf.max(tf.abs(weight), 2, true);
  const unit = tf.add(largest, tf.sub(1, tf.step(largest))) as tf.Tensor3D;
  return { x, y, centre, sigma, volume, weight: tf.div(weight, unit), unit };
}

/** Product of each pair of matrices. `wasm` has a fast product of two matrices only, neither of them transposed. */
function products(a: tf.Tensor3D, b: tf.Tensor3D, transposeA = false): tf.Tensor3D {
  if (tf.getBackend() !== "wasm") return tf.matMul(a, b, transposeA);
  const first = transposeA ? tf.transpose(a, [0, 2, 1]) : a;
  const pairs = tf.unstack(b).map((right, i) => {
    const [, height, width] = first.shape as [number, number, number];
    const left = tf.reshape(tf.slice(first, [i, 0, 0], [1, height, width]), [height, width]);
    return tf.matMul(left as tf.Tensor2D, right as tf.Tensor2D);
  });
  return tf.stack(pairs) as tf.Tensor3D;
}

/** re and im of P(kx, ky), re and im of P(kx, −ky), for kx, ky ≥ 0: [B, 4, s²]. */
function quadrants({ x, y, weight }: Placed, { toQuadrants }: Constants): tf.Tensor3D {
  const [count, n, width] = x.both.shape;
  const side = width / 2;
  return tf.tidy(() => {
    const weighed = tf.mul(y.both, tf.reshape(weight, [-1, n, 1])) as tf.Tensor3D;
    const all = tf.reshape(products(x.both, weighed, true), [count, 2, side, 2, side]);
    const blocks = tf.transpose(all, [0, 1, 3, 2, 4]);
    return mix(tf.reshape(blocks, [count, 4, side * side]), toQuadrants);
  });
}

/**
 * From the slope G of the score in the quadrants, [B, 4, s²], back through {@link quadrants} and the factors to what each
 * Gaussian gets of it: for an amplitude of 1, `along` (its part in Σ G·P) and `square` (the same with every sample times
 * k²), [B, 1, N]; and the slope in its place in the image, [B, 2, N].
 */
function contract({ x, y, weight }: Placed, slope: tf.Tensor, constants: Constants) {
  const { fromQuadrants, square, turn } = constants;
  const [count, n, width] = x.both.shape;
  const side = width / 2;
  const blocks = tf.reshape(mix(slope, fromQuadrants), [count, 2, 2, side, side]);
  const matrix = (order: number[]) =>
    tf.reshape(tf.transpose(blocks, order), [count, width, width]) as tf.Tensor3D;
  const summed = (table: tf.Tensor) => tf.reshape(tf.sum(table, 2), [count, 1, n]);
  const moved = ({ re, im }: Factors, slopes: tf.Tensor3D) =>
    tf.tidy(() => summed(tf.mul(tf.concat([im, re], 2), tf.mul(slopes, turn))));
  // What is no longer needed goes before the next table takes as much again.
  const alongX = tf.tidy(() => {
    const inX = products(y.both, matrix([0, 2, 4, 1, 3]));
    const own = tf.tidy(() => {
      const product = tf.mul(x.both, inX);
      return { along: summed(product), square: summed(tf.mul(product, square)) };
    });
    return { ...own, moved: moved(x, inX) };
  });
  const alongY = tf.tidy(() => {
    const inY = products(x.both, matrix([0, 1, 3, 2, 4]));
    const own = tf.tidy(() => summed(tf.mul(tf.mul(y.both, inY), square)));
    return { square: own, moved: moved(y, inY) };
  });
  return {
    along: alongX.along,
    square: tf.add(alongX.square, alongY.square),
    moved: tf.mul(tf.concat([alongX.moved, alongY.moved], 1), weight) as tf.Tensor3D,
  };
}
