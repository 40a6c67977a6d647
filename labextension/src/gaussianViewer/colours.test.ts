import assert from "node:assert/strict";
import { test } from "vitest";
import { colourAt, colourGaussians, joinedLegends, type Legend, scales } from "./colours.js";

const neutral = Float32Array.of(0, 0.1, 0, 0, 0, 0, 1, 0.5, 1, 1);
const input = {
  boxSize: 50,
  apix: 2,
  origin: { state: neutral, name: "neutral" },
  gaussians: neutral,
  free: new Uint8Array(),
  region: Uint8Array.of(0, 1),
};

test("the lightness of each scale rises or falls along it, or away from its middle", () => {
  const lightness = (scale: readonly string[]) =>
    scale.map((_, i) => {
      const [r, g, b] = colourAt(scale, i / (scale.length - 1));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    });
  for (const scale of [
    scales.amount,
    scales.motion,
    scales.resolution,
    scales.change.slice(0, 3),
    scales.change.slice(2),
  ]) {
    const steps = lightness(scale)
      .slice(1)
      .map((value, i) => Math.sign(value - lightness(scale)[i]!));
    assert.equal(new Set(steps.slice(1)).size, 1, `${scale.join(" ")}: ${steps.join(" ")}`);
  }
});

test("colours are interpolated between stops and clamped at the ends", () => {
  assert.deepEqual(colourAt(["#000000", "#ffffff"], 0.5), [0.5, 0.5, 0.5]);
  assert.deepEqual(colourAt(["#000000", "#ffffff"], 7), [1, 1, 1]);
  assert.deepEqual(colourAt(["#000000", "#ffffff"], Number.NaN), [0, 0, 0]);
});

test("the scale of displacements grows with the motion and never shrinks, so that a state keeps its colours", () => {
  const ends = { displacement: 1, change: 5 };
  const far = neutral.slice();
  far[1] = 0.3;
  const legendOf = (gaussians: Float32Array) =>
    colourGaussians({ ...input, gaussians, colourBy: "displacement" }, ends).legend;
  const high = (legend: ReturnType<typeof legendOf>) => (legend?.kind === "scale" ? legend.high : undefined);
  assert.equal(high(legendOf(neutral)), 1);
  assert.equal(high(legendOf(far)), 20);
  assert.equal(high(legendOf(neutral)), 20);
});

test("amplitude change is measured against the largest amplitude, with no change in the middle", () => {
  const ends = { displacement: 1, change: 5 };
  const less = neutral.slice();
  less[6] = 0.8;
  const { colours, legend } = colourGaussians(
    { ...input, gaussians: less, colourBy: "amplitude change" },
    ends,
  );
  assert.ok(legend?.kind === "scale" && legend.low === -20 && legend.high === 20);
  const [first, second] = [colours.subarray(0, 3), colours.subarray(3)];
  const near = (a: ArrayLike<number>, b: readonly number[]) => b.every((v, c) => Math.abs(v - a[c]!) < 1e-3);
  assert.ok(near(first, colourAt(scales.change, 0)));
  assert.ok(near(second, colourAt(scales.change, 0.5)));
});

test("the region has a colour of its own, and without flags all Gaussians count as free", () => {
  const ends = { displacement: 1, change: 5 };
  const region = colourGaussians({ ...input, colourBy: "region" }, ends).colours;
  assert.notDeepEqual([...region.subarray(0, 3)], [...region.subarray(3)]);
  const free = colourGaussians({ ...input, colourBy: "free" }, ends).colours;
  assert.deepEqual([...free.subarray(0, 3)], [...free.subarray(3)]);
});

test("a picture beside the main one adds the scales that only it has", () => {
  const scale = (title: string): Legend => ({ kind: "scale", title, scale: scales.amount, low: 0, high: 1 });
  const key: Legend = { kind: "key", entries: [] };
  const joined = joinedLegends(
    [scale("Motion (Å)"), key],
    [scale("Motion (Å)"), scale("Local resolution (Å)"), key],
  );
  assert.deepEqual(joined, [scale("Motion (Å)"), key, scale("Local resolution (Å)")]);
});
