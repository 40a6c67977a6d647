import { InputError } from "../errors";
import { disc } from "../fourier/disc";
import { availableMemory, gigabytes } from "../memoryLimit";

/** What the memory of a training step depends on. */
export interface StepShape {
  /** N, the Gaussians of the model. */
  gaussians: number;
  /** Decoder outputs per particle. */
  outputs: number;
  latent: number;
  featureSize: number;
  hidden: readonly number[];
  /** Outermost ring of the particles' transforms. */
  rings: number;
}

/** Default memory budget of a training in bytes; half is for the particles' transforms, half for a step. */
export const defaultMemoryBudget = (): number => availableMemory() / 2;

/** Arrays of all Gaussians of a batch that exist at a time during a step, those of the projection engine included. */
const modelArrays = 5;
/** Arrays of all decoder outputs: the outputs or their gradients, and the derivatives of the head. */
const outputArrays = 2;
/** Transforms: of the current batch, of the next one, and the engine's copy. */
const targetArrays = 3;

/** Memory of a training step in bytes: independent of the batch, and per particle. */
export function stepBytes(shape: StepShape): { fixed: number; perParticle: number } {
  const { gaussians, outputs, latent, featureSize, hidden, rings } = shape;
  const weights = (sizes: number[]) =>
    sizes.slice(1).reduce((sum, width, i) => sum + (sizes[i]! + 1) * width, 0);
  const all = weights([featureSize, ...hidden, latent]) + weights([latent, ...hidden, outputs]);
  const widths = hidden.reduce((a, b) => a + b, 0);
  // Fixed: weights and their two moments. Last term per particle: activations and gradients of both networks.
  return {
    fixed: 4 * 3 * all,
    perParticle:
      4 *
      (modelArrays * 5 * gaussians +
        outputArrays * outputs +
        targetArrays * 2 * disc(rings).samples +
        4 * widths),
  };
}

/**
 * The requested batch size, or the largest that fits into so many bytes.
 * @throws InputError if not even two particles fit
 */
export function batchThatFits(requested: number, shape: StepShape, bytes: number): number {
  const { fixed, perParticle } = stepBytes(shape);
  const most = Math.floor((bytes - fixed) / perParticle);
  if (most >= requested) return requested;
  if (most < 2) {
    throw new InputError(
      "memory",
      `at least ${gigabytes(fixed + 2 * perParticle)} for a step of two particles with ${shape.gaussians} Gaussians`,
      gigabytes(bytes),
    );
  }
  return most;
}

/** Bytes of the Gaussians of one batch in passes without training. */
const passBytes = 2 ** 24;

/** Particles per batch in passes without training: 128, or fewer for large models. */
export function particlesPerPass(gaussians: number): number {
  return Math.max(8, Math.min(128, Math.floor(passBytes / (20 * gaussians))));
}
