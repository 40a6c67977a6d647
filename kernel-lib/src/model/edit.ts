import { InputError } from "../errors";
import {
  boxLengthOf,
  copyModel,
  emptyModel,
  type GaussianModel,
  originInBox,
  withOrigin,
} from "./gaussianModel";

/**
 * One model with the Gaussians of several, in order.
 * @throws InputError unless there is at least one model, and all have the same box and pixel size
 * @example
 * ```ts
 * const model = await e2.model.readText("neutral.txt");
 * const twice = e2.model.merge([model, e2.model.move(model, [1, 0, 0, 0, 1, 0, 0, 0, 1], [10, 0, 0])]);
 * ```
 */
export function mergedModels(models: readonly GaussianModel[]): GaussianModel {
  const first = models[0];
  if (!first) throw new InputError("models", "at least one model to merge", "none");
  models.forEach(({ boxSize, apix }, m) => {
    if (boxSize !== first.boxSize || apix !== first.apix) {
      throw new InputError(
        `models: model ${m + 1}`,
        `a box of ${first.boxSize} pixels of ${first.apix} Å like the first (rescale it first)`,
        `${boxSize} pixels of ${apix} Å`,
      );
    }
  });
  const count = models.reduce((sum, m) => sum + m.count, 0);
  const merged = { ...first, ...emptyModel(count, first.boxSize, first.apix) };
  let from = 0;
  for (const model of models) {
    for (let row = 0; row < 5; row++) {
      merged.params.set(
        model.params.subarray(row * model.count, (row + 1) * model.count),
        row * count + from,
      );
    }
    from += model.count;
  }
  return merged;
}

/**
 * The model rotated about the origin, then shifted: c → R c + t.
 * @param rotation R, 9 numbers, row-major
 * @param shift    t in Å. Default 0
 * @example
 * ```ts
 * const model = await e2.model.readText("neutral.txt");
 * const shifted = e2.model.move(model, [1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 0, 0]);
 * ```
 */
export function movedModel(
  model: GaussianModel,
  rotation: ArrayLike<number>,
  shift: readonly [number, number, number] = [0, 0, 0],
): GaussianModel {
  const { count, params } = model;
  const moved = copyModel(model);
  const boxLength = boxLengthOf(model);
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) {
      moved.params[axis * count + i] =
        rotation[3 * axis]! * params[i]! +
        rotation[3 * axis + 1]! * params[count + i]! +
        rotation[3 * axis + 2]! * params[2 * count + i]! +
        shift[axis]! / boxLength;
    }
  }
  return moved;
}

/**
 * The same Gaussians, with the same positions and widths in Å, in another box.
 * @param boxSize pixels of the new box
 * @param apix    Å per pixel. Default: what keeps the box length; otherwise the box grows or shrinks about its origin
 * @example
 * ```ts
 * const model = await e2.model.readText("neutral.txt");
 * const finer = e2.model.rescale(model, 2 * model.boxSize);
 * ```
 */
export function rescaledModel(model: GaussianModel, boxSize: number, apix?: number): GaussianModel {
  const boxLength = boxLengthOf(model);
  const pixel = apix ?? boxLength / boxSize;
  const { count, origin, ...rest } = copyModel(model);
  const box = { boxSize, apix: pixel };
  const rescaled: GaussianModel = { ...rest, count, ...box, ...withOrigin(originInBox(origin, model, box)) };
  for (let i = 0; i < 3 * count; i++) rescaled.params[i]! *= boxLength / (boxSize * pixel);
  for (let i = 4 * count; i < 5 * count; i++) rescaled.params[i]! *= model.apix / pixel;
  return rescaled;
}
