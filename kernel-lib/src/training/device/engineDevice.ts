import type { LatentModel } from "../../network/latentModel";
import type {
  ProductsRequest,
  ProjectionEngine,
  ProjectionRequest,
  ProjectionResult,
} from "../../projection/engine";
import { type ComponentProjector, type GradientComponents, tensorComponents } from "../features/components";
import { type GradientBatch, neutralGradients } from "../features/neutralGradients";
import { batchOfRows } from "../posterior/batchCache";
import { type DistilOptions, distilEncoder } from "../posterior/distil";
import { onBase } from "../secondRound/baseModels";
import type { EpochParts, StepOptions, StepSettings } from "../stepParts";
import type { PlacedBatch, PlacedRequest, SteppedBatch, TrainingDevice } from "./device";
import { engineSteps } from "./engineSteps";

/** Networks on the CPU, projections by an engine of any kind: WebAssembly, TensorFlow.js, the float64 reference. */
export class EngineDevice implements TrainingDevice {
  constructor(protected readonly engine: ProjectionEngine) {}

  takeSteps(parts: EpochParts, step: StepSettings, options: StepOptions): Promise<void> {
    return engineSteps(parts, step, options);
  }

  async evaluate(
    { context, decoder, particles, places, poses }: PlacedBatch,
    request: PlacedRequest,
  ): Promise<ProjectionResult> {
    const { engine } = this;
    const batch = { ...batchOfRows(particles), ...poses };
    const models = decoder.decode(places, places.length === decoder.latent ? 1 : batch.count);
    const model = onBase(context, particles.particles, models);
    if (!request.inside) return engine.evaluate({ ...batch, model }, request);
    const each = model.length === 5 * batch.gaussians ? repeated(model, batch.count) : model;
    return scoresOfProducts(await engine.products({ ...batch, model: each }, request), request);
  }

  products(
    { context, particles, poses, variants, points, frames }: SteppedBatch,
    request: ProductsRequest,
  ): Promise<Float32Array> {
    const batch = { ...batchOfRows(particles), ...poses };
    const model = variants.models(points, frames ?? batch.rotations, (changed) =>
      onBase(context, particles.particles, changed),
    );
    return this.engine.products({ ...batch, model }, request);
  }

  components(of: GradientComponents): ComponentProjector<GradientBatch> {
    return tensorComponents(of, (batch) => neutralGradients(this.engine, batch, of.rings));
  }

  async encode(model: LatentModel, features: Float32Array): Promise<Float32Array> {
    return model.encode(features, features.length / model.spec.featureSize);
  }

  teach(model: LatentModel, options: DistilOptions): Promise<void> {
    return distilEncoder(model, options);
  }
}

/** Scores from products of one model: the first of the two numbers of a ring is its FRC. */
function scoresOfProducts(
  products: Float32Array,
  { rings, ringWeights }: ProjectionRequest,
): ProjectionResult {
  const frc = products.filter((_, i) => i % 2 === 0);
  const score = new Float32Array(frc.length / (rings + 1));
  frc.forEach((value, i) => {
    score[Math.floor(i / (rings + 1))]! += value * ringWeights[i % ringWeights.length]!;
  });
  return { frc, score };
}

/** A model [5N] for each of `count` particles. */
function repeated(model: Float32Array, count: number): Float32Array {
  const models = new Float32Array(count * model.length);
  for (let i = 0; i < count; i++) models.set(model, i * model.length);
  return models;
}
