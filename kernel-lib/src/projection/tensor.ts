import * as tf from "@tensorflow/tfjs-core";
import { limitBufferPool } from "../compute/bufferPool";
import { readAndDispose } from "../compute/tensors";
import { disc, sampleIndex } from "../fourier/disc";
import { checkBatch, checkPosedModels, emptyResult, emptyRing, modelStride, weightStride } from "./batch";
import type {
  ImageSize,
  PosedModels,
  ProductsRequest,
  ProjectionBatch,
  ProjectionEngine,
  ProjectionRequest,
  ProjectionResult,
  VariantBatch,
} from "./engine";
import { productsOfProjections } from "./products";
import { makeConstants, type TensorConstants, tensorsOf } from "./tensorConstants";
import {
  type BatchPart,
  contract,
  type PlacedGaussians,
  placeGaussians,
  quadrants,
} from "./tensorProjection";

/** Upper limit of the intermediate tensors of a part of a batch, in bytes. */
const maxPartBytes = { webgpu: 512 * 2 ** 20, others: 256 * 2 ** 20 };
/**
 * Tensors of the size of one table of factors that exist at a time, measured. WebGPU queues operations by the dozen and
 * frees their inputs after that.
 */
const tableCount = { webgpu: 24, others: 8 };
/** Freed buffers that a device keeps for the next evaluation, in bytes. */
const defaultPoolBytes = 2 ** 30;

/** Squared norms of rings up to this are too small to divide by, relative to a largest weight of 1 per particle. */
const tinyPower = 1e-30;

/** The arrays of a result in the order in which they leave the device. */
const outputs = ["frc", "score", "modelGradient", "rotationGradient", "shiftGradient"] as const;
type Outputs = Partial<Record<(typeof outputs)[number], tf.Tensor>>;

/**
 * The engine for GPUs, in TensorFlow.js operations on the current backend. Separable factors and a closed-form gradient,
 * see assembly/separable.ts for the formulas; memory O(B·N·S), three matrix products of 8·B·N·(K + 1)² operations. A
 * device takes some microseconds to start an operation and about a millisecond to return a result: operations are few
 * and large, and all results are read at once.
 */
export class TensorEngine implements ProjectionEngine {
  readonly name = "tensor";
  private readonly known = new Map<string, TensorConstants>();

  /** @param poolBytes freed buffers that the device keeps between calls. Default 1 GiB */
  constructor(private readonly poolBytes = defaultPoolBytes) {}

  async evaluate(batch: ProjectionBatch, request: ProjectionRequest): Promise<ProjectionResult> {
    checkBatch(batch, request);
    const result = emptyResult(batch, request);
    const requested = outputs.filter((name) => result[name] !== undefined);
    for (const [first, count] of parts(batch, request.rings)) {
      const joined = tf.tidy(() => {
        const found = this.evaluatePart(batch, request, first, count);
        return tf.concat(requested.map((name) => tf.reshape(found[name]!, [-1])));
      });
      const values = await readAndDispose(joined);
      let from = 0;
      for (const name of requested) {
        const to = result[name]!;
        const length = to.length / batch.count;
        to.set(values.subarray(from, from + count * length), first * length);
        from += count * length;
      }
      limitBufferPool(this.poolBytes);
    }
    return result;
  }

  async project(batch: PosedModels, { boxSize, rings }: ImageSize): Promise<Float32Array> {
    checkPosedModels(batch, { boxSize, rings });
    const length = 2 * disc(rings).samples;
    const images = new Float32Array(batch.count * length);
    for (const [first, count] of parts(batch, rings)) {
      const image = tf.tidy(() => {
        const constants = this.constantsFor(rings, rings);
        const placed = placeGaussians(upload(batch, first, count), boxSize, constants);
        return tf.mul(quadrants(placed, constants), placed.unit);
      });
      const values = await readAndDispose(image);
      limitBufferPool(this.poolBytes);
      quadrantsToDisc(values, rings, images.subarray(first * length, (first + count) * length));
    }
    return images;
  }

  /** Scores, and gradients where requested, of `count` particles. */
  private evaluatePart(
    batch: ProjectionBatch,
    request: ProjectionRequest,
    first: number,
    count: number,
  ): Outputs {
    const { rings, boxSize, ringWeights, gradient } = request;
    const constants = this.constantsFor(rings, batch.targetRings);
    const side = rings + 1;
    const numbers = 2 * disc(batch.targetRings).samples;
    const targets = tf.tensor2d(rows(batch.targets, numbers, first, count), [count, numbers]);
    const own = weightStride(request);
    const weights =
      own === 0
        ? tf.tensor2d(ringWeights, [1, side])
        : tf.tensor2d(rows(ringWeights, own, first, count), [count, own]);
    const part = upload(batch, first, count);
    const placed = placeGaussians(part, boxSize, constants);
    const image = quadrants(placed, constants);
    const target = tf.reshape(tf.gather(targets, constants.pick, 1), [count, 4, side * side]);
    const { frc, score, imageGradient } = correlate(image, target, weights, constants);
    if (!gradient?.model && !gradient?.pose) return { frc, score };
    const { along, moved, square } = contract(placed, imageGradient(), constants);
    const result: Outputs = { frc, score };
    if (gradient.model) result.modelGradient = modelGradient(part, placed, { along, moved, square }, boxSize);
    if (gradient.pose) {
      const elements = tf.matMul(moved, placed.centre, false, true);
      result.rotationGradient = tf.concat([elements, tf.zeros([count, 1, 3])], 1);
      result.shiftGradient = tf.sum(moved, 2);
    }
    return result;
  }

