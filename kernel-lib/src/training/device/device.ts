import type { LatentModel } from "../../network/latentModel";
import type { ProductsRequest, ProjectionRequest, ProjectionResult } from "../../projection/engine";
import type { ComponentProjector, GradientComponents } from "../features/components";
import type { GradientBatch } from "../features/neutralGradients";
import type { LoadedRows } from "../posterior/batchCache";
import type { PlaceDecoder } from "../posterior/decoders";
import type { DistilOptions } from "../posterior/distil";
import type { BatchPoses, Variants } from "../posterior/variants";
import type { ProjectionContext } from "../projectionContext";
import type { EpochParts, StepOptions, StepSettings } from "../stepParts";

/** Particles, and what their models are decoded by. */
export interface DecodedBatch {
  /** Neutral model, and what models are changes of. */
  context: Pick<ProjectionContext, "neutral" | "base">;
  /** Of whole particles. */
  decoder: PlaceDecoder;
  particles: LoadedRows;
  /** Rotations [B · 9] and shifts in box units [B · 2]. Default: those of the particles. */
  poses?: BatchPoses | undefined;
}

/** Particles at places. */
export interface PlacedBatch extends DecodedBatch {
  /** One for each particle, [B · latent], or one for all, [latent]. */
  places: Float32Array;
}

/** Particles at points, and small steps from them. */
export interface SteppedBatch extends DecodedBatch {
  variants: Variants;
  /** [B · width] */
  points: Float32Array;
  /** Rotations of the frames in which steps of the pose are taken, [B · 9]. Default: those of the poses. */
  frames?: Float32Array | undefined;
}

/** How particles at places are scored. */
export interface PlacedRequest extends ProjectionRequest {
  /** The samples to compare, as in {@link ProductsRequest}; then there are no gradients. Default: all. */
  inside?: Uint8Array | undefined;
}

/**
 * What a training computes with: the steps of its epochs, and everything that is asked of all particles before and after them. A
 * device knows networks, Gaussians and images, but no files, runs or options. All have the same results but for rounding.
 *
 * Models for pictures and maps are decoded by the CPU everywhere: one of 3,082 Gaussians takes 2 ms, less than what is done with it, and
 * needs no GPU that is still open. The encoder's places of all particles, wanted after every epoch, take the CPU 40 s for a million.
 */
export interface TrainingDevice {
  /** Takes the steps of an epoch. @throws StoppedError between two steps */
  takeSteps(parts: EpochParts, step: StepSettings, options: StepOptions): Promise<void>;
  /** Scores of particles with the models at their places; see `ProjectionEngine.evaluate`. Valid until the next call. */
  evaluate(batch: PlacedBatch, request: PlacedRequest): Promise<ProjectionResult>;
  /** Products of the models at points and a small step from them along each number; see `ProjectionEngine.products`. */
  products(batch: SteppedBatch, request: ProductsRequest): Promise<Float32Array>;
  /** Prepares the encoder's input of particles: products of components and gradients. */
  components(of: GradientComponents): ComponentProjector<GradientBatch>;
  /** What {@link LatentModel.encode} returns for encoder input [rows · features]: latents, [rows · latent]. */
  encode(model: LatentModel, features: Float32Array): Promise<Float32Array>;
  /** Teaches the encoder places, with the decoder fixed. @throws StoppedError between two steps */
  teach(model: LatentModel, options: DistilOptions): Promise<void>;
}
