import { InputError } from "../errors";
import { disc } from "../fourier/disc";
import { availableMemory, gigabytes } from "../memoryLimit";

/** What the memory of a training step depends on. */
export interface StepShape {
  /** N, the Gaussians of the model. */
  gaussians: number;
  /** Numbers of the decoder for one particle. */
  outputs: number;
  latent: number;
  featureSize: number;
  hidden: readonly number[];
  /** K of the particles' transforms. */
  rings: number;
}

/** Half of it is for the transforms of particles, half for a step. */
export const defaultMemoryBudget = (): number => availableMemory() / 2;

/** Arrays of the size of all Gaussians of a batch that a step has at a time, those of the projection engine among them. */
const MODEL_ARRAYS = 5;
/** The same of all raw numbers of the decoder: the numbers or their slopes, and the derivatives of what they stand for. */
const RAW_ARRAYS = 2;
/** Transforms: those being worked on, the next ones, and the engine's own copy. */
const TARGET_ARRAYS = 3;

/** Bytes that a step of training takes beside the program itself: what does not depend on the batch, and each particle. */
export function stepBytes(shape: StepShape): { fixed: number; perParticle: number } {
  const { gaussians, outputs, latent, featureSize, hidden, rings } = shape;
  const weights = (sizes: number[]) =>
    sizes.slice(1).reduce((sum, width, i) => sum + (sizes[i]! + 1) * width, 0);
  const all = weights([featureSize, ...hidden, latent]) + weights([latent, ...hidden, outputs]);
  const widths = hidden.reduce((a, b) => a + b, 0);
  // Weights and their two moments; activations and slopes of both networks.
  return {
    fixed: 4 * 3 * all,
    perParticle:
      4 *
      (MODEL_ARRAYS * 5 * gaussians +
        RAW_ARRAYS * outputs +
        TARGET_ARRAYS * 2 * disc(rings).samples +
        4 * widths),
  };
}

/**
 * The batch that fits into so many bytes: the one asked for, or else the largest that does.
 * @throws InputError where not even two particles do
 */
export function batchThatFits(asked: number, shape: StepShape, bytes: number): number {
  const { fixed, perParticle } = stepBytes(shape);
  const most = Math.floor((bytes - fixed) / perParticle);
  if (most >= asked) return asked;
  if (most < 2) {
    throw new InputError(
      "memory",
      `at least ${gigabytes(fixed + 2 * perParticle)} for a step of two particles with ${shape.gaussians} Gaussians`,
      gigabytes(bytes),
    );
  }
  return most;
}

/** Bytes of one array of Gaussians in passes over the particles that do not train. */
const PASS_BYTES = 2 ** 24;

/** Particles of a pass that does not train: 128, or fewer where models are large. */
export function particlesPerPass(gaussians: number): number {
  return Math.max(8, Math.min(128, Math.floor(PASS_BYTES / (20 * gaussians))));
}
