import type { GaussianModel } from "../model/gaussianModel";
import type { ParticleTargets } from "../particles/targets";
import type { ProjectionEngine } from "../projection/engine";

/** What is needed to compare a model's projections with particles. */
export interface ProjectionContext {
  targets: ParticleTargets;
  /** The neutral model. */
  neutral: GaussianModel;
  engine: ProjectionEngine;
}
