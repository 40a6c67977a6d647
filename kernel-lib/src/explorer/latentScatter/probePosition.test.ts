import assert from "node:assert/strict";
import { connect, disconnect } from "tslab-widgets/testing";
import { afterEach, beforeEach, test } from "vitest";
import { along, nearestWithCoordinates } from "./latentGeometry";
import { LatentScatter } from "./latentScatter";
import { assertClose, latents, normal, Page, scatterOf } from "./latentScatter.test.helper";

let page: Page;
beforeEach(() => {
  page = connect(new Page());
});
afterEach(disconnect);

test("a dragged probe takes the requested coordinates and keeps those that the axes do not show", () => {
  const scatter = scatterOf();
  scatter.probe = [0.1, 0.2, 0.7];
  const heard: (readonly number[])[] = [];
  scatter.observe("probe", (probe) => heard.push(probe));
  page.set({ probeTo: { z1: 0.5, z2: -0.25 } });
  assert.deepEqual(scatter.probe, [0.5, -0.25, 0.7]);
  assert.deepEqual(heard, [[0.5, -0.25, 0.7]]);
  // One small message beside the echo for every move of the pointer
  const update = page.sent.at(-1)!.data;
  assert.deepEqual(Object.keys(update["state"] as object), ["probe", "probePlace", "sliderValues"]);
  page.set({ probeTo: { z3: 0.1 } });
  assertClose(scatter.probe, [0.5, -0.25, 0.1], 1e-12);
});

test("along principal components the probe moves in their directions only", () => {
  const scatter = scatterOf();
  scatter.set({ x: "PC 1", y: "PC 3" });
  const before = scatter.state.sliderValues;
  page.set({ probeTo: { "PC 1": 1.5, "PC 3": -0.5 } });
  assertClose(scatter.state.probePlace, [1.5, -0.5], 1e-9);
  assertClose(scatter.state.sliderValues, before, 1e-9);
  assert.deepEqual(
    scatter.state.sliders.map(({ name }) => name),
    ["PC 2"],
  );
});

test("along a column the probe moves to the nearest particle", () => {
  const scatter = scatterOf();
  scatter.set({ x: "defocus", y: "z1" });
  const row = 123;
  page.set({ probeTo: { defocus: 1000 + row + 0.01, z1: latents[3 * row]! } });
  assert.deepEqual(scatter.probe, Array.from(latents.subarray(3 * row, 3 * row + 3)));
  assertClose(scatter.state.probePlace, [1000 + row, latents[3 * row]!]);
  // A probe that is set by code is shown at the nearest particle
  scatter.probe = Array.from(latents.subarray(30, 33), (x) => x + 1e-4);
  assertClose([scatter.state.probePlace[0]!], [1010]);
});

test("nearestWithCoordinates makes the smallest step, also along axes that are not orthogonal", () => {
  const a = { weights: Float64Array.of(1, 1, 0), offset: 1 };
  const b = { weights: Float64Array.of(0, 1, 1), offset: -2 };
  const z = [0.3, -0.2, 0.9];
  const moved = nearestWithCoordinates(z, [
    { axis: a, value: 4 },
    { axis: b, value: 0 },
  ]);
  assertClose([along(a, moved), along(b, moved)], [4, 0], 1e-12);
  // The step is orthogonal to (1, −1, 1), along which neither coordinate changes
  const step = moved.map((x, d) => x - z[d]!);
  assertClose([step[0]! - step[1]! + step[2]!], [0], 1e-12);
});

test("contradicting coordinates along one axis are met in the middle", () => {
  const axis = { weights: Float64Array.of(1, 0), offset: 0 };
  assertClose(
    nearestWithCoordinates(
      [0, 5],
      [
        { axis, value: 1 },
        { axis, value: 2 },
      ],
    ),
    [1.5, 5],
    1e-12,
  );
});

test("a path passes through its anchors with stations at equal distances, on any axes", async () => {
  const scatter = scatterOf();
  await page.ask({ kind: "anchor", at: [0, 0] });
  await page.ask({ kind: "anchor", at: [2, 0] });
  scatter.probe = [2, 2, 0];
  await page.ask({ kind: "anchor", at: null });
  scatter.stationCount = 5;
  assert.deepEqual(scatter.anchors, [
    [0, 0, 0],
    [2, 0, 0],
    [2, 2, 0],
  ]);
  const stations = scatter.stations();
  const lengths = stations.slice(1).map((z, i) => Math.hypot(...z.map((x, d) => x - stations[i]![d]!)));
  assert.ok(Math.max(...lengths) / Math.min(...lengths) < 1.05, String(lengths));
  assertClose(Array.from(scatter.state.stationPlaces.slice(8)), [2, 2]);
  assert.ok(scatter.state.pathLine.length > 100);
  scatter.x = "defocus";
  const places = scatter.state.stationPlaces;
  assert.ok(places[0]! >= 1000 && places[0]! < 1400);
  assert.throws(() => page.set({ stationCount: 1e6 }), /1 to 200/);
});

test("along an axis that only spreads the particles, probe and path stay at 0", async () => {
  const scatter = new LatentScatter({ latents: normal(50), latent: 1 });
  for (const y of ["histogram", "row"]) {
    scatter.y = y;
    page.set({ probeTo: { z1: 0.3, [y]: 17 } });
    assert.deepEqual([scatter.probe, scatter.state.probePlace], [[0.3], [0.3, 0]]);
    scatter.anchors = [];
    await page.ask({ kind: "anchor", at: [-1, 30] });
    await page.ask({ kind: "anchor", at: [1, 5] });
    assert.deepEqual(scatter.anchors, [[-1], [1]]);
    scatter.stationCount = 3;
    assertClose(Array.from(scatter.state.stationPlaces), [-1, 0, 0, 0, 1, 0]);
  }
  scatter.x = "row";
  page.set({ probeTo: { row: 3 } });
  assert.deepEqual([scatter.probe, scatter.state.probePlace], [[0.3], [0, 0]]);
});

test("the default path spans 96 % of the particles along their direction of largest variance", () => {
  const even = Float32Array.from({ length: 101 }, (_, i) => i / 10);
  assertClose(new LatentScatter({ latents: even, latent: 1 }).defaultPath().flat(), [0.2, 9.8], 1e-6);
  // On the line (1, 2) + t (0.6, 0.8)
  const line = Float32Array.from(Array.from(even).flatMap((t) => [1 + 0.6 * t, 2 + 0.8 * t]));
  const ends = new LatentScatter({ latents: line, latent: 2 }).defaultPath();
  ends.sort((a, b) => a[0]! - b[0]!);
  assertClose(ends.flat(), [1 + 0.12, 2 + 0.16, 1 + 5.88, 2 + 7.84], 1e-5);
  assert.deepEqual(new LatentScatter({ latents: new Float32Array(0), latent: 2 }).defaultPath(), []);
});

test("a played motion has coordinates on any shown axes", () => {
  const scatter = scatterOf();
  scatter.setPlayed([
    [0, 1, 2],
    [3, 4, 5],
  ]);
  assertClose([...scatter.state.playedPlaces], [0, 1, 3, 4]);
  scatter.set({ x: "z3", y: "z1" });
  assertClose([...scatter.state.playedPlaces], [2, 0, 5, 3]);
});
