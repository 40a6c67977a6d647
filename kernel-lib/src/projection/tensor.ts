import * as tf from "@tensorflow/tfjs-core";
import {
  checkBatch,
  checkModelsAndPoses,
  emptyResult,
  type ModelsAndPoses,
  modelStride,
  weightStride,
} from "./batch";
import { disc, sampleIndex } from "./disc";
import type {
  ProjectionBatch,
  ProjectionEngine,
  ProjectionRequest,
  ProjectionResult,
  VariantBatch,
} from "./engine";
import { productsOfProjections } from "./products";

/** A batch whose numbers lie on the device already. Shapes as in {@link ProjectionBatch}. */
export interface TensorBatch {
  /** [B, 5N], or [1, 5N] for a set of Gaussians shared by the batch. */
  model: tf.Tensor2D;
  /** [B, 9] */
  rotations: tf.Tensor2D;
  /** [B, 2] */
  shifts: tf.Tensor2D;
  /** [B, samples · 2] in the layout of the disc of `targetRings`, each ring divided by its norm. */
  targets: tf.Tensor2D;
  targetRings: number;
}

export interface TensorRequest extends Omit<ProjectionRequest, "ringWeights"> {
  /** [rings + 1], or [B, rings + 1]. */
  ringWeights: tf.Tensor;
}

/** To be disposed of by the caller. */
export interface TensorResult {
  /** [B, rings + 1] */
  frc: tf.Tensor2D;
  /** [B] */
  score: tf.Tensor1D;
  /** [B, 5N] */
  modelGradient?: tf.Tensor2D;
  /** [B, 9] */
  rotationGradient?: tf.Tensor2D;
  /** [B, 2] */
  shiftGradient?: tf.Tensor2D;
}

/** Bytes of intermediate tensors of one part of a batch; a larger batch is worked off in parts. */
const PART_BYTES = 256 * 2 ** 20;
/** How many tensors of the size of one table of factors exist at a time. */
const TABLES = 8;

/** What depends on the rings alone, kept on the device. */
interface Constants {
  /** 0 … K, [1, 1, K + 1]. */
  k: tf.Tensor3D;
  /** Where in the disc layout of `targetRings` to find, for each of (K + 1)² samples kx, ky ≥ 0: re and im of
   * (kx, ky), re and im of (kx, −ky); [4(K + 1)²]. */
  pick: tf.Tensor1D;
  /** Multiplicity of these, 0 where there is no sample, [1, 4, (K + 1)²]. */
  multiplicity: tf.Tensor3D;
  /** Ring of each of (K + 1)² samples, [(K + 1)²], and 1 where sample and ring belong together, [(K + 1)², K + 1]. */
  ring: tf.Tensor1D;
  inRing: tf.Tensor2D;
}

interface Factors {
  /** [B, N, 2(K + 1)]: (re | im) of exp(−s k² − 2πi k·u) along x and along y. */
  x: tf.Tensor3D;
  y: tf.Tensor3D;
}

interface Placed {
  /** Rows of the model, [B or 1, N] each. */
  centre: [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  sigma: tf.Tensor2D;
  /** (2π)^{3/2}σ³. */
  volume: tf.Tensor2D;
  weight: tf.Tensor2D;
  factors: Factors;
}

/**
 * The engine in TensorFlow.js operations, for devices: it runs on whichever backend is current. Separable factors and
 * the gradient in closed form, see assembly/separable.ts for the formulas; memory O(B·N·S), three matrix products of
 * 8·B·N·(K + 1)² operations.
 */
export class TensorEngine implements ProjectionEngine {
  readonly name = "tensor";
  private readonly known = new Map<string, Constants>();

  async evaluate(batch: ProjectionBatch, request: ProjectionRequest): Promise<ProjectionResult> {
    checkBatch(batch, request);
    const result = emptyResult(batch, request);
    const { gaussians } = batch;
    const numbers = disc(batch.targetRings).samples * 2;
    const stride = modelStride(batch);
    const own = weightStride(request);
    for (const [first, count] of parts(batch, request.rings)) {
      const rows = <T extends Float32Array>(array: T, each: number) =>
        tf.tensor2d(array.subarray(first * each, (first + count) * each), [count, each]);
      const input = {
        model: stride === 0 ? tf.tensor2d(batch.model, [1, 5 * gaussians]) : rows(batch.model, stride),
        rotations: rows(batch.rotations, 9),
        shifts: rows(batch.shifts, 2),
        targets: rows(batch.targets, numbers),
      };
      const ringWeights = own === 0 ? tf.tensor1d(request.ringWeights) : rows(request.ringWeights, own);
      const found = this.evaluateTensors(
        { ...input, targetRings: batch.targetRings },
        { ...request, ringWeights },
      );
      const fetch = async (tensor: tf.Tensor | undefined, to: Float32Array | undefined, each: number) => {
        if (tensor && to) to.set((await tensor.data()) as Float32Array, first * each);
      };
      await fetch(found.frc, result.frc, request.rings + 1);
      await fetch(found.score, result.score, 1);
      await fetch(found.modelGradient, result.modelGradient, 5 * gaussians);
      await fetch(found.rotationGradient, result.rotationGradient, 9);
      await fetch(found.shiftGradient, result.shiftGradient, 2);
      tf.dispose([input, ringWeights, found as unknown as tf.TensorContainer]);
    }
    return result;
  }

