import { Matrix, solve } from "ml-matrix";
import { ringsOfBox } from "../../../fourier/trainingBox";
import { resizeVolume } from "../../../maps/resize";
import type { Volume } from "../../../maps/volume";
import { modelDensity } from "../../../model/density";
import { boxLengthOf, type GaussianModel, type Vector3, withOrigin } from "../../../model/gaussianModel";
import { growNeutralModel } from "../../../model/growNeutralModel";
import { rotationFromVector, vectorFromRotation } from "../../../optics/pose";
import { product } from "../../../optics/symmetry";
import type { TaskOptions } from "../../../progress";
import { type FscCurve, fourierShellCorrelation } from "../../../reconstruction/fsc";

/**
 * Mean Fourier shell correlation of a model and a map, over the shells in which half maps of it correlate by at least a half. The
 * model of a map of the same particles describes it there.
 */
export function likenessToMap(model: GaussianModel, map: Volume, halves: FscCurve): number {
  const size = Math.min(model.boxSize, map.size[0]);
  const { fsc } = fourierShellCorrelation(
    modelDensity(model, { boxSize: size }),
    resizeVolume(map, { size }),
  );
  let last = 1;
  while (last + 1 < Math.min(fsc.length, halves.fsc.length) && halves.fsc[last + 1]! >= 0.5) last++;
  return fsc.subarray(1, last + 1).reduce((sum, value) => sum + value, 0) / last;
}

/** A model of a map like another one: as many Gaussians, the same box, and the finest resolution that it holds. */
export async function modelLike(
  given: GaussianModel,
  map: Volume,
  task: TaskOptions & { seed: number; symmetry: string | undefined },
): Promise<GaussianModel> {
  const { boxSize, count, origin } = given;
  const { model } = await growNeutralModel(map, {
    ...{ ...task, boxSize, gaussians: count },
    resolution: boxLengthOf(given) / ringsOfBox(boxSize),
  });
  return { ...model, ...withOrigin(origin) };
}

/** Steps of the search for a frame. */
const frameSearch = 4;

/**
 * How far a map is turned (degrees) and moved (Å) against a model: the rigid motion of the model that brings it closest to the map,
 * found by Gauss–Newton. Blur, which has no direction, does not matter.
 */
export function frameOf(model: GaussianModel, map: Volume): { angle: number; shift: number } {
  const size = Math.min(model.boxSize, map.size[0]);
  const target = resizeVolume(map, { size }).data;
  let moved = model;
  let rotation = rotationFromVector([0, 0, 0]);
  let shift = [0, 0, 0];
  for (let step = 0; step < frameSearch; step++) {
    const { turn, move } = rigidStep(moved, target, size);
    rotation = product(rotationFromVector(turn), rotation);
    shift = rotated(rotationFromVector(turn), shift).map((x, i) => x + move[i]!);
    moved = withCentres(model, (c) => rotated(rotation, c).map((x, i) => x + shift[i]! / boxLengthOf(model)));
  }
  return {
    angle: (Math.hypot(...vectorFromRotation(rotation)) * 180) / Math.PI,
    shift: Math.hypot(...shift),
  };
}

/** The rotation vector and the shift in Å of the next step: least squares with a scale and the derivatives of the density. */
function rigidStep(
  model: GaussianModel,
  target: Float32Array,
  size: number,
): { turn: Vector3; move: Vector3 } {
  const density = (moved: GaussianModel) => modelDensity(moved, { boxSize: size }).data;
  const boxLength = boxLengthOf(model);
  const columns = [density(model)];
  for (const axis of [0, 1, 2]) {
    for (const [step, move] of [
      [frameStep.rotation, (by: number) => turned(model, axis, by)],
      [frameStep.shift, (by: number) => shifted(model, axis, by / boxLength)],
    ] as const) {
      const [up, down] = [density(move(step)), density(move(-step))];
      columns.push(up.map((value, i) => (value - down[i]!) / (2 * step)));
    }
  }
  const normal = columns.map((a) => columns.map((b) => inner(a, b)));
  const right = Matrix.columnVector(columns.map((a) => inner(a, target)));
  const [scale, ...moves] = solve(new Matrix(normal), right).to1DArray();
  const [turn, move] = [0, 1].map((kind) => [0, 1, 2].map((axis) => moves[2 * axis + kind]! / scale!));
  return { turn: turn as Vector3, move: move as Vector3 };
}

/** Steps of the derivatives, in radians and Å. */
const frameStep = { rotation: 0.01, shift: 0.3 };

function turned(model: GaussianModel, axis: number, angle: number): GaussianModel {
  const rotation = rotationFromVector([0, 1, 2].map((i) => (i === axis ? angle : 0)) as Vector3);
  return withCentres(model, (c) => rotated(rotation, c));
}

function rotated(rotation: ArrayLike<number>, c: readonly number[]): number[] {
  return [0, 1, 2].map((row) => [0, 1, 2].reduce((sum, k) => sum + rotation[3 * row + k]! * c[k]!, 0));
}

function shifted(model: GaussianModel, axis: number, by: number): GaussianModel {
  return withCentres(model, (c) => c.map((x, i) => (i === axis ? x + by : x)));
}

function withCentres(model: GaussianModel, move: (centre: number[]) => number[]): GaussianModel {
  const { count } = model;
  const params = model.params.slice();
  for (let i = 0; i < count; i++) {
    const moved = move([0, 1, 2].map((axis) => params[axis * count + i]!));
    for (const axis of [0, 1, 2]) params[axis * count + i] = moved[axis]!;
  }
  return { ...model, params };
}

function inner(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
