import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, test } from "vitest";
import { StoppedError } from "../../errors";
import { modelDensity } from "../../model/density";
import { unpackValues } from "../../packedValues";
import { Run } from "../../training/runs/run";
import { trainInThisThread } from "../../training/train";
import { explore } from "../explore";
import { type TestBench, testBench } from "../explorer.test.helper";
import { exportPage } from "./exportPage";
import { draggedTo, openDecoder, placeAlong } from "./liveDecoder";
import { type PageData, pageIds } from "./pageData";
import { PageKernel } from "./pageKernel";

/** What of WebAssembly the tests need. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Module: new (bytes: Uint8Array) => object };
};

let bench: TestBench;
let run: Run;
beforeAll(async () => {
  bench = await testBench();
  (await trainInThisThread(bench.settings)).close();
  run = await Run.open(bench.settings.out);
});
afterAll(() => {
  run?.close();
  bench?.end();
});

/** What a page holds. */
function dataOf(file: string): PageData {
  const html = readFileSync(file, "utf8");
  const block = new RegExp(`id="${pageIds.data}">([A-Za-z0-9+/=]+)<`).exec(html);
  return unpackValues(gunzipSync(Buffer.from(block![1]!, "base64"))) as PageData;
}

function largestDistance(a: Float32Array, b: Float32Array): number {
  const { count, boxSize, apix } = run.neutral;
  return Math.max(...a.subarray(0, 3 * count).map((x, i) => Math.abs(x - b[i]!) * boxSize * apix));
}

test("a page holds some particles, and its kernel decodes as that of the notebook", async () => {
  const file = bench.at("some.html");
  const page = await exportPage(run, file, { particles: 40, title: "</title><script>" });
  assert.deepEqual([page.particles, page.of, page.bytes], [40, 96, readFileSync(file).length]);
  const html = readFileSync(file, "utf8");
  assert.match(html, /<title>&lt;\/title&gt;&lt;script&gt;<\/title>/);
  assert.match(html, /default-src 'none'/);
  const data = dataOf(file);
  assert.ok(!JSON.stringify(data).includes(bench.folder), "a path of this machine is in the page");
  assert.equal(data.latents.length, 40 * 2);
  const kernel = new PageKernel(data, new WebAssembly.Module(data.networks), () => {});
  for (const z of [
    [0, 0],
    [1.2, -0.7],
  ]) {
    kernel.scatter.probe = z;
    const far = largestDistance(kernel.viewer.get("gaussians"), run.decode(z).params);
    assert.ok(far < 0.01, `${far} Å`);
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.match(kernel.scatter.get("probeNote"), /RMS from the mean/);
  kernel.play();
  assert.equal(kernel.viewer.get("frameCount"), 10);
});

test("the page of an explorer has its sets, columns and maps; a file is not replaced unasked", async () => {
  const explorer = await explore(run, {
    columns: [{ name: "charge", values: Float32Array.from({ length: 96 }, (_, i) => i) }],
  });
  explorer.sets.add([95, 3, 4], { name: "three" });
  explorer.scatter.set({ colour: "charge" });
  const { files, warnings } = await explorer.export("page", "pages/all.html");
  assert.deepEqual(files, ["pages/all.html"]);
  assert.match(warnings.join(), /^\d\.\d MB$/);
  const data = dataOf(bench.at("pages/all.html"));
  assert.deepEqual(
    data.sets.map(({ name, rows, count }) => [name, [...rows], count]),
    [["three", [3, 4, 95], 3]],
  );
  assert.equal(data.scatter.colour, "charge");
  assert.equal(data.columns[0]!.name, "charge");
  await assert.rejects(explorer.export("page", "pages/all.html"), /already exists/);
  await assert.rejects(exportPage(run, bench.at("pages/all.html")), /new file, or overwrite/);
  await assert.rejects(explorer.export("page", "../all.html"), /only in the notebook's folder/);
  explorer.close();
});

test("a page has the atomic model, and offers the local resolutions that were found", async () => {
  const explorer = await explore(run);
  const { neutral } = run;
  const map = modelDensity(neutral, { boxSize: 16 });
  const resolution = { ...map, data: new Float32Array(map.data.length).fill(8) };
  explorer.viewer.setMap("found", map, { resolution });
  explorer.viewer.setMap("not asked for", map, { resolution });
  explorer.viewer.maps[0]!.colourBy = "local resolution";
  explorer.viewer.set({ atoms: Float32Array.of(1, 2, 3), atomChainNames: ["A"], atomState: neutral.params });
  await new Promise((resolve) => setImmediate(resolve));
  await explorer.export("page", "pages/figure.html");
  const { viewer, maps } = dataOf(bench.at("pages/figure.html"));
  assert.deepEqual([...(viewer.atoms ?? [])], [1, 2, 3]);
  assert.deepEqual(viewer.atomState, neutral.params);
  assert.deepEqual(
    maps.map(({ resolvable, resolution }) => [resolvable, resolution.length]),
    [
      [true, map.data.length],
      [false, 0],
    ],
  );
  explorer.close();
});

test("a page that is stopped leaves nothing", async () => {
  const controller = new AbortController();
  const stopped = exportPage(run, bench.at("stopped.html"), {
    signal: controller.signal,
    onProgress: ({ note }) => note === "writing" || controller.abort(),
  });
  await assert.rejects(stopped, StoppedError);
  assert.ok(!existsSync(bench.at("stopped.html")));
  assert.ok(!readdirSync(bench.folder).some((name) => name.includes("stopped")));
  await assert.rejects(exportPage(run, bench.at("none.html"), { particles: 0 }), /particles/);
});

test("the explorer sends its decoder to a page, which finds places as the kernel does", async () => {
  const explorer = await explore(run);
  const answer = await bench.page.ask(explorer, { kind: "decoder", part: 0 } as never);
  assert.equal((answer as unknown as { parts: number }).parts, 0);
  const live = await openDecoder(explorer.get("decoder"));
  explorer.scatter.set({ x: "PC 1", y: "z2" });
  explorer.scatter.probe = [0.3, -0.4];
  const { formulas, probe } = explorer.scatter.state;
  const target = { "PC 1": 0.7, z2: 0.2 };
  explorer.scatter.set({ probeTo: target });
  const z = draggedTo(target, probe, formulas)!;
  assert.deepEqual(
    z.map((value) => value.toFixed(9)),
    explorer.scatter.probe.map((value) => value.toFixed(9)),
  );
  placeAlong(z, ["PC 1", "z2"], formulas, []).forEach((value, i) => {
    assert.ok(Math.abs(value - explorer.scatter.get("probePlace")[i]!) < 1e-6);
  });
  assert.ok(largestDistance(live.decode(z), run.decode(z).params) < 0.01);
  assert.equal(draggedTo({ charge: 1 }, probe, formulas), undefined);
  explorer.close();
});
