import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../random";
import { movedModel } from "./edit";
import { type GaussianModel, Row } from "./gaussianModel";
import { stateChange } from "./stateChange";

const count = 60;
const boxSize = 32;
const apix = 3;
const boxLength = boxSize * apix;

/** Random Gaussians of equal mass. */
function cloud(): GaussianModel {
  const random = new Random(5);
  const params = new Float32Array(5 * count);
  for (let i = 0; i < 3 * count; i++) params[i] = 0.1 * random.normal();
  params.fill(2, 3 * count, 4 * count);
  params.fill(1, 4 * count);
  return { count, params, boxSize, apix };
}

/** The model with some numbers changed. */
function changed(model: GaussianModel, change: (params: Float32Array) => void): GaussianModel {
  const params = model.params.slice();
  change(params);
  return { ...model, params };
}

describe("change between two states", () => {
  const model = cloud();

  test("a rigid motion of the whole is none if all Gaussians may move", () => {
    const turn = [0, -1, 0, 1, 0, 0, 0, 0, 1];
    const { rms, density } = stateChange(model, movedModel(model, turn, [3, 4, 0]));
    assert.ok(rms < 1e-3, `${rms}`);
    assert.equal(density, 0);
  });

  test("fixed Gaussians hold the frame, and only those that may move count", () => {
    const free = Uint8Array.from({ length: count }, (_, i) => (i < 10 ? 1 : 0));
    const moved = changed(model, (params) => {
      for (let i = 0; i < 10; i++) params[i]! += 6 / boxLength;
    });
    assert.ok(Math.abs(stateChange(model, moved, free).rms - 6) < 1e-4);
    const all = stateChange(model, moved).rms;
    // √(10/60 · 50/60) of 6 Å after the best shift, less with the best rotation.
    assert.ok(all > 1.5 && all < 6 * Math.sqrt(5 / 36), `${all}`);
  });

  test("the density that comes or goes is a fraction of that of both states", () => {
    const without = changed(model, (params) =>
      params.fill(0, Row.amplitude * count, Row.amplitude * count + 20),
    );
    // 20 of 60, over the mean of 60 and 40.
    assert.ok(Math.abs(stateChange(model, without).density - 20 / 50) < 1e-6);
    assert.ok(stateChange(model, without).rms < 1e-4);
  });

  test("models with different numbers of Gaussians are refused", () => {
    const other = { ...model, count: 1, params: new Float32Array(5) };
    assert.throws(() => stateChange(model, other), /Gaussians/);
  });
});
