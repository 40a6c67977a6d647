import assert from "node:assert/strict";
import { connect, disconnect } from "tslab-widgets/testing";
import { afterEach, beforeEach, describe, test } from "vitest";
import { Random } from "../../random";
import { subsetSize } from "./drawnPoints";
import { LatentScatter } from "./latentScatter";
import { latents, normal, Page, rowsWhere, scatterOf } from "./latentScatter.test.helper";

let page: Page;
beforeEach(() => {
  page = connect(new Page());
});
afterEach(disconnect);

test("a range of a column selects its particles, to either side without an end, and none without a value", async () => {
  const scatter = scatterOf();
  const values = Float32Array.from({ length: scatter.get("count") }, (_, i) =>
    i % 7 === 0 ? Number.NaN : i,
  );
  scatter.setColumn({ name: "score", values });
  const ask = (low: number | null, high: number | null, column = "score") =>
    page.ask({ kind: "select", how: "range", mode: "replace", column, low, high });
  await ask(5, 12);
  assert.deepEqual(Array.from(scatter.rows), [5, 6, 8, 9, 10, 11, 12]);
  assert.equal(scatter.get("status"), "score from 5 to 12");
  await ask(null, 3);
  assert.deepEqual(Array.from(scatter.rows), [1, 2, 3]);
  const before = scatter.rows.length;
  for (const [refused, why] of [
    [await ask(2, 1), /a lower end below the upper one/],
    [await ask(1, 2, "<img>"), /a column of numbers/],
  ] as const) {
    assert.equal(refused["kind"], "problem");
    assert.match(String(refused["text"]), why);
  }
  assert.equal(scatter.rows.length, before);
});

test("an offered column is read when it is first chosen, once, and keeps its place among the choices", () => {
  const scatter = scatterOf();
  let reads = 0;
  const read = () => {
    reads++;
    return Float64Array.from({ length: scatter.get("count") }, (_, i) => 2 * i);
  };
  scatter.offerColumns([
    { name: "z1", read },
    { name: "rlnDefocusU", unit: "Å", read },
    { name: "short", read: () => [1, 2] },
  ]);
  const names = () => scatter.get("colours").map(({ name }) => name);
  assert.equal(names().filter((name) => name === "z1").length, 1);
  assert.equal(reads, 0);
  const before = names();
  scatter.colour = "rlnDefocusU";
  assert.deepEqual([scatter.get("colouring").kind, scatter.get("colourNumbers")[3]], ["number", 6]);
  scatter.set({ x: "rlnDefocusU" });
  assert.equal(scatter.get("shown")!.x.title, "rlnDefocusU (Å)");
  assert.equal(reads, 1);
  assert.deepEqual(names(), before);
  assert.throws(() => {
    scatter.colour = "short";
  }, /short: expected \d+ values/);
});

test("lasso, box, radius and nearest select the right particles; add, subtract, invert and clear change the selection", async () => {
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

describe("distances are measured in all latent dimensions, whatever the axes show", () => {
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
    /** The latent vector at the point on these axes. */
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
      // Far apart in the view where they are near in the latent space, and vice versa
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

  test("a radius may be given by a point on the border", async () => {
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

test("particles hidden by the legend are neither selected nor among the nearest", async () => {
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

test("invalid requests are answered with an error and change nothing", async () => {
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

test("of more than 100,000 particles a subset is drawn above a density, but all can be selected", async () => {
  const many = 120_000;
  const z = normal(2 * many);
  const scatter = new LatentScatter({ latents: z, latent: 2, seed: 5 });
  const { state } = scatter;
  assert.equal(state.drawnRows.length, subsetSize);
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