  async project(batch: ModelsAndPoses, request: { boxSize: number; rings: number }): Promise<Float32Array> {
    checkModelsAndPoses(batch, request.boxSize, request.rings);
    const { rings } = request;
    const layout = disc(rings);
    const side = rings + 1;
    const images = new Float32Array(batch.count * layout.samples * 2);
    const stride = modelStride(batch);
    for (const [first, count] of parts(batch, rings)) {
      const image = tf.tidy(() => {
        const model =
          stride === 0
            ? tf.tensor2d(batch.model, [1, 5 * batch.gaussians])
            : tf.tensor2d(batch.model.subarray(first * stride, (first + count) * stride), [count, stride]);
        const rotations = tf.tensor2d(batch.rotations.subarray(9 * first, 9 * (first + count)), [count, 9]);
        const shifts = tf.tensor2d(batch.shifts.subarray(2 * first, 2 * (first + count)), [count, 2]);
        return quadrants(this.place(model, rotations, shifts, request.boxSize, rings), rings);
      });
      const values = await image.data();
      image.dispose();
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

  /** As {@link evaluate}, on tensors that stay on the device, and without checks. */
  evaluateTensors(batch: TensorBatch, request: TensorRequest): TensorResult {
    const [count] = batch.rotations.shape;
    const gaussians = batch.model.shape[1] / 5;
    const all = parts({ count, gaussians }, request.rings);
    if (all.length === 1) return this.evaluatePart(batch, request);
    return tf.tidy(() => {
      const found = all.map(([first, size]) => {
        const rows = <T extends tf.Tensor>(tensor: T): T =>
          tensor.shape[0] === count && tensor.rank === 2
            ? (tf.slice(tensor, [first, 0], [size, -1]) as T)
            : tensor;
        const { model, rotations, shifts, targets, targetRings } = batch;
        return this.evaluatePart(
          {
            model: rows(model),
            rotations: rows(rotations),
            shifts: rows(shifts),
            targets: rows(targets),
            targetRings,
          },
          { ...request, ringWeights: rows(request.ringWeights) },
        );
      });
      const joined: Partial<Record<keyof TensorResult, tf.Tensor>> = {};
      for (const name of Object.keys(found[0]!) as (keyof TensorResult)[]) {
        joined[name] = tf.concat(
          found.map((result) => result[name] as tf.Tensor2D),
          0,
        );
      }
      return joined as never;
    }) as TensorResult;
  }

  private evaluatePart(batch: TensorBatch, request: TensorRequest): TensorResult {
    return tf.tidy(() => {
      const { rings, boxSize } = request;
      const constants = this.constantsFor(rings, batch.targetRings);
      const count = batch.rotations.shape[0];
      const side = rings + 1;
      const { model, rotations, shifts } = batch;
      const placed = this.place(model, rotations, shifts, boxSize, rings);
      const image = quadrants(placed, rings);
      const target = tf.reshape(tf.gather(batch.targets, constants.pick, 1), [count, 4, side * side]);

      const perRing = (product: tf.Tensor) =>
        tf.matMul(tf.sum(tf.mul(product, constants.multiplicity), 1) as tf.Tensor2D, constants.inRing);
      const norm = tf.sqrt(perRing(tf.square(image)));
      const frc = tf.divNoNan(perRing(tf.mul(image, target)), norm) as tf.Tensor2D;
      const weights = tf.reshape(request.ringWeights, [-1, side]);
      const score = tf.sum(tf.mul(frc, weights), 1) as tf.Tensor1D;
      const result: TensorResult = { frc, score };
      if (!request.gradient?.model && !request.gradient?.pose) return result as never;

      // G = m·w_r·(I − FRC_r·P/|P|_r)/|P|_r
      const onTarget = tf.divNoNan(tf.add(weights, tf.zerosLike(norm)), norm);
      const onImage = tf.divNoNan(tf.mul(onTarget, frc), norm);
      const toSamples = (value: tf.Tensor) =>
        tf.reshape(tf.gather(value, constants.ring, 1), [count, 1, side * side]);
      const slope = tf.mul(
        constants.multiplicity,
        tf.sub(tf.mul(toSamples(onTarget), target), tf.mul(toSamples(onImage), image)),
      );
      const { along, slopeX, slopeY, square } = contract(placed.factors, slope, constants.k, rings);
      const [x, y, z] = placed.centre;
      const dx = tf.mul(placed.weight, slopeX);
      const dy = tf.mul(placed.weight, slopeY);
      const element = (j: number) => tf.slice(rotations, [0, j], [-1, 1]);
      if (request.gradient.model) {
        const centre = [0, 1, 2].map((j) => tf.add(tf.mul(element(j), dx), tf.mul(element(3 + j), dy)));
        const sigma = tf.mul(
          placed.weight,
          tf.sub(
            tf.div(tf.mul(along, 3), placed.sigma),
            tf.mul(tf.mul(placed.sigma, (4 * Math.PI ** 2) / boxSize ** 2), square),
          ),
        );
        result.modelGradient = tf.concat([...centre, tf.mul(placed.volume, along), sigma], 1) as tf.Tensor2D;
      }
      if (request.gradient.pose) {
        const total = (value: tf.Tensor) => tf.sum(value, 1, true);
        const elements = [dx, dy].flatMap((d) => [x, y, z].map((c) => total(tf.mul(d, c))));
        result.rotationGradient = tf.concat([...elements, tf.zeros([count, 3])], 1) as tf.Tensor2D;
        result.shiftGradient = tf.concat([total(dx), total(dy)], 1) as tf.Tensor2D;
      }
      return result as never;
    }) as TensorResult;
  }

  products(batch: VariantBatch, request: { boxSize: number; rings: number }): Promise<Float32Array> {
    return productsOfProjections(this, batch, request);
  }

  async dispose(): Promise<void> {
    for (const constants of this.known.values()) tf.dispose(constants as unknown as tf.TensorContainer);
    this.known.clear();
  }

  private place(
    model: tf.Tensor2D,
    rotations: tf.Tensor2D,
    shifts: tf.Tensor2D,
    boxSize: number,
    rings: number,
  ): Placed {
    const count = rotations.shape[0];
    const n = model.shape[1] / 5;
    const [x, y, z, amplitude, sigma] = tf.split(model, 5, 1) as tf.Tensor2D[] as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    const element = (j: number) => tf.slice(rotations, [0, j], [-1, 1]);
    const along = (row: number) =>
      tf.addN([
        tf.mul(element(3 * row), x),
        tf.mul(element(3 * row + 1), y),
        tf.mul(element(3 * row + 2), z),
        tf.add(tf.slice(shifts, [0, row], [-1, 1]), tf.zeros([count, n])),
      ]);
    const square = tf.square(sigma);
    const volume = tf.mul(tf.mul(square, sigma), (2 * Math.PI) ** 1.5) as tf.Tensor2D;
    const k = this.constantsFor(rings, rings).k;
    const column = (value: tf.Tensor) => tf.expandDims(value, 2);
    const factor = (u: tf.Tensor) =>
      tf.tidy(() => {
        const envelope = tf.exp(
          tf.mul(column(tf.mul(square, (-2 * Math.PI ** 2) / boxSize ** 2)), tf.square(k)),
        );
        const turns = tf.mul(column(u), k);
        // Devices take sine and cosine of large angles badly.
        const angle = tf.mul(tf.sub(turns, tf.floor(tf.add(turns, 0.5))), -2 * Math.PI);
        return tf.concat(
          [tf.mul(envelope, tf.cos(angle)), tf.mul(envelope, tf.sin(angle))],
          2,
        ) as tf.Tensor3D;
      });
    return {
      centre: [x, y, z],
      sigma,
      volume,
      weight: tf.mul(amplitude, volume),
      factors: { x: factor(along(0)), y: factor(along(1)) },
    };
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
    const made: Constants = {
      k: tf.tensor3d(
        Float32Array.from({ length: side }, (_, k) => k),
        [1, 1, side],
      ),
      pick: tf.tensor1d(pick, "int32"),
      multiplicity: tf.tensor3d(multiplicity, [1, 4, side * side]),
      ring: tf.tensor1d(ring, "int32"),
      inRing: tf.tensor2d(inRing, [side * side, side]),
    };
    for (const tensor of Object.values(made)) tf.keep(tensor as tf.Tensor);
    this.known.set(key, made);
    return made;
  }
}

/** Parts of a batch whose intermediate tensors stay within bounds: first particle and number of each. */
function parts(
  batch: Pick<ModelsAndPoses, "count" | "gaussians">,
  rings: number,
): [first: number, count: number][] {
  const each = TABLES * batch.gaussians * 2 * (rings + 1) * 4;
  const most = Math.max(1, Math.floor(PART_BYTES / each));
  const all: [number, number][] = [];
  for (let first = 0; first < batch.count; first += most)
    all.push([first, Math.min(most, batch.count - first)]);
  return all;
}

/** Product of each pair of matrices. `wasm` has a fast product of two matrices only, neither of them transposed. */
function products(a: tf.Tensor3D, b: tf.Tensor3D, transposeA: boolean): tf.Tensor3D {
  if (tf.getBackend() !== "wasm") return tf.matMul(a, b, transposeA);
  const first = transposeA ? tf.transpose(a, [0, 2, 1]) : a;
  const pairs = tf.unstack(b).map((right, i) => {
    const [, height, width] = first.shape as [number, number, number];
    const left = tf.reshape(tf.slice(first, [i, 0, 0], [1, height, width]), [height, width]);
    return tf.matMul(left as tf.Tensor2D, right as tf.Tensor2D);
  });
  return tf.stack(pairs) as tf.Tensor3D;
}

/** re and im of P(kx, ky), re and im of P(kx, −ky), for kx, ky ≥ 0: [B, 4, (K + 1)²]. */
function quadrants({ factors, weight }: Placed, rings: number): tf.Tensor3D {
  const side = rings + 1;
  const count = factors.x.shape[0];
  const all = tf.tidy(() =>
    products(factors.x, tf.mul(factors.y, tf.expandDims(weight, 2)) as tf.Tensor3D, true),
  );
  const block = (row: number, column: number) =>
    tf.reshape(tf.slice(all, [0, row * side, column * side], [-1, side, side]), [count, side * side]);
  const rr = block(0, 0);
  const ri = block(0, 1);
  const ir = block(1, 0);
  const ii = block(1, 1);
  return tf.stack([tf.sub(rr, ii), tf.add(ri, ir), tf.add(rr, ii), tf.sub(ir, ri)], 1) as tf.Tensor3D;
}

/** From the slope G, [B, 4, (K + 1)²], to what each Gaussian gets of it, [B, N] each: see Run in assembly/pose.ts. */
function contract(factors: Factors, slope: tf.Tensor, k: tf.Tensor3D, rings: number) {
  const side = rings + 1;
  const count = slope.shape[0]!;
  const part = (i: number) => tf.reshape(tf.slice(slope, [0, i, 0], [-1, 1, -1]), [count, side, side]);
  const plusR = part(0);
  const plusI = part(1);
  const minusR = part(2);
  const minusI = part(3);
  // G*(ky) + G*(−ky) and i·(G*(ky) − G*(−ky)), [B, kx, ky]
  const sumR = tf.add(plusR, minusR);
  const sumI = tf.neg(tf.add(plusI, minusI));
  const differenceR = tf.sub(plusI, minusI);
  const differenceI = tf.sub(plusR, minusR);
  const turned = (value: tf.Tensor) => tf.transpose(value, [0, 2, 1]);
  const halves = (value: tf.Tensor3D) => tf.split(value, 2, 2) as [tf.Tensor3D, tf.Tensor3D];

  const fromY = tf.concat(
    [tf.concat([turned(sumR), turned(sumI)], 2), tf.concat([turned(differenceR), turned(differenceI)], 2)],
    1,
  ) as tf.Tensor3D;
  const fromX = tf.concat(
    [tf.concat([sumR, differenceR], 2), tf.concat([tf.neg(sumI), tf.neg(differenceI)], 2)],
    1,
  ) as tf.Tensor3D;
  const kk = tf.square(k);
  // What is no longer needed goes before the second product takes as much again.
  const alongX = tf.tidy(() => {
    const [vr, vi] = halves(products(factors.y, fromY, false));
    const [xr, xi] = halves(factors.x);
    const re = tf.sub(tf.mul(xr, vr), tf.mul(xi, vi));
    const im = tf.add(tf.mul(xr, vi), tf.mul(xi, vr));
    return {
      along: tf.sum(re, 2),
      slope: tf.mul(tf.sum(tf.mul(im, k), 2), 2 * Math.PI),
      square: tf.sum(tf.mul(re, kk), 2),
    };
  });
  const alongY = tf.tidy(() => {
    const [q1, q2] = halves(products(factors.x, fromX, false));
    const [yr, yi] = halves(factors.y);
    return {
      slope: tf.mul(tf.sum(tf.mul(tf.sub(tf.mul(q1, yi), tf.mul(q2, yr)), k), 2), 2 * Math.PI),
      square: tf.sum(tf.mul(tf.add(tf.mul(q1, yr), tf.mul(q2, yi)), kk), 2),
    };
  });
  return {
    along: alongX.along,
    slopeX: alongX.slope,
    slopeY: alongY.slope,
    square: tf.add(alongX.square, alongY.square),
  };
}
