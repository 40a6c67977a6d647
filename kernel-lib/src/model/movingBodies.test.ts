import assert from "node:assert/strict";
import { test } from "vitest";
import { Random } from "../random";
import { emptyModel, type GaussianModel } from "./gaussianModel";
import { indicesOf, motionOf, movingBodies } from "./movingBodies";

/** Two domains of 60 and 40 Gaussians, side by side; the box is 100 Å. */
const sizes = [60, 40] as const;

function molecule(): GaussianModel {
  const random = new Random(5);
  const model = emptyModel(sizes[0] + sizes[1], 50, 2);
  for (let i = 0; i < model.count; i++) {
    const second = i >= sizes[0];
    for (let axis = 0; axis < 3; axis++)
      model.params[axis * model.count + i] =
        (axis === 2 ? (second ? 0.17 : -0.12) : 0) + 0.1 * (random.uniform() - 0.5) * (axis === 2 ? 2 : 1.5);
    model.params[3 * model.count + i] = 1;
    model.params[4 * model.count + i] = 1;
  }
  return model;
}

/** Turns the second domain about y through the middle of the box, by degrees. */
function turned(model: GaussianModel, degrees: number, noise = 0): GaussianModel {
  const { count } = model;
  const random = new Random(degrees + 100);
  const params = model.params.slice();
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  for (let i = sizes[0]; i < count; i++) {
    const [x, z] = [model.params[i]!, model.params[2 * count + i]!];
    params[i] = c * x + s * z;
    params[2 * count + i] = c * z - s * x;
  }
  for (let i = 0; i < 3 * count; i++) params[i]! += noise * random.normal();
  return { ...model, params };
}

test("a domain that turns is found as a body, to a Gaussian at its border, though near its axis it hardly moves", () => {
  const model = molecule();
  const states = [-20, -10, 12, 25].map((degrees) => turned(model, degrees, 0.003));
  const { labels, motion, left } = movingBodies(model, states, 2);
  const wrong = Array.from(labels).filter((label, i) => label !== (i < sizes[0] ? 0 : 1)).length;
  assert.ok(wrong <= 2, `${wrong} Gaussians are in the wrong body`);
  // 0.003 box units of noise are 0.3 Å on each axis
  assert.ok(motion[0]! < 0.8 && motion[1]! > 4, `motions ${motion}`);
  assert.ok(left[1]! < 0.8, `left over ${left}`);
});

test("the motion of some Gaussians is their root mean square displacement by mass", () => {
  const model = molecule();
  const states = [turned(model, 30), turned(model, -30)];
  const second = indicesOf(
    Array.from({ length: model.count }, (_, i) => (i < sizes[0] ? 0 : 1)),
    1,
  );
  const chord = 2 * Math.sin((15 * Math.PI) / 180);
  const expected = Math.sqrt(
    second.reduce(
      (sum, i) =>
        sum + (100 * chord) ** 2 * (model.params[i]! ** 2 + model.params[2 * model.count + i]! ** 2),
      0,
    ) / second.length,
  );
  assert.ok(Math.abs(motionOf(model, states, second) - expected) < 1e-3);
  assert.equal(motionOf(model, states, indicesOf([0, 0], 0)), 0);
  assert.equal(motionOf(model, states, []), 0);
});

test("numbers of bodies that cannot be are refused", () => {
  const model = molecule();
  assert.throws(
    () => movingBodies(model, [model], 1),
    /bodies: expected a whole number from 2 to 8, found 1/,
  );
  assert.throws(() => movingBodies(emptyModel(7, 50, 2), [model], 2), /four Gaussians for each of 2 bodies/);
  assert.throws(() => movingBodies(model, [], 2), /states: expected one state or more/);
});
