import assert from "node:assert/strict";
import { test } from "vitest";
import { tubeMesh } from "./tube.js";

/** A quarter of a circle of 20 Å, then a straight piece apart from it, then a point alone. */
const points = Float32Array.from([
  ...Array.from({ length: 6 }, (_, i) => [
    20 * Math.cos((i * Math.PI) / 10),
    20 * Math.sin((i * Math.PI) / 10),
    0,
  ]).flat(),
  ...[50, 0, 0, 50, 0, 5, 50, 0, 10],
  ...[90, 0, 0],
]);
const links = Uint8Array.of(1, 1, 1, 1, 1, 0, 1, 1, 0, 0);
const mesh = tubeMesh({ points, links, radius: 1.5, colourOf: (i) => (i < 6 ? [1, 0, 0] : [0, 0, 1]) });
const vertex = (v: number) => [0, 1, 2].map((axis) => mesh.position[3 * v + axis]!);

test("the tube passes through its points, with its radius everywhere", () => {
  for (let v = 0; v < mesh.position.length / 3; v++) {
    const [x, y, z] = vertex(v) as [number, number, number];
    const fromCircle = Math.hypot(Math.hypot(x, y) - 20, z);
    const fromLine = Math.hypot(x - 50, y);
    const distance = mesh.color[3 * v] === 1 ? fromCircle : fromLine;
    // A spline through points 6 Å apart is no exact circle, least so at its ends
    assert.ok(Math.abs(distance - 1.5) < 0.15, `vertex ${v} is ${distance} Å from the middle`);
  }
});

test("normals have length 1 and point away from the middle", () => {
  for (let v = 0; v < mesh.normal.length / 3; v++) {
    const normal = [0, 1, 2].map((axis) => mesh.normal[3 * v + axis]!);
    assert.ok(Math.abs(Math.hypot(...normal) - 1) < 1e-5);
    if (mesh.color[3 * v] === 1) continue;
    const [x, y] = vertex(v) as [number, number];
    assert.ok((x - 50) * normal[0]! + y * normal[1]! > 1.4);
  }
});

test("no triangle spans a gap, and a point alone has none", () => {
  assert.ok(mesh.index.length > 0);
  for (let t = 0; t < mesh.index.length; t += 3) {
    const reds = [0, 1, 2].map((k) => mesh.color[3 * mesh.index[t + k]!]!);
    assert.equal(new Set(reds).size, 1);
  }
  assert.ok(mesh.position.every((value, k) => k % 3 !== 0 || value < 60));
});
