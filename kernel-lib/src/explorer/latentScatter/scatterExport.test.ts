import assert from "node:assert/strict";
import { connect, disconnect } from "tslab-widgets/testing";
import { afterEach, beforeEach, test } from "vitest";
import { LatentScatter } from "./latentScatter";
import { latents, n, Page, scatterOf } from "./latentScatter.test.helper";

let page: Page;
beforeEach(() => {
  page = connect(new Page());
});
afterEach(disconnect);

test("the table is sent as CSV", async () => {
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

test("a large table is sent in pieces of 20,000 rows without gaps", async () => {
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

test("without a kernel the scatter is a picture, in which names are never markup", () => {
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

test("the table contains the shown particles with their sets, all in the same state", async () => {
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
  assert.match(String((await page.ask(next))["text"]), /The plot changed while the table was being written/);
});

test("a picture shows the zoomed part, the path and the visible categories", () => {
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
