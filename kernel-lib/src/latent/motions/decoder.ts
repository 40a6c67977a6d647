import { InputError } from "../../errors";
import { boxLengthOf, type GaussianModel, Row } from "../../model/gaussianModel";
import { gaussiansInRegion, type Region } from "../../model/regions";
import type { Pacing } from "../pacing";
import { countPoints } from "../points";

/** What turns points of a latent space into Gaussians; an open run is one. */
export interface MotionDecoder {
  /** Dimensions of the latent space. */
  readonly latent: number;
  /** The Gaussians at a point, [latent]. All points have the same number of them. */
  decode(z: ArrayLike<number>): GaussianModel;
  /** The parameters of the Gaussians at several points [n · latent], [n · 5N]. Default: one point after the other. */
  decodeMany?(points: Float32Array): Float32Array;
}

/** Centres and masses of Gaussians. */
export interface DecodedState {
  /** Centres in Å from the middle of the box, (x, y, z) of Gaussian i from 3i, [3N]. */
  positions: Float64Array;
  /** Aσ³, 0 for negative amplitudes, [N]. */
  masses: Float64Array;
}

/** Points that are decoded together. */
const batchSize = 64;

/**
 * Decodes points in batches.
 * @param points [n · latent]
 * @param visit  called for each point in turn; the state is valid until the next call
 * @param task   name of the task in reports of progress
 */
export async function visitDecoded(
  decoder: MotionDecoder,
  points: Float32Array,
  visit: (i: number, state: DecodedState) => void,
  { pacing, task }: { pacing: Pacing; task: string },
): Promise<void> {
  const { latent } = decoder;
  const n = points.length / latent;
  const reader = new StateReader(decoder);
  for (let first = 0; first < n; first += batchSize) {
    const count = Math.min(batchSize, n - first);
    const params = reader.params(points.subarray(first * latent, (first + count) * latent));
    for (let i = 0; i < count; i++) visit(first + i, reader.read(params, i));
    if (!pacing.due) continue;
    pacing.report(task, first + count, n);
    await pacing.yield();
  }
}

/** Decodes a few points at once, as {@link visitDecoded} does. */
export function visitFew(
  decoder: MotionDecoder,
  points: Float32Array,
  visit: (i: number, state: DecodedState) => void,
): void {
  const reader = new StateReader(decoder);
  const params = reader.params(points);
  for (let i = 0; i < points.length / decoder.latent; i++) visit(i, reader.read(params, i));
}

/** The state at one point. */
export function decodeState(decoder: MotionDecoder, z: ArrayLike<number>): DecodedState {
  const reader = new StateReader(decoder);
  return reader.read(reader.params(Float32Array.from(z)), 0);
}

class StateReader {
  private state: DecodedState | undefined;
  private readonly boxLength: number;
  private readonly count: number;

  constructor(private readonly decoder: MotionDecoder) {
    const middle = decoder.decode(new Float32Array(decoder.latent));
    this.boxLength = boxLengthOf(middle);
    this.count = middle.count;
  }

  params(points: Float32Array): Float32Array {
    const { decoder, count } = this;
    const { latent } = decoder;
    if (decoder.decodeMany) return decoder.decodeMany(points);
    const n = points.length / latent;
    const all = new Float32Array(n * 5 * count);
    for (let i = 0; i < n; i++) {
      all.set(decoder.decode(points.subarray(i * latent, (i + 1) * latent)).params, i * 5 * count);
    }
    return all;
  }

  read(params: Float32Array, row: number): DecodedState {
    const { count, boxLength } = this;
    this.state ??= { positions: new Float64Array(3 * count), masses: new Float64Array(count) };
    const { positions, masses } = this.state;
    const at = row * 5 * count;
    for (let i = 0; i < count; i++) {
      for (let axis = 0; axis < 3; axis++)
        positions[3 * i + axis] = boxLength * params[at + axis * count + i]!;
      const amplitude = Math.max(0, params[at + Row.amplitude * count + i]!);
      masses[i] = amplitude * params[at + Row.sigma * count + i]! ** 3;
    }
    return this.state;
  }
}

/**
 * Number of points of a population in the latent space of a decoder.
 * @throws InputError for fewer than `least`, and coordinates that are not finite
 */
export function countPopulation(decoder: MotionDecoder, points: Float32Array, least: number): number {
  return countPoints(points, decoder.latent, least);
}

/** A region of a molecule: a part of space, or the indices of its Gaussians. */
export type MotionRegion = Region | ArrayLike<number>;

/**
 * Indices of the Gaussians of a region.
 * @param model in which the centres of Gaussians decide
 * @throws InputError naming `where` for a region without Gaussians, and for indices that are not Gaussians
 */
export function regionIndices(model: GaussianModel, region: MotionRegion, where: string): Int32Array {
  if (!isIndices(region)) {
    const inside = gaussiansInRegion(model, region);
    if (inside.length === 0) throw new InputError(where, "at least one Gaussian inside", "none");
    return inside;
  }
  const given = [...new Set(Array.from(region))].sort((a, b) => a - b);
  if (given.length === 0) throw new InputError(where, "at least one Gaussian", "none");
  const wrong = given.find((i) => !Number.isInteger(i) || i < 0 || i >= model.count);
  if (wrong !== undefined) {
    throw new InputError(where, `indices of Gaussians from 0 to ${model.count - 1}`, String(wrong));
  }
  return Int32Array.from(given);
}

function isIndices(region: MotionRegion): region is ArrayLike<number> {
  return "length" in region;
}
