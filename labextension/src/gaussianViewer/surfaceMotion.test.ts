import assert from "node:assert/strict";
import { test } from "vitest";
import { motionAt } from "./surfaceMotion.js";

const box = { boxSize: 50, apix: 2 };
/** [5N] of Gaussians at places in Å. */
const state = (...places: readonly (readonly [number, number, number])[]) =>
  Float32Array.from([
    ...[0, 1, 2].flatMap((axis) => places.map((place) => place[axis]! / 100)),
    ...places.map(() => 1),
    ...places.map(() => 1.5),
  ]);

test("a surface takes the displacements of the Gaussians near it, by their density", () => {
  const from = state([0, 0, 0], [20, 0, 0], [40, 0, 0]);
  const to = state([0, 0, 0], [20, 0, 6], [40, 8, 0]);
  const [still, moved, between, far] = motionAt(
    Float32Array.from([0, 1, 0, 20, 0, 5, 30, 4, 3, -90, 80, 70]),
    from,
    to,
    box,
  ) as unknown as [number, number, number, number];
  assert.ok(Math.abs(still) < 1e-6 && Math.abs(moved - 6) < 1e-5, `${still}, ${moved}`);
  assert.ok(between >= 6 && between <= 8, String(between));
  assert.equal(far, 0, "out of reach: that of the nearest");
});

test("the density decides between Gaussians that overlap, as in a sum over all of them", () => {
  const count = 300;
  const random = (seed: number) => (Math.sin(12.9898 * seed) * 43758.5453) % 1;
  const places = Array.from({ length: count }, (_, i) =>
    [0, 1, 2].map((axis) => 30 * random(3 * i + axis + 1)),
  );
  const from = state(...(places as [number, number, number][]));
  const to = state(...places.map(([x, y, z]) => [x! + 2 + y! / 10, y!, z!] as [number, number, number]));
  const vertex = [1, 2, 3];
  const [found] = motionAt(Float32Array.from(vertex), from, to, box);
  const variance = 3 ** 2 + 2 ** 2;
  let [sum, weights] = [0, 0];
  for (let i = 0; i < count; i++) {
    const squared = [0, 1, 2].reduce((s, axis) => s + (100 * to[axis * count + i]! - vertex[axis]!) ** 2, 0);
    if (squared > 2.5 ** 2 * variance) continue;
    const weight = Math.exp(-squared / (2 * variance));
    sum += weight * 100 * Math.abs(to[i]! - from[i]!);
    weights += weight;
  }
  assert.ok(Math.abs(found! - sum / weights) < 1e-4, `${found}, ${sum / weights}`);
});
