import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { emptyModel, type GaussianModel, pickGaussians, Row } from "../../model/gaussianModel";
import { Random } from "../../random";
import { compareChange, compareChanges } from "./changes";

/** Gaussians evenly in a ball of 0.25 box units. @param seed other Gaussians of the same ball */
function ball(seed: number, count = 300): GaussianModel {
  const random = new Random(seed);
  const model = emptyModel(count, 32, 3);
  for (let i = 0; i < count; ) {
    const p = [0, 1, 2].map(() => 0.5 * random.uniform() - 0.25);
    if (Math.hypot(...p) > 0.25) continue;
    for (const axis of [0, 1, 2]) model.params[axis * count + i] = p[axis]!;
    model.params[Row.amplitude * count + i] = 300 / count;
    model.params[Row.sigma * count + i] = 1.6;
    i++;
  }
  return model;
}

/** The ball with the part at x > 0.08 (or another side) changed by `change`. */
function changed(
  model: GaussianModel,
  side: (x: number, y: number) => boolean,
  change: (params: Float32Array, i: number, n: number) => void,
): GaussianModel {
  const params = model.params.slice();
  const n = model.count;
  for (let i = 0; i < n; i++) if (side(params[i]!, params[n + i]!)) change(params, i, n);
  return { ...model, params };
}

const right = (x: number) => x > 0.08;
const left = (x: number) => x < -0.08;
const up = (params: Float32Array, i: number, n: number) => {
  params[n + i]! += 0.05;
};
const gone = (params: Float32Array, i: number, n: number) => {
  params[Row.amplitude * n + i] = 0.1;
};

describe("a change in two models with other Gaussians", () => {
  const [first, second] = [ball(1), ball(2, 240)];
  const change = (
    model: GaussianModel,
    ...how: Parameters<typeof changed> extends [unknown, ...infer R] ? R : never
  ) => ({
    from: model,
    to: changed(model, ...how),
  });

  test("is the same motion of the same region", () => {
    const found = compareChange(change(first, right, up), change(second, right, up));
    assert.ok(found.motion > 0.85, `${found.motion}`);
    assert.ok(found.region > 0.85, `${found.region}`);
    assert.ok(found.density > 0.6, `${found.density}`);
    const [a, b] = found.sizes;
    assert.ok(a > 1 && Math.abs(a - b) < 0.2 * a, `${a} and ${b} Å`);
  });

  test("of another region, or in the opposite direction, is another one", () => {
    const other = compareChange(change(first, right, up), change(second, left, up));
    assert.ok(other.motion < 0.3 && other.density < 0.3, JSON.stringify(other));
    const { from, to } = change(second, right, up);
    const opposite = compareChange(change(first, right, up), { from: to, to: from });
    assert.ok(opposite.motion < -0.6 && opposite.density < -0.5, JSON.stringify(opposite));
  });

  test("a rigid motion of the whole in one of them does not count", () => {
    const { from, to } = change(second, right, up);
    const shifted = changed(
      to,
      () => true,
      (params, i) => {
        params[i]! += 0.03;
      },
    );
    const found = compareChange(change(first, right, up), { from, to: shifted });
    assert.ok(found.motion > 0.85, `${found.motion}`);
  });

  test("of composition agrees in the density, without motion", () => {
    const found = compareChange(change(first, right, gone), change(second, right, gone));
    assert.ok(found.density > 0.85, `${found.density}`);
    assert.ok(found.sizes.every((size) => size < 1e-6) && found.motion === 0);
    assert.ok(found.masses.every((mass) => mass > 0.3));
    const other = compareChange(change(first, right, gone), change(second, left, gone));
    assert.ok(other.density < 0.2, `${other.density}`);
  });

  test("the order of Gaussians does not matter", () => {
    const order = new Random(4).permutation(first.count);
    const { from, to } = change(first, right, up);
    const found = compareChange(
      { from, to },
      { from: pickGaussians(from, order), to: pickGaussians(to, order) },
    );
    const same = compareChange({ from, to }, { from, to });
    assert.ok(Math.abs(found.motion - same.motion) < 1e-6 && found.density > 0.9999, JSON.stringify(found));
  });

  test("along a matched axis is the same only if as much moves as far, and is named by its axis", () => {
    const n = 100;
    const along = Float64Array.from({ length: n }, (_, i) => (i - (n - 1) / 2) / 29);
    const moving = (model: GaussianModel, length: number) => ({
      decode: (z: ArrayLike<number>) =>
        changed(model, right, (params, i, count) => {
          params[count + i]! += length * z[0]!;
        }),
    });
    const compared = (length: number, flipped = 1) =>
      compareChanges({
        decoders: [moving(first, 0.02), moving(second, flipped * length)],
        placed: {
          ...{ first: Float32Array.from(along), firstAxes: 1 },
          ...{ second: Float32Array.from(along, (x) => flipped * x), secondAxes: 1 },
        },
        matched: [{ axis: 3, first: along, second: along }],
      })[0]!;
    assert.deepEqual([compared(0.02).axis, compared(0.02).same], [3, true]);
    assert.equal(compared(0.02, -1).same, true, "an axis of the other sign is the same axis");
    assert.equal(compared(0.05).same, false, "more than twice as far");
    assert.equal(compared(-0.02).same, false, "the other way");
  });
});
