import assert from "node:assert/strict";
import type { SolidShape } from "e2gmm/messages/maskShapes";
import { test } from "vitest";
import type { Vector } from "../../stage/geometry.js";
import { dragged, handlesOf, nudged, type Project, resized, ScreenAxes } from "./handleGeometry.js";

/** A picture that looks along −z with 4 pixels per Å, or one that is turned by 60° about y. */
const straight: Project = ([x, y]) => ({ x: 200 + 4 * x, y: 100 - 4 * y });
const [c, s] = [Math.cos(Math.PI / 3), Math.sin(Math.PI / 3)];
const turned: Project = ([x, y, z]) => ({ x: 200 + 4 * (c * x + s * z), y: 100 - 4 * y });

const sphere: SolidShape = { kind: "sphere", mode: "add", centre: [1, 2, 3], radius: 10 };
const box: SolidShape = { kind: "box", mode: "add", centre: [0, 0, 0], size: [10, 20, 30] };
const near = (found: readonly number[], expected: readonly number[]) =>
  assert.ok(
    found.every((value, k) => Math.abs(value - expected[k]!) < 1e-9),
    `${found} is not ${expected}`,
  );

test("a handle that is dragged is under the pointer again, however the molecule is turned", () => {
  for (const project of [straight, turned]) {
    const [middle, radius] = handlesOf([sphere], project);
    const axes = new ScreenAxes(project, sphere.centre);
    const from = project(middle!.place);
    const moved = dragged(sphere, middle!, axes, [12, -20]);
    const to = project(moved.centre);
    near([to.x - from.x, to.y - from.y], [12, -20]);
    const wider = dragged(sphere, radius!, axes, [8, 0]) as typeof sphere & { radius: number };
    assert.ok(Math.abs(wider.radius - 12) < 1e-9);
    near(wider.centre, sphere.centre);
  }
});

test("a face of a box follows the pointer along its axis, and the opposite face stays", () => {
  const faces = handlesOf([box], turned).slice(1);
  assert.equal(faces.length, 6);
  for (const face of faces) {
    const { axis, side } = face.grip as { axis: 0 | 1 | 2; side: 1 | -1 };
    const outward = [0, 1, 2].map((k) => (k === axis ? 3 * side : 0)) as unknown as Vector;
    const [a, b] = [
      turned(face.place),
      turned(face.place.map((v, k) => v + outward[k]!) as unknown as Vector),
    ];
    const moved = dragged(box, face, new ScreenAxes(turned, face.place), [b.x - a.x, b.y - a.y]);
    assert.equal(moved.kind, "box");
    const { size, centre } = moved as Extract<SolidShape, { kind: "box" }>;
    near(
      size,
      (box as typeof moved & { size: Vector }).size.map((edge, k) => edge + (k === axis ? 3 : 0)),
    );
    const opposite = centre[axis]! - (side * size[axis]!) / 2;
    assert.ok(Math.abs(opposite + (side * [10, 20, 30][axis]!) / 2) < 1e-9);
  }
});

test("an axis that points at the viewer is not moved by the pointer", () => {
  const axes = new ScreenAxes(straight, [0, 0, 0]);
  assert.equal(axes.along(2, 50, 50), 0);
});

test("sizes stay above 0, and chosen Gaussians have no handles", () => {
  assert.equal((resized(sphere, "radius", -100) as { radius: number }).radius, 0.1);
  const flat = resized(box, { axis: 1, side: 1 }, -100) as Extract<SolidShape, { kind: "box" }>;
  near(flat.size, [10, 0.1, 30]);
  near(flat.centre, [0, -9.95, 0]);
  assert.deepEqual(
    handlesOf([{ kind: "gaussians", mode: "add", name: "chain A", indices: [0] }], straight),
    [],
  );
});

test("keys move a shape right, up and away in the picture", () => {
  near(nudged(sphere, new ScreenAxes(straight, sphere.centre), [1, 0, 0]).centre, [2, 2, 3]);
  near(nudged(sphere, new ScreenAxes(straight, sphere.centre), [0, 5, 0]).centre, [1, 7, 3]);
  near(nudged(sphere, new ScreenAxes(straight, sphere.centre), [0, 0, 1]).centre, [1, 2, 2]);
  near(nudged(sphere, new ScreenAxes(turned, sphere.centre), [1, 0, 0]).centre, [1 + c, 2, 3 + s]);
});
