import assert from "node:assert/strict";
import { connect, disconnect } from "tslab-widgets/testing";
import { afterEach, beforeEach, test } from "vitest";
import { subsetSize } from "./drawnPoints";
import { LatentScatter } from "./latentScatter";
import { latents, n, normal, Page, scatterOf } from "./latentScatter.test.helper";
import { maxPairPoints } from "./pairSample";

let page: Page;
beforeEach(() => {
  page = connect(new Page());
});
afterEach(disconnect);

test("particles outside of the range of colours, or without a number, are not selected, until another colour is chosen", async () => {
  const scatter = scatterOf();
  const values = Float32Array.from({ length: n }, (_, i) => (i % 5 === 0 ? Number.NaN : i));
  scatter.setColumn({ name: "score", values });
  scatter.colour = "score";
  page.set({ colourRange: { low: 10, high: 19 } });
  await page.ask({ kind: "select", how: "all", mode: "replace" });
  assert.deepEqual(Array.from(scatter.rows), [11, 12, 13, 14, 16, 17, 18, 19]);
  page.set({ colourRange: { low: null, high: 3 } });
  await page.ask({ kind: "select", how: "all", mode: "replace" });
  assert.deepEqual(Array.from(scatter.rows), [1, 2, 3]);
  scatter.colour = "z1";
  assert.equal(scatter.get("colourRange"), null);
  await page.ask({ kind: "select", how: "all", mode: "replace" });
  assert.equal(scatter.rows.length, n);
});

test("the density behind a subset counts the particles in the range of colours alone", () => {
  const count = 2 * subsetSize + 1;
  const scatter = new LatentScatter({ latents: normal(2 * count), latent: 2 });
  scatter.colour = "row";
  const sum = () => scatter.get("densityCounts").reduce((a, b) => a + b, 0);
  assert.equal(sum(), count);
  scatter.set({ colourRange: { low: 0, high: 999 } });
  assert.equal(sum(), 1000);
});

test("a range of colours whose ends are in the wrong order is refused", () => {
  const scatter = scatterOf();
  assert.throws(() => scatter.set({ colourRange: { low: 2, high: 1 } }), /low below high, found/);
  assert.throws(() => scatter.set({ pairs: "all" as never }), /pairs: expected latent, component or empty/);
});

test("the pair grid has the coordinates of each particle along all latent axes, and is empty when closed", () => {
  const scatter = scatterOf();
  assert.equal(scatter.get("pairPoints").length, 0);
  page.set({ pairs: "latent" });
  assert.deepEqual(Array.from(scatter.get("pairPoints")), Array.from(latents));
  assert.deepEqual(
    scatter.get("pairAxes").map(({ name, weights }) => [name, weights]),
    [
      ["z1", [1, 0, 0]],
      ["z2", [0, 1, 0]],
      ["z3", [0, 0, 1]],
    ],
  );
  page.set({ pairs: "component" });
  scatter.set({ x: "PC 2" });
  scatter.get("pairDrawn").forEach((i, point) => {
    assert.equal(scatter.get("pairPoints")[3 * point + 1], scatter.get("pointsX")[i]);
  });
  page.set({ pairs: "" });
  assert.equal(scatter.get("pairPoints").length, 0);
  const two = new LatentScatter({ latents: normal(20), latent: 2 });
  two.set({ pairs: "latent" });
  assert.deepEqual(two.get("pairAxes"), []);
});

test("of many particles the pair grid has a sample of those that are drawn, which follows the latent coordinates", () => {
  const count = 2 * subsetSize + 1;
  const z = normal(3 * count);
  const scatter = new LatentScatter({ latents: z, latent: 3 });
  scatter.set({ pairs: "latent" });
  const check = (expected: Float32Array) => {
    const [drawn, points, rows] = (["pairDrawn", "pairPoints", "drawnRows"] as const).map((key) =>
      scatter.get(key),
    ) as [Uint32Array, Float32Array, Uint32Array];
    assert.equal(drawn.length, maxPairPoints);
    for (const point of [0, 1, maxPairPoints - 1]) {
      const row = rows[drawn[point]!]!;
      assert.deepEqual(points.slice(3 * point, 3 * point + 3), expected.slice(3 * row, 3 * row + 3));
    }
  };
  check(z);
  const next = normal(3 * count, 4);
  scatter.setLatents(next);
  check(next);
});
