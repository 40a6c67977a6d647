import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { connect, disconnect, FakeTransport } from "tslab-widgets/testing";
import { afterEach, beforeEach, describe, test } from "vitest";
import { Random } from "../../random";
import { categoryColour } from "./colours";
import {
  DRAWN_OF_MORE,
  densityOf,
  drawnSubset,
  frameOf,
  histogramHeights,
  MOST_DRAWN,
  robustRange,
} from "./drawn";
import { LatentScatter, type LatentScatterOptions } from "./latentScatter";
import { along, movedLeast } from "./probe";

/** A page that shows the plot that was made last. */
class Page extends FakeTransport {
  set(state: Record<string, unknown>): void {
    this.update(this.opened.at(-1)!.id, state);
  }

  /** The answer to a request. */
  async ask(content: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = String(this.sent.length);
    this.receive(this.opened.at(-1)!.id, { method: "custom", content: { id, ...content } });
    await setImmediate();
    const answers = this.sent.flatMap(({ data }) => (data["method"] === "custom" ? [data["content"]] : []));
    return answers.find((answer) => (answer as { id: unknown }).id === id) as Record<string, unknown>;
  }
}

let page: Page;
beforeEach(() => {
  page = connect(new Page());
});
afterEach(disconnect);

function normal(count: number, seed = 3): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.normal());
}

const n = 400;
const latents = normal(3 * n);
const rowsWhere = (
  chosen: (x: number, y: number, row: number) => boolean,
  count = n,
  z = latents,
  latent = 3,
) => Array.from({ length: count }, (_, i) => i).filter((i) => chosen(z[latent * i]!, z[latent * i + 1]!, i));

function scatterOf(more: Partial<LatentScatterOptions> = {}): LatentScatter {
  return new LatentScatter({
    latents,
    latent: 3,
    columns: [
      { name: "defocus", unit: "Å", values: Float64Array.from({ length: n }, (_, i) => 1000 + i) },
      { name: "class", values: Array.from({ length: n }, (_, i) => `class ${i % 4}`) },
    ],
    ...more,
  });
}

const near = (found: readonly number[], expected: readonly number[], within = 1e-6) =>
  assert.ok(
    found.length === expected.length && found.every((x, i) => Math.abs(x - expected[i]!) <= within),
    `${found} is not ${expected}`,
  );

test("the state holds all that a page draws: points, axes, probe, colours", () => {
  const scatter = scatterOf({ title: "Run 1" });
  const { state } = scatter;
  assert.deepEqual(
    state.axes.map(({ name }) => name),
    ["z1", "z2", "z3", "PC 1", "PC 2", "PC 3", "defocus", "row"],
  );
  assert.deepEqual(state.colours.at(-1), { name: "class", kind: "category" });
  assert.deepEqual(Array.from(state.pointsX.slice(0, 3)), [latents[0], latents[3], latents[6]]);
  assert.deepEqual(Array.from(state.pointsY.slice(0, 2)), [latents[1], latents[4]]);
  assert.equal(state.drawnRows.length, 0);
  assert.deepEqual(
    [state.probe, state.probePlace],
    [
      [0, 0, 0],
      [0, 0],
    ],
  );
  assert.deepEqual(
    state.sliders.map(({ name }) => name),
    ["z3"],
  );
  assert.ok(
    state.shown!.x.low < Math.min(...state.pointsX) && state.shown!.x.high > Math.max(...state.pointsX),
  );
});

test("a dragged probe takes the asked coordinates, and what the axes do not show stays", () => {
  const scatter = scatterOf();
  scatter.probe = [0.1, 0.2, 0.7];
  const heard: (readonly number[])[] = [];
  scatter.observe("probe", (probe) => heard.push(probe));
  page.set({ probeTo: { z1: 0.5, z2: -0.25 } });
  assert.deepEqual(scatter.probe, [0.5, -0.25, 0.7]);
  assert.deepEqual(heard, [[0.5, -0.25, 0.7]]);
  // An answer is one message beside the echo, small enough for every move of a pointer
  const update = page.sent.at(-1)!.data;
  assert.deepEqual(Object.keys(update["state"] as object), ["probe", "probePlace", "sliderValues"]);
  page.set({ probeTo: { z3: 0.1 } });
  near(scatter.probe, [0.5, -0.25, 0.1], 1e-12);
});

