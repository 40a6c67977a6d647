import assert from "node:assert/strict";
import { connect, disconnect } from "tslab-widgets/testing";
import { afterEach, beforeEach, test } from "vitest";
import { histogramBins } from "./drawnPoints";
import { LatentScatter } from "./latentScatter";
import { latents, n, normal, Page, scatterOf } from "./latentScatter.test.helper";

beforeEach(() => {
  connect(new Page());
});
afterEach(disconnect);

const deviations = new Float32Array(3 * n).fill(0.4);

test("over the histogram of the only axis the population is a curve with the area of the histogram", () => {
  const one = normal(500);
  const scatter = new LatentScatter({ latents: one, latent: 1, deviations: new Float32Array(500).fill(0.5) });
  const { population, populationKnown, populationLines } = scatter.state;
  assert.ok(population && populationKnown);
  let area = 0;
  for (let i = 2; i < populationLines.length; i += 2) {
    assert.ok(populationLines[i]! > populationLines[i - 2]!, "places ascend");
    area += (populationLines[i]! - populationLines[i - 2]!) * populationLines[i + 1]!;
  }
  const expected = 500 * histogramBins(one).width;
  assert.ok(Math.abs(area / expected - 1) < 0.03, `${area} of ${expected}`);
  scatter.set({ x: "histogram", y: "z1" });
  assert.deepEqual(
    scatter.state.populationLines.filter((_, i) => i % 2 === 1),
    populationLines.filter((_, i) => i % 2 === 0),
  );
  const [, drawn = ""] = /base64,([^"]*)"/.exec(String(scatter.picture().html)) ?? [];
  assert.ok(/<path d="M[^"]*L[^"]*" fill="none"/.test(Buffer.from(drawn, "base64").toString()));
});

test("over two axes there are outlines if asked for, and none over other axes or without errors", () => {
  const scatter = scatterOf({ deviations });
  assert.deepEqual([scatter.state.population, scatter.state.populationKnown], [false, true]);
  assert.equal(scatter.state.populationLines.length, 0);
  scatter.set({ population: true });
  const { populationLines } = scatter.state;
  assert.ok(populationLines.some(Number.isNaN), "outlines of a half and of 95 %");
  const gap = populationLines.findIndex(Number.isNaN);
  assert.deepEqual(
    [...populationLines.subarray(gap - 2, gap)],
    [...populationLines.subarray(0, 2)],
    "closed",
  );
  scatter.set({ x: "PC 1" });
  assert.deepEqual([scatter.state.populationKnown, scatter.state.populationLines.length], [false, 0]);
  scatter.set({ x: "z1" });
  assert.deepEqual(scatter.state.populationLines, populationLines);
  scatter.setLatents(latents);
  assert.equal(scatter.state.populationKnown, false);
});
