import assert from "node:assert/strict";
import { test } from "vitest";
import { densityOf, drawnSubset, histogramHeights, maxAllDrawn } from "./drawnPoints";
import { LatentScatter } from "./latentScatter";
import { assertClose, normal } from "./latentScatter.test.helper";
import { frameOf, robustRange } from "./ranges";

test("the drawn subset depends only on the seed and is uniform", () => {
  assert.deepEqual(drawnSubset(1_000_000, 2), drawnSubset(1_000_000, 2));
  assert.notDeepEqual(drawnSubset(1_000_000, 2), drawnSubset(1_000_000, 3));
  assert.equal(drawnSubset(maxAllDrawn, 1).length, 0);
  const rows = drawnSubset(maxAllDrawn + 1, 1);
  assert.ok(rows.at(-1)! <= maxAllDrawn);
  const firstHalf = rows.filter((row) => row < maxAllDrawn / 2).length;
  assert.ok(Math.abs(firstHalf / rows.length - 0.5) < 0.01);
});

test("ranges ignore values that are not finite, and robust ranges also outliers", () => {
  const values = [Number.NaN, 1, 2, 3, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const { low, high } = frameOf(values);
  assertClose([low, high], [0.92, 3.08]);
  const wide = Float32Array.from({ length: 1001 }, (_, i) => (i === 1000 ? 1e6 : i));
  assert.ok(robustRange(wide, 0.01).high < 1000);
  assert.deepEqual(robustRange([4, 4, 4], 0.01), { low: 3.5, high: 4.5 });
  assert.deepEqual(robustRange([], 0.01), { low: 0, high: 1 });
  assert.deepEqual(frameOf([]), { low: -1, high: 1 });
});

test("the density counts points on its grid once and no others", () => {
  const range = { low: 0, high: 256 };
  const counts = densityOf(
    { values: Float32Array.of(0.5, 0.5, 300, Number.NaN), ...range },
    { values: Float32Array.of(1.5, 1.5, 3, 3), ...range },
  );
  assert.equal(counts[256], 2);
  assert.equal(
    counts.reduce((a, b) => a + b, 0),
    2,
  );
});

test("a one-dimensional latent space is drawn as points whose outline is the histogram", () => {
  const z = normal(2000);
  const scatter = new LatentScatter({ latents: z, latent: 1 });
  assert.deepEqual([scatter.x, scatter.y], ["z1", "histogram"]);
  assert.equal(scatter.get("shown")!.y.title, "particles (histogram)");
  assert.ok(scatter.get("shown")!.y.spreads && !scatter.get("shown")!.x.spreads);
  assert.ok(!scatter.get("colours").some(({ name }) => name === "histogram"));
  const { pointsY } = scatter.state;
  assert.deepEqual(pointsY, histogramHeights(z, 1));
  const highest = (low: number, high: number) =>
    pointsY.reduce((most, height, i) => (z[i]! >= low && z[i]! < high ? Math.max(most, height) : most), 0);
  assert.ok(pointsY.every((height) => height >= 0));
  // The density of a normal distribution at 2 is 0.135 of that at 0
  const ratio = highest(1.9, 2.1) / highest(-0.1, 0.1);
  assert.ok(ratio > 0.08 && ratio < 0.25, String(ratio));
});

test("histograms of equal values and of values that are not finite are possible", () => {
  assert.ok(histogramHeights([2, 2, 2, 2], 1).every((height) => height >= 0 && height <= 4));
  assert.deepEqual(Array.from(histogramHeights([Number.NaN], 1)), [Number.NaN]);
  assert.equal(histogramHeights([], 1).length, 0);
  assert.deepEqual([...histogramHeights([2, 2, 2, 2], 1)].map(Math.floor).sort(), [0, 1, 2, 3]);
});
