import assert from "node:assert/strict";
import type { ChosenGaussians, MaskShape } from "e2gmm/messages/maskShapes";
import { test } from "vitest";
import { frontGaussian, gaussiansAround } from "./brushHit.js";
import { paintedShapes } from "./paintedShapes.js";

/** Four Gaussians; the second lies behind the first. */
const places = Float32Array.of(0, 0, -5, 1, 0, 5, 12, 0, 0, 40, 0, 0);
/** Two CSS pixels for each Å, from along −z. */
const view = {
  project: ([x, y]: readonly [number, number, number]) => ({ x: 100 + 2 * x, y: 100 - 2 * y }),
  depth: ([, , z]: readonly [number, number, number]) => z,
};
const reach = Float32Array.of(4, 4, 4, 30);

test("the brush meets the foremost Gaussian under it, and none beside the molecule", () => {
  assert.equal(frontGaussian(places, reach, view, { x: 101, y: 100 }), 0);
  assert.equal(frontGaussian(places, reach, view, { x: 130, y: 100 }), 2);
  assert.equal(frontGaussian(places, reach, view, { x: 205, y: 100 }), 3);
  assert.equal(frontGaussian(places, reach, view, { x: 100, y: 150 }), undefined);
});

test("it takes all Gaussians within its radius", () => {
  assert.deepEqual(gaussiansAround(places, 0, 11), [0, 1]);
  assert.deepEqual(gaussiansAround(places, 0, 13), [0, 1, 2]);
});

test("strokes of one mode are one shape; another mode, or a shape between them, begins a new one", () => {
  const first = paintedShapes([], "add", [5, 3])!;
  assert.deepEqual(first, [{ kind: "gaussians", mode: "add", name: "painted", indices: [3, 5] }]);
  const second = paintedShapes(first, "add", [4, 5])!;
  assert.deepEqual((second[0] as ChosenGaussians).indices, [3, 4, 5]);
  assert.equal(paintedShapes(second, "add", [3, 4]), undefined);
  const erased = paintedShapes(second, "subtract", [4])!;
  assert.deepEqual(
    erased.map(({ mode }) => mode),
    ["add", "subtract"],
  );
  const sphere: MaskShape = { kind: "sphere", mode: "add", centre: [0, 0, 0], radius: 5 };
  assert.equal(paintedShapes([...second, sphere], "add", [9])!.length, 3);
  assert.equal(paintedShapes([], "subtract", [1]), undefined);
});