  products(batch: VariantBatch, size: ProductsRequest): Promise<Float32Array> {
    return productsOfProjections(this, batch, size);
  }

  async dispose(): Promise<void> {
    for (const constants of this.known.values()) tf.dispose(tensorsOf(constants));
    this.known.clear();
    limitBufferPool(0);
  }

  private constantsFor(rings: number, targetRings: number): TensorConstants {
    const key = `${tf.getBackend()} ${rings} ${targetRings}`;
    let constants = this.known.get(key);
    if (!constants) {
      constants = makeConstants(rings, targetRings);
      this.known.set(key, constants);
    }
    return constants;
  }
}

/** FRC [B, s] and score [B] of images against targets, [B, 4, s²], and a function for the gradient in the image. */
function correlate(image: tf.Tensor, target: tf.Tensor, weights: tf.Tensor2D, constants: TensorConstants) {
  const { multiplicity, inRing, ring } = constants;
  const [count, , samples] = image.shape as [number, number, number];
  const side = inRing.shape[1];
  const weightedImage = tf.mul(image, multiplicity);
  const weightedTarget = tf.mul(target, multiplicity);
  const perRing = (product: tf.Tensor) => {
    const perQuadrant = tf.matMul(tf.reshape(product, [4 * count, samples]), inRing);
    return tf.sum(tf.reshape(perQuadrant, [count, 4, side]), 1);
  };
  const normSquare = perRing(tf.mul(image, weightedImage));
  // 1/|P|, and 0 if there is no signal
  const least = tf.maximum(tf.mul(tf.sum(normSquare, 1, true), emptyRing), tinyPower);
  const inverse = tf.mul(tf.rsqrt(tf.maximum(normSquare, tinyPower)), tf.step(tf.sub(normSquare, least)));
  const frc = tf.mul(perRing(tf.mul(image, weightedTarget)), inverse);
  const score = tf.sum(tf.mul(frc, weights), 1);
  /** m·w_r·(I − FRC_r·P/|P|_r)/|P|_r */
  const imageGradient = () => {
    const onTarget = tf.mul(weights, inverse);
    const onImage = tf.mul(tf.mul(onTarget, frc), inverse);
    const toSamples = (value: tf.Tensor) => tf.reshape(tf.gather(value, ring, 1), [count, 1, samples]);
    return tf.sub(tf.mul(toSamples(onTarget), weightedTarget), tf.mul(toSamples(onImage), weightedImage));
  };
  return { frc, score, imageGradient };
}

/** Gradient in the Gaussians, [B, 5, N]. */
function modelGradient(
  part: BatchPart,
  { sigma, volume, weight, unit }: PlacedGaussians,
  { along, moved, square }: ReturnType<typeof contract>,
  boxSize: number,
): tf.Tensor {
  const widening = tf.mul(tf.mul(sigma, (-4 * Math.PI ** 2) / boxSize ** 2), square);
  return tf.concat(
    [
      tf.matMul(part.rotations, moved, true),
      tf.mul(tf.div(volume, unit), along),
      tf.mul(weight, tf.add(tf.div(tf.mul(along, 3), sigma), widening)),
    ],
    1,
  );
}

/** From quadrants [B, 4, s²] to the layout of a disc, [B · samples · 2]. */
function quadrantsToDisc(values: Float32Array, rings: number, images: Float32Array): void {
  const { samples, multiplicity } = disc(rings);
  const side = rings + 1;
  for (let b = 0; b < images.length / (2 * samples); b++) {
    for (let kx = 0; kx < side; kx++) {
      for (let ky = 0; ky < side; ky++) {
        const from = 4 * b * side * side + kx * side + ky;
        for (const [sign, part] of [
          [1, 0],
          [-1, 2],
        ] as const) {
          const at = sampleIndex(rings, kx, sign * ky);
          if (multiplicity[at] === 0) continue;
          const to = 2 * (b * samples + at);
          images[to] = values[from + part * side * side]!;
          images[to + 1] = values[from + (part + 1) * side * side]!;
        }
      }
    }
  }
}

/** Parts of a batch whose intermediate tensors stay below the limit: first particle and number of each. */
function parts(
  batch: Pick<PosedModels, "count" | "gaussians">,
  rings: number,
): [first: number, count: number][] {
  const backend = tf.getBackend() === "webgpu" ? "webgpu" : "others";
  const bytes = tableCount[backend] * batch.gaussians * 2 * (rings + 1) * 4;
  const most = Math.max(1, Math.floor(maxPartBytes[backend] / bytes));
  const all: [number, number][] = [];
  for (let first = 0; first < batch.count; first += most) {
    all.push([first, Math.min(most, batch.count - first)]);
  }
  return all;
}

function rows(array: Float32Array, each: number, first: number, count: number): Float32Array {
  return array.subarray(first * each, (first + count) * each);
}

function upload(batch: PosedModels, first: number, count: number): BatchPart {
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
