import { disc } from "../fourier/disc";
import type { ProjectionBatch, ProjectionRequest, ProjectionResult, VariantBatch } from "./engine";

/** What every engine does alike: checking what it was given, laying out what it returns, and which rings are empty. */

/**
 * A ring of a projection with less than this part of the power of rings 1 … K is empty: what wide Gaussians leave there is
 * rounding, and dividing by it leaves float32. As in assembly/rings.ts.
 */
export const EMPTY_RING = 1e-30;

/** The power that a ring needs to count, from the powers of all rings. */
export function leastPower(powers: Float64Array): number {
  let whole = 0;
  for (let r = 1; r < powers.length; r++) whole += powers[r]!;
  // What is not finite must not pass for empty.
  return Math.min(EMPTY_RING * whole, Number.MAX_VALUE);
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

/** What `project` takes of a batch. */
export type ModelsAndPoses = Omit<ProjectionBatch, "targets" | "targetRings">;

/** Throws a RangeError that names the field unless poses, box and rings fit together. */
function checkPoses(batch: ModelsAndPoses, boxSize: number, rings: number): void {
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

/** Throws a RangeError that names the field unless models, poses, box and rings fit together. */
export function checkModelsAndPoses(batch: ModelsAndPoses, boxSize: number, rings: number): void {
  checkPoses(batch, boxSize, rings);
  expectLength("model", batch.model, [5 * batch.gaussians, 5 * batch.gaussians * batch.count]);
}

function checkTargets(batch: ProjectionBatch, rings: number): void {
  expectCount("targetRings", batch.targetRings);
  if (rings > batch.targetRings) {
    throw new RangeError(`rings: expected at most targetRings, ${batch.targetRings}, found ${rings}`);
  }
  expectLength("targets", batch.targets, [batch.count * disc(batch.targetRings).samples * 2]);
}

/** V of a batch with several models per particle. Throws a RangeError that names the field unless everything fits together. */
export function variantsOf(batch: VariantBatch, request: { boxSize: number; rings: number }): number {
  checkPoses(batch, request.boxSize, request.rings);
  checkTargets(batch, request.rings);
  const variants = batch.model.length / (5 * batch.gaussians * batch.count);
  expectCount("models per particle", variants);
  return variants;
}

/** Throws a RangeError that names the field unless batch and request fit together. */
export function checkBatch(batch: ProjectionBatch, request: ProjectionRequest): void {
  checkModelsAndPoses(batch, request.boxSize, request.rings);
  checkTargets(batch, request.rings);
  expectLength("ringWeights", request.ringWeights, [request.rings + 1, (request.rings + 1) * batch.count]);
}

/** Whether every particle has Gaussians of its own. A batch of one counts as sharing them, which is the same. */
export function modelStride(batch: ModelsAndPoses): number {
  return batch.model.length === 5 * batch.gaussians ? 0 : 5 * batch.gaussians;
}

/** Numbers from one particle's ring weights to the next one's: 0 where all share them. */
export function weightStride(request: ProjectionRequest): number {
  return request.ringWeights.length === request.rings + 1 ? 0 : request.rings + 1;
}

/** A result of zeros with the arrays that the request asks for. */
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
