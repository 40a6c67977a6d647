import { InputError } from "../../errors";
import { checkSameBoxLength } from "../../maps/grid";
import { rescaledModel } from "../../model/edit";
import { copyModel, type GaussianModel } from "../../model/gaussianModel";

/**
 * A copy of a model in the box and pixel size of the neutral model.
 * @param name name of the model in errors
 * @throws InputError for another number of Gaussians, a box of another size in Å, and numbers that are not finite
 */
export function fittedModel(neutral: GaussianModel, model: GaussianModel, name: string): GaussianModel {
  checkModel(model, name);
  const { count, boxSize, apix } = neutral;
  if (model.count !== count) {
    throw new InputError(name, `${count} Gaussians like the neutral model`, String(model.count));
  }
  checkSameBoxLength(model, neutral, name, "the neutral model");
  return model.boxSize === boxSize ? { ...copyModel(model), apix } : rescaledModel(model, boxSize, apix);
}

/** @throws InputError for a model without Gaussians, or with numbers that are not finite */
export function checkModel(model: GaussianModel, name: string): void {
  if (model.count === 0) throw new InputError(name, "at least one Gaussian", "none");
  if (model.params.length !== 5 * model.count) {
    throw new InputError(
      name,
      `${5 * model.count} parameters of ${model.count} Gaussians`,
      String(model.params.length),
    );
  }
  const bad = model.params.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  const gaussian = (bad % model.count) + 1;
  throw new InputError(`${name}: Gaussian ${gaussian}`, "finite numbers", String(model.params[bad]));
}