test("along principal components the probe moves in their directions only", () => {
  const scatter = scatterOf();
  scatter.set({ x: "PC 1", y: "PC 3" });
  const before = scatter.state.sliderValues;
  page.set({ probeTo: { "PC 1": 1.5, "PC 3": -0.5 } });
  near(scatter.state.probePlace, [1.5, -0.5], 1e-9);
  near(scatter.state.sliderValues, before, 1e-9);
  assert.deepEqual(
    scatter.state.sliders.map(({ name }) => name),
    ["PC 2"],
  );
});

test("along a column the probe goes to the nearest particle", () => {
  const scatter = scatterOf();
  scatter.set({ x: "defocus", y: "z1" });
  const row = 123;
  page.set({ probeTo: { defocus: 1000 + row + 0.01, z1: latents[3 * row]! } });
  assert.deepEqual(scatter.probe, Array.from(latents.subarray(3 * row, 3 * row + 3)));
  near(scatter.state.probePlace, [1000 + row, latents[3 * row]!]);
  // A probe that code puts anywhere is shown where the particle nearest to it is
  scatter.probe = Array.from(latents.subarray(30, 33), (x) => x + 1e-4);
  near([scatter.state.probePlace[0]!], [1010]);
});

test("the least change to given coordinates along directions that are not at right angles", () => {
  const a = { weights: Float64Array.of(1, 1, 0), offset: 1 };
  const b = { weights: Float64Array.of(0, 1, 1), offset: -2 };
  const z = [0.3, -0.2, 0.9];
  const moved = movedLeast(z, [
    { axis: a, value: 4 },
    { axis: b, value: 0 },
  ]);
  near([along(a, moved), along(b, moved)], [4, 0], 1e-12);
  // The step has no part at right angles to both: (1, -1, 1)
  const step = moved.map((x, d) => x - z[d]!);
  near([step[0]! - step[1]! + step[2]!], [0], 1e-12);
});

