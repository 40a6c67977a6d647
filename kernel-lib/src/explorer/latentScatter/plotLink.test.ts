import assert from "node:assert/strict";
import { connect, disconnect, FakeTransport } from "tslab-widgets/testing";
import { afterEach, beforeEach, test } from "vitest";
import { n, normal, scatterOf } from "./latentScatter.test.helper";

beforeEach(() => {
  connect(new FakeTransport());
});
afterEach(disconnect);

const ofAll = Array.from({ length: n }, (_, i) => i);

test("two plots of the same particles share selection, colours, what is hidden, probe and path, and have axes of their own", () => {
  const first = scatterOf();
  first.colour = "class";
  first.set({ hidden: ["class 1"] });
  const second = first.beside();
  assert.deepEqual([second.colour, second.get("hidden")], ["class", ["class 1"]]);
  second.set({ x: "PC 1", y: "defocus" });
  assert.deepEqual([first.x, first.y, second.x, second.y], ["z1", "z2", "PC 1", "defocus"]);
  second.select([3, 5, 7]);
  assert.deepEqual(Array.from(first.rows), [3, 5, 7]);
  assert.equal(first.get("selectedCount"), 3);
  first.select([7, 8], "add");
  assert.deepEqual(
    Array.from(second.get("selected").keys()).filter((i) => second.get("selected")[i]),
    [3, 5, 7, 8],
  );
  second.colour = "defocus";
  second.set({ colourRange: { low: 1010, high: null } });
  assert.deepEqual(
    [first.colour, first.get("hidden"), first.get("colourRange")],
    ["defocus", [], { low: 1010, high: null }],
  );
  first.set({
    anchors: [
      [0, 0, 0],
      [1, 1, 1],
    ],
    stationCount: 4,
  });
  assert.equal(second.stations().length, 4);
});

test("the probe follows in both plots; along a column it moves to a particle", () => {
  const first = scatterOf();
  const second = first.beside();
  second.set({ x: "defocus", y: "row" });
  second.set({ probeTo: { defocus: 1042.2 } });
  const row = 42;
  assert.deepEqual(
    first.probe.map((value) => Math.fround(value)),
    Array.from({ length: 3 }, (_, d) => first.get(d === 0 ? "pointsX" : "pointsY")[row])
      .slice(0, 2)
      .concat(first.probe[2]!),
  );
  assert.equal(second.get("probePlace")[0], 1042);
  first.probe = [0.5, -0.25, 1];
  assert.deepEqual(second.probe, [0.5, -0.25, 1]);
  assert.deepEqual(first.get("probePlace"), [0.5, -0.25]);
});

test("columns, sets and latent coordinates of the first plot are there in the second at once", () => {
  const first = scatterOf();
  const second = first.beside();
  first.setColumn({ name: "UMAP 1", values: normal(n, 9) });
  second.x = "UMAP 1";
  assert.deepEqual(Array.from(second.get("pointsX")), Array.from(normal(n, 9)));
  const set = { name: "open", colour: "#0072b2", rows: Uint32Array.from(ofAll.slice(0, 50)) };
  first.setSets([set]);
  assert.deepEqual([first.colour, second.colour], ["sets", "sets"]);
  first.setSets([]);
  assert.deepEqual([first.colour, second.colour], ["", ""]);
  const next = normal(3 * n, 5);
  second.x = "z2";
  first.setLatents(next);
  assert.equal(second.get("pointsX")[6], next[3 * 6 + 1]);
  first.removeColumn("UMAP 1");
  assert.ok(!second.get("axes").some(({ name }) => name === "UMAP 1"));
});

test("a plot that is closed no longer follows, and another can be opened beside the first", () => {
  const first = scatterOf();
  const second = first.beside();
  second.close();
  first.probe = [1, 2, 3];
  first.select([1]);
  first.setSets([]);
  assert.deepEqual([second.probe, second.get("selectedCount")], [[0, 0, 0], 0]);
  const third = first.beside();
  assert.deepEqual([third.probe, third.get("selectedCount")], [[1, 2, 3], 1]);
  first.close();
  assert.ok(third.closed);
});
