import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { rotationFromVector } from "../optics/pose";
import { Random } from "../random";
import { movedModel } from "./edit";
import { emptyModel, type GaussianModel, Row, type Vector3 } from "./gaussianModel";
import { regionMotion } from "./regionMotion";

/** A block of Gaussians around (0.15, 0.05, 0), in a box of 100 Å. */
function block(seed = 1, count = 40): GaussianModel {
  const model = emptyModel(count, 50, 2);
  const random = new Random(seed);
  const [middle, half] = [
    [0.15, 0.05, 0],
    [0.12, 0.05, 0.04],
  ];
  for (let i = 0; i < count; i++) {
    for (let a = 0; a < 3; a++)
      model.params[a * count + i] = middle[a]! + half[a]! * (2 * random.uniform() - 1);
    model.params[Row.amplitude * count + i] = 0.5 + random.uniform();
    model.params[Row.sigma * count + i] = 1.5;
  }
  return model;
}

const everything = Int32Array.from({ length: 40 }, (_, i) => i);

/** Turned by `degrees` about an axis through `point` (Å), and shifted along it. */
function screwed(
  model: GaussianModel,
  degrees: number,
  motion: { axis: Vector3; point: Vector3; along: number },
) {
  const { axis, point, along } = motion;
  const turn = axis.map((x) => (x * degrees * Math.PI) / 180) as Vector3;
  const rotation = rotationFromVector(turn);
  const shift = point.map((p, a) => {
    const turned = point.reduce((sum, x, k) => sum + rotation[3 * a + k]! * x, 0);
    return p - turned + along * axis[a]!;
  }) as Vector3;
  return movedModel(model, rotation, shift);
}

const near = (found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string) =>
  Array.from(expected).forEach((x, i) => {
    assert.ok(
      Math.abs(found[i]! - x) <= tolerance,
      `${what}: ${Array.from(found)}, not ${Array.from(expected)}`,
    );
  });

const axis: Vector3 = [2 / 3, -1 / 3, 2 / 3];

describe("a region's motion", () => {
  test.for(["density", "centres"] as const)("is the screw that moved it, by %s", (by) => {
    const from = block();
    const to = screwed(from, 11, { axis, point: [4, 10, -3], along: 2.5 });
    const found = regionMotion(from, to, everything, { by });
    near([found.angle], [11], 1e-3, "angle");
    near(found.axis, axis, 1e-4, "axis");
    near([found.translation], [2.5], 1e-3, "translation");
    // The found point lies on the true axis.
    const off = found.axisPoint!.map((x, a) => x - [4, 10, -3][a]!);
    const along = off.reduce((sum, x, a) => sum + x * axis[a]!, 0);
    near(
      off.map((x, a) => x - along * axis[a]!),
      [0, 0, 0],
      0.02,
      "point",
    );
    assert.ok(found.rmsd < 1e-3 && found.size > 2);
  });

  test("against a reference leaves out what the reference shares", () => {
    const from = block();
    const still = Int32Array.from({ length: 20 }, (_, i) => i);
    const region = Int32Array.from({ length: 20 }, (_, i) => i + 20);
    const turned = screwed(from, 8, { axis, point: [0, 0, 0], along: 0 });
    const to = { ...from, params: from.params.slice() };
    for (const i of region) for (let a = 0; a < 3; a++) to.params[a * 40 + i] = turned.params[a * 40 + i]!;
    const drifted = screwed(to, 20, { axis: [0, 0, 1], point: [9, 0, 0], along: 4 });
    near([regionMotion(from, drifted, region, { reference: still }).angle], [8], 1e-3, "angle");
    assert.ok(regionMotion(from, drifted, region).angle > 15);
  });

  test("is that of its density where Gaussians have changed places", () => {
    const from = block();
    const turned = screwed(from, 8, { axis: [0, 0, 1], point: [0, 0, 0], along: 0 });
    // The first Gaussians take the places of the next ones: the same density.
    const params = turned.params.slice();
    for (let row = 0; row < 5; row++)
      for (let i = 0; i < 10; i++) params[row * 40 + i] = turned.params[row * 40 + ((i + 1) % 10)]!;
    const to = { ...turned, params };
    const free = { mostLeft: Number.POSITIVE_INFINITY };
    near([regionMotion(from, to, everything, free).angle], [8], 0.3, "by density");
    assert.ok(Math.abs(regionMotion(from, to, everything, { ...free, by: "centres" }).angle - 8) > 0.5);
  });

  test("is refused for a region that is no rigid body, and not for one that stands still", () => {
    const from = block();
    const to = { ...from, params: from.params.slice() };
    // The halves part.
    for (let i = 0; i < 40; i++) to.params[40 + i]! += i % 2 ? 0.05 : -0.05;
    assert.throws(
      () => regionMotion(from, to, everything),
      /^InputError: region: expected a rigid body, of whose motion at most 50 % is left, found \d\.\d\d Å left of a motion of 5\.00 Å$/,
    );
    assert.ok(regionMotion(from, to, everything, { mostLeft: 2 }).rmsd > 3);
    const still = regionMotion(from, from, everything);
    assert.ok(still.angle < 1e-3 && still.axisPoint === undefined && still.size === 0);
  });

  test("needs three Gaussians that exist", () => {
    assert.throws(
      () => regionMotion(block(), block(), [0, 1]),
      /region: expected three Gaussians or more, found 2/,
    );
    assert.throws(
      () => regionMotion(block(), block(), [0, 1, 40]),
      /region: expected indices .* 39, found 40/,
    );
    const nowhere = { centre: [-0.4, -0.4, -0.4] as const, radius: 0.05 };
    assert.throws(() => regionMotion(block(), block(), nowhere), /region: .*found 0/);
  });
});
