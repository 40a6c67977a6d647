/** Projections of Gaussians, their Fourier ring correlation with images, and its gradient. */
export type {
  ImageSize,
  PosedModels,
  ProductsRequest,
  ProjectionBatch,
  ProjectionEngine,
  ProjectionRequest,
  ProjectionResult,
  VariantBatch,
} from "./engine";
export { createEngine, type EngineChoice, type EngineName, engineNames } from "./engines";
export type { TimedWork, Workload } from "./trial";