test("the same axis twice, asked for two values, is met between them", () => {
  const axis = { weights: Float64Array.of(1, 0), offset: 0 };
  near(
    movedLeast(
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

test("lasso, box, radius and nearest select what lies there; add, subtract, invert and clear change it", async () => {
  const scatter = scatterOf();
  const heard: number[] = [];
  scatter.onSelect((rows) => heard.push(rows.length));
  const rows = () => Array.from(scatter.rows);
  const triangle = [-1, -1, 2, -1, -1, 2];
  const inTriangle = rowsWhere((x, y) => x > -1 && y > -1 && x + y < 1);
  const answer = await page.ask({ kind: "select", how: "lasso", mode: "replace", polygon: triangle });
  assert.deepEqual([answer["kind"], answer["selected"]], ["answer", inTriangle.length]);
  assert.deepEqual(rows(), inTriangle);

  await page.ask({ kind: "select", how: "box", mode: "add", low: [0, 0], high: [5, 5] });
  const withBox = rowsWhere((x, y, i) => inTriangle.includes(i) || (x >= 0 && y >= 0));
  assert.deepEqual(rows(), withBox);

  await page.ask({
    kind: "select",
    how: "radius",
    mode: "subtract",
    centre: [0, 0],
    radius: 0.5,
  });
  const ring = withBox.filter((i) => Math.hypot(...latents.subarray(3 * i, 3 * i + 3)) > 0.5);
  assert.deepEqual(rows(), ring);
  assert.deepEqual(
    Array.from(scatter.state.selected.keys()).filter((i) => scatter.state.selected[i]),
    ring,
  );

  await page.ask({ kind: "select", how: "invert", mode: "replace" });
  assert.deepEqual(
    rows(),
    rowsWhere((_x, _y, i) => !ring.includes(i)),
  );

  await page.ask({
    kind: "select",
    how: "nearest",
    mode: "replace",
    centre: [1, 0],
    number: 9,
  });
  const distance = (i: number) => Math.hypot(latents[3 * i]! - 1, latents[3 * i + 1]!, latents[3 * i + 2]!);
  const nine = rowsWhere(() => true)
    .sort((p, q) => distance(p) - distance(q))
    .slice(0, 9);
  assert.deepEqual(
    rows(),
    nine.sort((p, q) => p - q),
  );

  scatter.probe = [0.5, 0.5, 0.5];
  await page.ask({ kind: "select", how: "latentRadius", mode: "replace", radius: 0.8 });
  assert.deepEqual(
    rows(),
    rowsWhere((x, y, i) => Math.hypot(x - 0.5, y - 0.5, latents[3 * i + 2]! - 0.5) <= 0.8),
  );

  await page.ask({ kind: "select", how: "none", mode: "replace" });
  assert.deepEqual(rows(), []);
  assert.equal(heard.length, 7);
});

describe("distances are those between latent vectors, over all dimensions, whatever the axes show", () => {
  const random = new Random(8);
  const n = 250;
  /** Rows by distance from a place, by brute force. */
  const byDistance = (points: Float32Array, z: readonly number[]) =>
    Array.from({ length: n }, (_, i) => ({
      row: i,
      away: Math.hypot(...z.map((value, d) => points[z.length * i + d]! - value)),
    })).sort((a, b) => a.away - b.away);
  const rowsOf = (found: readonly { row: number }[]) => found.map(({ row }) => row).sort((a, b) => a - b);
  const cloud = (latent: number) => Float32Array.from({ length: latent * n }, () => random.normal());
  const place = [0.4, -0.3];

  interface Case {
    name: string;
    latent: number;
    axes: { x: string; y: string };
    /** The latent vector that the place on these axes stands for. */
    z(points: Float32Array, scatter: LatentScatter): number[];
    centre?: number[];
  }
  const probe = [0.1, 0.2, -0.3, 0.5];
  const cases: Case[] = [
    { name: "a histogram", latent: 1, axes: { x: "z1", y: "histogram" }, z: () => [0.4], centre: [0.4, 30] },
    { name: "over the row", latent: 1, axes: { x: "row", y: "z1" }, z: () => [-0.3], centre: [200, -0.3] },
    {
      name: "two of four dimensions",
      latent: 4,
      axes: { x: "z1", y: "z3" },
      z: () => [0.4, 0.2, -0.3, 0.5],
    },
    {
      name: "one dimension of four over the row",
      latent: 4,
      axes: { x: "row", y: "z2" },
      z: () => [0.1, -0.3, -0.3, 0.5],
      centre: [77, -0.3],
    },
    {
      name: "two components of four",
      latent: 4,
      axes: { x: "PC 1", y: "PC 2" },
      z: (_points, scatter) => {
        scatter.set({ probeTo: { "PC 1": 0.4, "PC 2": -0.3 } });
        const z = scatter.probe;
        scatter.probe = probe;
        return z;
      },
    },
    {
      name: "a UMAP: from the particle that is nearest in the view",
      latent: 4,
      axes: { x: "UMAP 1", y: "UMAP 2" },
      z: (points) => Array.from(points.subarray(4 * 17, 4 * 18)),
      centre: [17, 17 ** 2 / n],
    },
  ];
  for (const { name, latent, axes, z, centre = place } of cases) {
    test(name, async () => {
      const points = cloud(latent);
      const scatter = scatterOf({ latents: points, latent, columns: [] });
      // Far from each other in the view where they are near in the latent space, and the other way about
      scatter.setColumn({ name: "UMAP 1", values: Array.from({ length: n }, (_, i) => i) });
      scatter.setColumn({ name: "UMAP 2", values: Array.from({ length: n }, (_, i) => i ** 2 / n) });
      scatter.set(axes);
      if (latent === 4) scatter.probe = probe;
      const from = byDistance(points, z(points, scatter));
      await page.ask({ kind: "select", how: "nearest", mode: "replace", centre, number: 30 });
      assert.deepEqual(Array.from(scatter.rows), rowsOf(from.slice(0, 30)));
      assert.match(
        scatter.state.status,
        latent === 1 ? /by distance along z$/ : /all 4 dimensions of the latent/,
      );
      const radius = (from[40]!.away + from[41]!.away) / 2;
      await page.ask({ kind: "select", how: "radius", mode: "replace", centre, radius });
      assert.deepEqual(Array.from(scatter.rows), rowsOf(from.slice(0, 41)));
    });
  }

  test("a radius may be given by a place on the border", async () => {
    const points = cloud(4);
    const scatter = scatterOf({ latents: points, latent: 4, columns: [] });
    scatter.set({ x: "z1", y: "z2" });
    scatter.probe = [0, 0, 1, 1];
    const answer = await page.ask({
      kind: "select",
      how: "radius",
      mode: "replace",
      centre: [0, 0],
      radius: [0.9, 1.2],
    });
    assert.ok(Math.abs((answer["radius"] as number) - 1.5) < 1e-9);
    const within = byDistance(points, [0, 0, 1, 1]).filter(({ away }) => away <= 1.5);
    assert.deepEqual(Array.from(scatter.rows), rowsOf(within));
  });
});

test("what the legend hides is not selected, nor counted among the nearest", async () => {
  const scatter = scatterOf();
  scatter.colour = "class";
  page.set({ hidden: ["class 1", "class 3"] });
  await page.ask({ kind: "select", how: "box", mode: "replace", low: [-9, -9], high: [9, 9] });
  assert.deepEqual(
    Array.from(scatter.rows),
    rowsWhere((_x, _y, i) => i % 2 === 0),
  );
  await page.ask({
    kind: "select",
    how: "nearest",
    mode: "replace",
    centre: [0, 0],
    number: 20,
  });
  assert.equal(scatter.rows.length, 20);
  assert.ok(scatter.rows.every((row) => row % 2 === 0));
  scatter.colour = "";
  assert.deepEqual(scatter.state.hidden, []);
});

test("requests that make no sense are answered in words, and change nothing", async () => {
  const scatter = scatterOf();
  scatter.select([1, 2]);
  for (const [content, words] of [
    [{ kind: "select", how: "lasso", mode: "replace", polygon: [1, "x"] }, /polygon/],
    [{ kind: "select", how: "radius", mode: "replace", centre: [0, 0], radius: -1 }, /radius/],
    [{ kind: "select", how: "radius", mode: "replace", centre: [0, 0], radius: [1] }, /radius/],
    [{ kind: "select", how: "nearest", mode: "replace", centre: [0, 0], number: 0 }, /number/],
    [{ kind: "select", how: "magic", mode: "replace" }, /how/],
    [{ kind: "select", how: "all", mode: "and" }, /mode/],
    [{ kind: "format the disk" }, /kind/],
    [{ kind: "thumbnail", row: 5 }, /images/],
    [{ kind: "csv", what: "all", from: -1 }, /from/],
  ] as const) {
    const answer = await page.ask(content);
    assert.equal(answer["kind"], "problem");
    assert.match(String(answer["text"]), words);
  }
  assert.deepEqual(Array.from(scatter.rows), [1, 2]);
});

test("an axis, a colour or a probe that does not fit is refused, and the view corrected", () => {
  const scatter = scatterOf();
  assert.throws(() => page.set({ x: "constructor" }), /expected one of z1, z2/);
  assert.deepEqual(page.sent.at(-1)!.data["state"], { x: "z1" });
  assert.throws(() => page.set({ probe: [1, 2] }), /expected 3 numbers/);
  assert.throws(() => {
    scatter.colour = "absent";
  }, /LatentScatter\.colour/);
  assert.throws(() => {
    scatter.probe = [1, Number.NaN, 0];
  }, /3 finite numbers/);
  assert.deepEqual([scatter.x, scatter.probe, scatter.colour], ["z1", [0, 0, 0], ""]);
});

test("of more than 100,000 particles a part is drawn over the density of all, and all are selected on", async () => {
  const many = 120_000;
  const z = normal(2 * many);
  const scatter = new LatentScatter({ latents: z, latent: 2, seed: 5 });
  const { state } = scatter;
  assert.equal(state.drawnRows.length, DRAWN_OF_MORE);
  assert.ok(state.drawnRows.every((row, i) => i === 0 || row > state.drawnRows[i - 1]!));
  assert.deepEqual(state.pointsX[7], z[2 * state.drawnRows[7]!]);
  assert.equal(
    state.densityCounts.reduce((a, b) => a + b, 0),
    many,
  );
  await page.ask({ kind: "select", how: "box", mode: "replace", low: [0, 0], high: [0.1, 0.1] });
  const inside = rowsWhere(
    (x, y) => x >= 0 && x <= Math.fround(0.1) && y >= 0 && y <= Math.fround(0.1),
    many,
    z,
    2,
  );
  assert.deepEqual(Array.from(scatter.rows), inside);
  const drawn = new Set(scatter.state.drawnRows);
  const beside = inside.filter((row) => !drawn.has(row));
  assert.equal(
    scatter.state.selected.reduce((a, b) => a + b, 0),
    inside.length - beside.length,
  );
  assert.deepEqual(
    Array.from(scatter.state.selectedBeside),
    beside.flatMap((row) => [z[2 * row]!, z[2 * row + 1]!]),
  );
  const bytes = page.sent.map(({ buffers }) => buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0));
  assert.ok(Math.max(...bytes) < 2e6);
});

test("the part that is drawn depends on the seed only, and is even", () => {
  assert.deepEqual(drawnSubset(1_000_000, 2), drawnSubset(1_000_000, 2));
  assert.notDeepEqual(drawnSubset(1_000_000, 2), drawnSubset(1_000_000, 3));
  assert.equal(drawnSubset(MOST_DRAWN, 1).length, 0);
  const rows = drawnSubset(MOST_DRAWN + 1, 1);
  assert.ok(rows.at(-1)! <= MOST_DRAWN);
  const firstHalf = rows.filter((row) => row < MOST_DRAWN / 2).length;
  assert.ok(Math.abs(firstHalf / rows.length - 0.5) < 0.01);
});

test("ranges leave out what is not finite, and robust ones the outermost", () => {
  const values = [Number.NaN, 1, 2, 3, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const { low, high } = frameOf(values);
  near([low, high], [0.92, 3.08]);
  const wide = Float32Array.from({ length: 1001 }, (_, i) => (i === 1000 ? 1e6 : i));
  assert.ok(robustRange(wide, 0.01).high < 1000);
  assert.deepEqual(robustRange([4, 4, 4], 0.01), { low: 3.5, high: 4.5 });
  assert.deepEqual(robustRange([], 0.01), { low: 0, high: 1 });
  assert.deepEqual(frameOf([]), { low: -1, high: 1 });
});

test("points on the grid of a density are counted once, those outside not at all", () => {
  const range = { low: 0, high: 256 };
  const counts = densityOf(
    Float32Array.of(0.5, 0.5, 300, Number.NaN),
    Float32Array.of(1.5, 1.5, 3, 3),
    range,
    range,
  );
  assert.equal(counts[256], 2);
  assert.equal(
    counts.reduce((a, b) => a + b, 0),
    2,
  );
});

test("new latents of a training keep axes, probe, selection and path", () => {
  const scatter = scatterOf();
  scatter.set({ x: "PC 1", y: "z3" });
  scatter.probe = [0.1, 0.2, 0.3];
  scatter.select([5, 7]);
  scatter.anchors = [
    [0, 0, 0],
    [1, 1, 1],
  ];
  const next = latents.map((x) => 2 * x);
  scatter.setLatents(next);
  assert.deepEqual([scatter.x, scatter.y, scatter.probe], ["PC 1", "z3", [0.1, 0.2, 0.3]]);
  assert.deepEqual(Array.from(scatter.rows), [5, 7]);
  assert.equal(scatter.state.pointsY[9], next[29]);
  assert.equal(scatter.stations().length, 10);
  assert.throws(() => scatter.setLatents(latents.subarray(3)), /400 rows of 3 numbers, as before/);
});

test("a scatter may begin without particles, and get them from a training", () => {
  const scatter = new LatentScatter({ latents: new Float32Array(0), latent: 3 });
  assert.equal(scatter.count, 0);
  scatter.setLatents(latents);
  assert.deepEqual([scatter.count, scatter.state.pointsX.length, scatter.state.selected.length], [n, n, n]);
  assert.ok(scatter.state.axes.some(({ name }) => name === "PC 1"));
});

test("columns come and go; axes and colour that were one go back", () => {
  const scatter = scatterOf();
  scatter.setColumn({ name: "UMAP 1", values: normal(n) });
  scatter.set({ x: "UMAP 1", colour: "UMAP 1" });
  scatter.setColumn({ name: "UMAP 1", values: new Float32Array(n).fill(2) });
  assert.equal(scatter.state.pointsX[3], 2);
  assert.equal(scatter.state.colourNumbers[3], 2);
  scatter.removeColumn("UMAP 1");
  assert.deepEqual(
    [scatter.x, scatter.y, scatter.colour, scatter.state.shown!.x.name],
    ["z1", "z2", "", "z1"],
  );
  assert.throws(() => scatter.setColumn({ name: "short", values: [1] }), /400 values/);
  assert.throws(() => scatter.setColumn({ name: "z2", values: normal(n) }), /no other axis/);
  assert.throws(() => scatter.removeColumn("absent"), /name of a column/);
});

test("sets colour the particles, the last one where they overlap; what is in none is a category too", () => {
  const scatter = scatterOf();
  scatter.setSets([
    { name: "open", colour: "#ff0000", rows: Uint32Array.of(0, 1, 2) },
    { name: "open", colour: "#00ff00", rows: Uint32Array.of(2, 3) },
  ]);
  const { colouring, colourCodes } = scatter.state;
  assert.equal(scatter.colour, "sets");
  assert.ok(colouring.kind === "sets");
  assert.deepEqual(
    colouring.categories.map(({ name, count }) => [name, count]),
    [
      ["open", 3],
      ["open (2)", 2],
      ["in no set", n - 4],
    ],
  );
  assert.deepEqual(Array.from(colourCodes.slice(0, 5)), [0, 0, 1, 1, 2]);
  scatter.setSets([]);
  assert.equal(scatter.colour, "");
  assert.throws(
    () => scatter.setSets([{ name: "x", colour: "red;background:url(x)", rows: new Uint32Array(0) }]),
    /such as #0072b2/,
  );
});

test("of many categories the rarest share one colour", () => {
  const scatter = scatterOf();
  scatter.setColumn({ name: "stack", values: Array.from({ length: n }, (_, i) => `m${Math.min(i, 99)}`) });
  scatter.colour = "stack";
  const { colouring } = scatter.state;
  assert.ok(colouring.kind === "category");
  assert.equal(colouring.categories.length, 30);
  assert.deepEqual([colouring.categories.at(-1)!.name, colouring.categories.at(-1)!.count], ["others", 71]);
  assert.ok(colouring.categories.some(({ name, count }) => name === "m99" && count === 301));
  const colours = Array.from({ length: 30 }, (_, i) => categoryColour(i));
  assert.equal(new Set(colours).size, 30);
  assert.ok(colours.every((colour) => /^#[0-9a-f]{6}$/i.test(colour)));
});

test("a path goes through its anchors, with stations at even distances, on any axes", async () => {
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
  near(Array.from(scatter.state.stationPlaces.slice(8)), [2, 2]);
  assert.ok(scatter.state.pathLine.length > 100);
  scatter.x = "defocus";
  const places = scatter.state.stationPlaces;
  assert.ok(places[0]! >= 1000 && places[0]! < 1400);
  assert.throws(() => page.set({ stationCount: 1e6 }), /1 to 200/);
});

test("the table is sent in pieces that join to CSV", async () => {
  const scatter = scatterOf({
    columns: [
      { name: 'a "b", c', values: Array.from({ length: n }, (_, i) => (i === 1 ? "x\ny" : "plain")) },
    ],
  });
  scatter.select([1, 3]);
  const answer = await page.ask({ kind: "csv", what: "selected", from: 0 });
  const z = (row: number) => Array.from(latents.subarray(3 * row, 3 * row + 3)).join(",");
  assert.equal(answer["text"], `row,z1,z2,z3,"a ""b"", c"\r\n1,${z(1)},"x\ny"\r\n3,${z(3)},plain\r\n`);
  assert.equal(answer["next"], null);
});

test("a large table comes in pieces of 20,000 rows, without a gap", async () => {
  const many = new LatentScatter({ latents: new Float32Array(45_000), latent: 1 });
  let text = "";
  const pieces: number[] = [];
  for (let from: number | null = 0; from !== null; ) {
    const answer = await page.ask({ kind: "csv", what: "all", from });
    text += answer["text"];
    pieces.push(String(answer["text"]).length);
    from = answer["next"] as number | null;
  }
  assert.equal(pieces.length, 3);
  const lines = text.trim().split("\r\n");
  assert.equal(lines.length, many.count + 1);
  assert.ok(lines.slice(1).every((line, i) => line.startsWith(`${i},`)));
});

test("the image of a particle is sent as its pixels", async () => {
  scatterOf({ thumbnail: async (row) => ({ size: 2, pixels: Float32Array.of(row, 1, 2, 3) }) });
  const answer = await page.ask({ kind: "thumbnail", row: 7 });
  assert.equal(answer["size"], 2);
  assert.deepEqual(page.sent.at(-1)!.buffers, [Float32Array.of(7, 1, 2, 3)]);
  assert.match(String((await page.ask({ kind: "thumbnail", row: n }))["text"]), /row from 0 to 399/);
});

test("a picture stands for the scatter without a kernel, and no name in it is markup", () => {
  const scatter = scatterOf({
    title: "<script>alert(1)</script>",
    columns: [{ name: "<img src=x>", values: Array.from({ length: n }, (_, i) => `<b>${i % 3}</b>`) }],
  });
  scatter.colour = "<img src=x>";
  const { html, svg, text, png } = scatter.picture();
  assert.doesNotMatch(svg!, /<script|<img|<b>/);
  assert.match(svg!, /&lt;script&gt;/);
  assert.match(
    html,
    /^<img src="data:image\/svg\+xml;base64,[\w+/=]+" alt="[^"<>]*&lt;script&gt;[^"<>]*" style="[^"]*"\/>$/,
  );
  assert.match(text, /400 particles over z1 and z2/);
  assert.equal(Buffer.from(png!.subarray(1, 4)).toString(), "PNG");
  assert.equal(scatter.picture(), scatter.picture());
  const before = scatter.picture();
  scatter.select([1]);
  assert.notEqual(scatter.picture(), before);
});

test("a latent space of one dimension is drawn as a cloud whose outline is the histogram", () => {
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

test("along an axis that only spreads the particles, probe and path lie at its foot and move along the other alone", async () => {
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
    near(Array.from(scatter.state.stationPlaces), [-1, 0, 0, 0, 1, 0]);
  }
  scatter.x = "row";
  page.set({ probeTo: { row: 3 } });
  assert.deepEqual([scatter.probe, scatter.state.probePlace], [[0.3], [0, 0]]);
});

test("values of no extent, and those that are not finite, have a histogram too", () => {
  assert.ok(histogramHeights([2, 2, 2, 2], 1).every((height) => height >= 0 && height <= 4));
  assert.deepEqual(Array.from(histogramHeights([Number.NaN], 1)), [Number.NaN]);
  assert.equal(histogramHeights([], 1).length, 0);
  assert.deepEqual([...histogramHeights([2, 2, 2, 2], 1)].map(Math.floor).sort(), [0, 1, 2, 3]);
});

test("the path that stands for one not drawn holds 96 % of the particles along their widest direction", () => {
  const even = Float32Array.from({ length: 101 }, (_, i) => i / 10);
  near(new LatentScatter({ latents: even, latent: 1 }).defaultPath().flat(), [0.2, 9.8], 1e-6);
  // On the line (1, 2) + t (0.6, 0.8)
  const line = Float32Array.from(Array.from(even).flatMap((t) => [1 + 0.6 * t, 2 + 0.8 * t]));
  const ends = new LatentScatter({ latents: line, latent: 2 }).defaultPath();
  ends.sort((a, b) => a[0]! - b[0]!);
  near(ends.flat(), [1 + 0.12, 2 + 0.16, 1 + 5.88, 2 + 7.84], 1e-5);
  assert.deepEqual(new LatentScatter({ latents: new Float32Array(0), latent: 2 }).defaultPath(), []);
});

test("latents or columns of a wrong length are refused", () => {
  assert.throws(() => new LatentScatter({ latents: new Float32Array(7), latent: 3 }), /rows of 3 numbers/);
  assert.throws(() => new LatentScatter({ latents, latent: 0 }), /integer of 1 or more/);
  assert.throws(() => scatterOf({ columns: [{ name: "sets", values: normal(n) }] }), /no other axis/);
});

test("a table holds the particles that are shown, with their sets, all of one moment", async () => {
  const scatter = scatterOf();
  scatter.colour = "class";
  page.set({ hidden: ["class 1", "class 2", "class 3"] });
  scatter.setSets([
    { name: "a, b", colour: "#0072b2", rows: Uint32Array.of(0, 1, 4) },
    { name: "c", colour: "#0072b2", marker: "square", rows: Uint32Array.of(4, 5) },
  ]);
  const first = await page.ask({ kind: "csv", what: "all", from: 0 });
  const lines = String(first["text"]).trimEnd().split("\r\n");
  assert.equal(lines[0], "row,z1,z2,z3,defocus,class,sets");
  assert.equal(lines.length, 1 + n / 4);
  assert.match(lines[1]!, /^0,.*,class 0,"a, b"$/);
  assert.match(lines[2]!, /^4,.*,class 0,"a, b; c"$/);
  assert.match(lines[3]!, /^8,.*,class 0,$/);
  const next = { kind: "csv", what: "all", from: 0, version: first["version"] };
  assert.equal((await page.ask(next))["kind"], "answer");
  page.set({ hidden: [] });
  assert.match(
    String((await page.ask(next))["text"]),
    /What is shown has changed while the table was written/,
  );
});

test("a still picture is of what is shown: the zoomed part, the path, the legend's visible categories", () => {
  const scatter = scatterOf();
  scatter.anchors = [
    [0, 0, 0],
    [1, 1, 0],
  ];
  scatter.colour = "class";
  const all = scatter.picture();
  assert.match(all.svg!, /<polyline points="[^"]+"/);
  assert.match(all.svg!, />class 3</);
  page.set({ hidden: ["class 3"], zoom: { x: [0, 0.01], y: [5, 5.5] } });
  const part = scatter.picture();
  assert.doesNotMatch(part.svg!, />class 3</);
  assert.match(part.svg!, />0\.002</);
  assert.notDeepEqual(part.png, all.png);
});

test("a motion that is played has places on whatever axes are shown", () => {
  const scatter = scatterOf();
  scatter.setPlayed([
    [0, 1, 2],
    [3, 4, 5],
  ]);
  near([...scatter.state.playedPlaces], [0, 1, 3, 4]);
  scatter.set({ x: "z3", y: "z1" });
  near([...scatter.state.playedPlaces], [2, 0, 5, 3]);
});
