import type { GaussianModel } from "../model/gaussianModel";
import type { ParticleTargets } from "../particles/targets";
import type { ProjectionEngine } from "../projection/engine";
import type { BaseModels } from "./secondRound/baseModels";
import type { UnitAssembly } from "./units/unitAssembly";

/** What is needed to compare a model's projections with particles. */
export interface ProjectionContext {
  targets: ParticleTargets;
  /** The neutral model. */
  neutral: GaussianModel;
  engine: ProjectionEngine;
  /** The units that the model consists of. Default: the whole model is one. */
  units?: UnitAssembly | undefined;
  /** What models are changes of, if not of the neutral model. */
  base?: BaseModels | undefined;
}
