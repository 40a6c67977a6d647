import assert from "node:assert/strict";
import { connect, disconnect } from "tslab-widgets/testing";
import { afterEach, beforeEach, test } from "vitest";
import { categoryColour } from "./colours";
import { LatentScatter } from "./latentScatter";
import { latents, n, normal, Page, scatterOf } from "./latentScatter.test.helper";

let page: Page;
beforeEach(() => {
  page = connect(new Page());
});
afterEach(disconnect);

test("the state contains all that a page draws: points, axes, probe, colours", () => {
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

test("an invalid axis, colour or probe is refused and the view corrected", () => {
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

test("new latent coordinates keep axes, probe, selection and path", () => {
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

test("a scatter can start without particles and receive them from a training", () => {
  const scatter = new LatentScatter({ latents: new Float32Array(0), latent: 3 });
  assert.equal(scatter.count, 0);
  scatter.setLatents(latents);
  assert.deepEqual([scatter.count, scatter.state.pointsX.length, scatter.state.selected.length], [n, n, n]);
  assert.ok(scatter.state.axes.some(({ name }) => name === "PC 1"));
});

test("columns are added, replaced and removed; axes and colour that used a removed one get their defaults", () => {
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

test("titles of the latent axes are those of axes, colours and sliders; names stay", () => {
  const scatter = scatterOf();
  scatter.colour = "z2";
  scatter.setAxisTitles(["z1 · first", "z2 · second", "z3 · third"]);
  const { shown, colouring, sliders, x } = scatter.state;
  assert.deepEqual([x, shown!.x.title, shown!.y.title], ["z1", "z1 · first", "z2 · second"]);
  assert.ok(colouring.kind === "number" && colouring.title === "z2 · second");
  assert.deepEqual(
    sliders.map(({ name, title }) => [name, title]),
    [["z3", "z3 · third"]],
  );
  scatter.setAxisTitles([]);
  assert.equal(scatter.state.shown!.x.title, "z1");
});

test("sets colour the particles, the last one where they overlap; the rest is a separate category", () => {
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

test("of many categories the least frequent share one colour", () => {
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

test("the image of a particle is sent as pixels", async () => {
  scatterOf({ thumbnail: async (row) => ({ size: 2, pixels: Float32Array.of(row, 1, 2, 3) }) });
  const answer = await page.ask({ kind: "thumbnail", row: 7 });
  assert.equal(answer["size"], 2);
  assert.deepEqual(page.sent.at(-1)!.buffers, [Float32Array.of(7, 1, 2, 3)]);
  assert.match(String((await page.ask({ kind: "thumbnail", row: n }))["text"]), /row from 0 to 399/);
});

test("latent coordinates and columns of a wrong length are refused", () => {
  assert.throws(() => new LatentScatter({ latents: new Float32Array(7), latent: 3 }), /rows of 3 numbers/);
  assert.throws(() => new LatentScatter({ latents, latent: 0 }), /integer of 1 or more/);
  assert.throws(() => scatterOf({ columns: [{ name: "sets", values: normal(n) }] }), /no other axis/);
});
