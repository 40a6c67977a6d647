import assert from "node:assert/strict";
import { test, vi } from "vitest";
import { Random } from "../random";
import { canonicalCorrelations } from "./canonical";

const n = 4000;

test("spaces that are turned, stretched and mirrored have canonical correlations of 1", () => {
  const random = new Random(1);
  const a = Float32Array.from({ length: 2 * n }, () => random.normal());
  const b = Float32Array.from({ length: 2 * n }, (_, k) => {
    const [x, y] = [a[k - (k % 2)]!, a[k - (k % 2) + 1]!];
    return k % 2 === 0 ? 3 * x - 4 * y + 7 : 0.1 * (4 * x + 3 * y);
  });
  for (const r of canonicalCorrelations(a, 2, b, 2)) assert.ok(Math.abs(r - 1) < 1e-6, String(r));
});

test("a common direction with noise has the correlation that its noise allows, the other none", () => {
  const random = new Random(2);
  const common = Float32Array.from({ length: n }, () => random.normal());
  // Signal and noise of the same variance in each: r = 1 / 2
  const space = () =>
    Float32Array.from({ length: 2 * n }, (_, k) =>
      k % 2 === 0 ? common[k >> 1]! + random.normal() : random.normal(),
    );
  const [first, second] = canonicalCorrelations(space(), 2, space(), 2);
  assert.ok(Math.abs(first! - 0.5) < 0.05, String(first));
  assert.ok(second! < 0.08, String(second));
});

test("constant axes count for nothing, and too few points are refused", () => {
  const random = new Random(3);
  const a = Float32Array.from({ length: 100 }, () => random.normal());
  const b = Float32Array.from({ length: 200 }, (_, k) => (k % 2 === 0 ? a[k >> 1]! : 5));
  const found = canonicalCorrelations(a, 1, b, 2);
  assert.equal(found.length, 1);
  assert.ok(Math.abs(found[0]! - 1) < 1e-6);
  assert.deepEqual(canonicalCorrelations(new Float32Array(100), 1, b, 2), []);
  assert.throws(
    () => canonicalCorrelations(a.slice(0, 4), 1, b.slice(0, 8), 2),
    /points: expected 5 or more, found 4/,
  );
  assert.throws(() => canonicalCorrelations(a, 1, b.slice(0, 8), 2), /coordinates: expected of 100 points/);
});

test("of spaces of different dimensions there are as many as the smaller has, in either order, without a word of the library", (t) => {
  const random = new Random(4);
  const a = Float32Array.from({ length: 200 }, () => random.normal());
  const b = Float32Array.from({ length: 600 }, () => random.normal());
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  t.onTestFinished(() => warned.mockRestore());
  const [found, back] = [canonicalCorrelations(a, 1, b, 3), canonicalCorrelations(b, 3, a, 1)];
  assert.equal(found.length, 1);
  assert.equal(back.length, 1);
  assert.ok(Math.abs(found[0]! - back[0]!) < 1e-9, `${found}, ${back}`);
  assert.equal(warned.mock.calls.length, 0);
});
