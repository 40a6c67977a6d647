import { disc } from "../fourier/disc";
import type {
  ImageSize,
  PosedModels,
  ProjectionBatch,
  ProjectionRequest,
  ProjectionResult,
  VariantBatch,
} from "./engine";

/** Common parts of all engines: checks of the input, allocation of the result, and which rings are empty. */

/**
 * A ring of a projection with less than this fraction of the power of rings 1 … K is empty: wide Gaussians leave only
 * rounding errors there, and dividing by them exceeds float32. As in assembly/rings.ts.
 */
export const emptyRing = 1e-30;

/** The power up to which a ring is empty, from the powers of all rings, [rings + 1]. */
export function leastPower(powers: Float64Array): number {
  let whole = 0;
  for (let r = 1; r < powers.length; r++) whole += powers[r]!;
  // Rings that are not finite must not count as empty.
  return Math.min(emptyRing * whole, Number.MAX_VALUE);
}

function expectLength(name: string, array: { length: number } | undefined, lengths: number[]): void {
  if (array === undefined || !lengths.includes(array.length)) {
    throw new RangeError(
      `${name}: expected ${lengths.join(" or ")} numbers, found ${array === undefined ? "none" : array.length}`,
    );
  }
}

function expectCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`${name}: expected an integer of 1 or more, found ${value}`);
  }
}

/** @throws RangeError naming the field unless poses, box and rings fit together */
function checkPoses(batch: PosedModels, { boxSize, rings }: ImageSize): void {
  expectCount("count", batch.count);
  expectCount("gaussians", batch.gaussians);
  expectCount("boxSize", boxSize);
  expectCount("rings", rings);
  if (rings > Math.floor((boxSize - 1) / 2)) {
    throw new RangeError(
      `rings: expected at most ${Math.floor((boxSize - 1) / 2)} for a box of ${boxSize}, found ${rings}`,
    );
  }
  expectLength("rotations", batch.rotations, [9 * batch.count]);
  expectLength("shifts", batch.shifts, [2 * batch.count]);
}

/** Checks the input of `project`. @throws RangeError naming the field unless models, poses, box and rings fit together */
export function checkPosedModels(batch: PosedModels, size: ImageSize): void {
  checkPoses(batch, size);
  expectLength("model", batch.model, [5 * batch.gaussians, 5 * batch.gaussians * batch.count]);
}

function checkTargets(batch: ProjectionBatch, rings: number): void {
  expectCount("targetRings", batch.targetRings);
  if (rings > batch.targetRings) {
    throw new RangeError(`rings: expected at most targetRings, ${batch.targetRings}, found ${rings}`);
  }
  expectLength("targets", batch.targets, [batch.count * disc(batch.targetRings).samples * 2]);
}

/** V, the number of models per particle. @throws RangeError naming the field unless batch and size fit together */
export function variantsOf(batch: VariantBatch, size: ImageSize): number {
  checkPoses(batch, size);
  checkTargets(batch, size.rings);
  const variants = batch.model.length / (5 * batch.gaussians * batch.count);
  expectCount("models per particle", variants);
  return variants;
}

/** Checks the input of `evaluate`. @throws RangeError naming the field unless batch and request fit together */
export function checkBatch(batch: ProjectionBatch, request: ProjectionRequest): void {
  checkPosedModels(batch, request);
  checkTargets(batch, request.rings);
  expectLength("ringWeights", request.ringWeights, [request.rings + 1, (request.rings + 1) * batch.count]);
}

/** Numbers from one particle's Gaussians to the next one's: 0 if all share them, as in a batch of one. */
export function modelStride(batch: PosedModels): number {
  return batch.model.length === 5 * batch.gaussians ? 0 : 5 * batch.gaussians;
}

/** Numbers from one particle's ring weights to the next one's: 0 if all share them. */
export function weightStride(request: ProjectionRequest): number {
  return request.ringWeights.length === request.rings + 1 ? 0 : request.rings + 1;
}

/** A result of zeros with the arrays that are requested. */
export function emptyResult(batch: ProjectionBatch, request: ProjectionRequest): ProjectionResult {
  const { count, gaussians } = batch;
  const result: ProjectionResult = {
    frc: new Float32Array(count * (request.rings + 1)),
    score: new Float32Array(count),
  };
  if (request.gradient?.model) result.modelGradient = new Float32Array(count * 5 * gaussians);
  if (request.gradient?.pose) {
    result.rotationGradient = new Float32Array(count * 9);
    result.shiftGradient = new Float32Array(count * 2);
  }
  return result;
}
