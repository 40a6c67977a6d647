import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { artefacts, command, Lab, launchChromium, runAllCells, runCell, skip } from "./lab";

const N = 400;

/** A model of two domains; `bent(angle)` turns the upper one about y. */
const cells = [
  `import * as e2 from "e2gmm";
const N = ${N};
const random = new e2.Random(7);
const neutral = e2.model.empty(N, 48, 3);
for (let i = 0; i < N; i++) {
  const lower = i < 240;
  const centre = lower ? [-0.05, 0, -0.12] : [0.05, 0.02, 0.14];
  const spread = lower ? 0.075 : 0.05;
  for (let axis = 0; axis < 3; axis++) neutral.params[axis * N + i] = centre[axis]! + spread * random.normal();
  neutral.params[3 * N + i] = random.uniform() + 0.5;
  neutral.params[4 * N + i] = 0.8 + 0.4 * random.uniform();
}
function bent(angle: number) {
  const model = { ...neutral, params: neutral.params.slice() };
  for (let i = 240; i < N; i++) {
    const [x, z] = [neutral.params[i]!, neutral.params[2 * N + i]!];
    model.params[i] = x * Math.cos(angle) + z * Math.sin(angle);
    model.params[2 * N + i] = z * Math.cos(angle) - x * Math.sin(angle);
  }
  return model;
}
const places = (model: typeof neutral) =>
  console.log(JSON.stringify(Array.from({ length: N }, (_, i) => [0, 1, 2].map((a) => model.params[a * N + i]! * 48 * 3))));
const hostile = "<b>map</b> <img src=x onerror='window.hacked = 1'> ../../etc";
const viewer = new e2.explorer.GaussianViewer({ neutral, title: "Two domains <img src=x onerror='window.hacked = 1'>" });`,
  "viewer",
];

/** The viewer's interface for tests in the page. */
interface ViewInPage {
  stage: {
    pick(x: number, y: number): number | undefined;
    drawn(): Promise<void>;
    canvas: HTMLCanvasElement;
    fit(box: object): void;
  };
  drawing: {
    drawnPositions(): Float32Array;
    triangles(name: string): number | undefined;
    neutralPlaceOf(index: number): number[];
  };
  model: {
    get(key: string): unknown;
    set(state: object): void;
    widget_manager: { create_view(model: unknown): Promise<ViewInPage> };
    trigger(event: string): void;
  };
  luminoWidget: { dispose(): void };
}
type Element = HTMLElement & { e2gmmView?: ViewInPage };

async function opened(page: Page): Promise<void> {
  await page.waitForFunction(
    () => (document.querySelector(".e2gmm-viewer") as Element | null)?.e2gmmView?.drawing !== undefined,
  );
}

/** Centres of the spheres in the buffer that is drawn. */
function drawnPlaces(page: Page): Promise<number[][]> {
  return page.evaluate(async () => {
    const view = (document.querySelector(".e2gmm-viewer") as Element).e2gmmView!;
    await view.stage.drawn();
    const flat = [...view.drawing.drawnPositions()];
    return Array.from({ length: flat.length / 3 }, (_, i) => flat.slice(3 * i, 3 * i + 3));
  });
}

function assertNear(found: number[][], expected: number[][], tolerance: number): void {
  assert.equal(found.length, expected.length);
  const far = Math.max(...found.map((place, i) => Math.hypot(...place.map((v, a) => v - expected[i]![a]!))));
  assert.ok(far <= tolerance, `a sphere is ${far} Å from its Gaussian`);
}

/** The cell may be scrolled out of view, so its text is read without a visibility check. */
async function says(page: Page, selector: string, pattern: RegExp): Promise<void> {
  await page.waitForFunction(
    ([place, source]) => new RegExp(source!).test(document.querySelector(place!)?.textContent ?? ""),
    [selector, pattern.source] as const,
  );
}

function statusSays(page: Page, pattern: RegExp): Promise<void> {
  return says(page, ".e2gmm-viewer .e2gmm-status", pattern);
}

describe("the Gaussian viewer", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
    page = await browser.newPage({ viewport: { width: 1300, height: 900 } });
    page.on("pageerror", (error) => errors.push(error.message));
    lab.writeNotebook("viewer.ipynb", cells);
    await lab.open(page, "viewer.ipynb");
    await runAllCells(page);
    await opened(page);
  });
  afterAll(async () => {
    if (page && !page.isClosed()) await command(page, "kernelmenu:shutdown").catch(() => {});
    await browser?.close();
    await lab?.stop();
  });

  test("draws every Gaussian at its position in Å and follows the kernel", async () => {
    assertNear(await drawnPlaces(page), JSON.parse(await runCell(page, "places(neutral)")), 1e-3);
    await page
      .locator(".e2gmm-viewer")
      .screenshot({ path: path.join(artefacts, "gaussianViewer-light.png") });
    const expected = JSON.parse(await runCell(page, "viewer.show(bent(0.6)); places(bent(0.6))"));
    await page.waitForFunction(
      (x) =>
        Math.abs(
          (document.querySelector(".e2gmm-viewer") as Element).e2gmmView!.drawing.drawnPositions()[900]! - x,
        ) < 1e-3,
      expected[300][0] as number,
    );
    assertNear(await drawnPlaces(page), expected, 1e-3);
  });

  test("shows a map as a surface with its name as text, and reports a different box size", async () => {
    await runCell(page, "viewer.setMap(hostile, e2.model.density(bent(0.6), { boxSize: 40, apix: 3 }))");
    await page.waitForFunction(
      () =>
        ((document.querySelector(".e2gmm-viewer") as Element).e2gmmView!.drawing.triangles(
          "<b>map</b> <img src=x onerror='window.hacked = 1'> ../../etc",
        ) ?? 0) > 100,
    );
    const row = page.locator(".e2gmm-viewer .e2gmm-map-name").nth(1);
    assert.equal(await row.textContent(), "<b>map</b> <img src=x onerror='window.hacked = 1'> ../../etc");
    await statusSays(page, /its box \(120 × 120 × 120 Å\) differs from the model's \(144 Å\)/);
    assert.equal(await page.evaluate(() => "hacked" in window), false);
    assert.equal(await page.locator(".e2gmm-viewer img").count(), 0);
    // A level set by the user reaches the kernel
    const level = page.locator(".e2gmm-viewer .e2gmm-map .e2gmm-number").nth(1);
    await level.fill("0.5");
    await level.press("Enter");
    // The page may hold a change back until an earlier one is answered
    let reached = "";
    for (let tries = 0; reached !== "0.5" && tries < 20; tries++) {
      reached = (await runCell(page, "console.log(viewer.maps[0].level)")).trim();
    }
    assert.equal(reached, "0.5");
  });

  test("a shape placed by clicking a Gaussian sets the region in the kernel", async () => {
    await page.locator(".e2gmm-viewer summary", { hasText: "Region" }).click();
    await page.getByLabel("Radius of the sphere or half the edge of the box in Å").fill("15");
    await page.getByRole("button", { name: "Then click a Gaussian to place the shape there" }).click();
    await page.locator(".e2gmm-viewer").scrollIntoViewIfNeeded();
    const spot = await page.evaluate(() => {
      const { stage, drawing } = (document.querySelector(".e2gmm-viewer") as Element).e2gmmView!;
      const box = stage.canvas.getBoundingClientRect();
      for (let part = 0.3; part < 0.7; part += 0.01) {
        const [x, y] = [box.left + part * box.width, box.top + 0.5 * box.height];
        const index = stage.pick(x, y);
        if (index !== undefined) return { x, y, index, centre: drawing.neutralPlaceOf(index) };
      }
      return undefined;
    });
    assert.ok(spot, "no Gaussian lies across the middle of the picture");
    await page.mouse.click(spot.x, spot.y);
    await says(page, ".e2gmm-viewer .e2gmm-section:last-child > .e2gmm-note", /\d+ of 400 Gaussians/);
    const neutral: number[][] = JSON.parse(await runCell(page, "places(neutral)"));
    const expected = neutral.flatMap((place, i) =>
      Math.hypot(...place.map((v, a) => v - spot.centre[a]!)) <= 15 ? [i] : [],
    );
    const region = JSON.parse(
      await runCell(
        page,
        "console.log(JSON.stringify([...viewer.region.keys()].filter((i) => viewer.region[i])))",
      ),
    );
    assert.ok(region.includes(spot.index));
    assert.deepEqual(region, expected);
    await page
      .locator(".e2gmm-viewer")
      .screenshot({ path: path.join(artefacts, "gaussianViewer-region.png") });
  });

  test("shows one map alone, opaque, without dust, in the colours of the displacement from the mean", async () => {
    await runCell(
      page,
      `viewer.setMean(bent(0.2)); viewer.show(bent(0.6));
const specked = e2.model.density(bent(0.6), { boxSize: 48, apix: 3 });
for (const i of [0, 1, 48, 49]) specked.data[i + 48 * 48 * 5 + 48 * 5 + 5] = 20;
viewer.setMap("specked", specked)`,
    );
    const triangles = () =>
      page.evaluate(
        () =>
          (document.querySelector(".e2gmm-viewer") as Element).e2gmmView!.drawing.triangles("specked") ?? 0,
      );
    const become = async (right: (count: number) => boolean) => {
      let count = await triangles();
      for (let tries = 0; !right(count) && tries < 100; tries++) {
        await page.waitForTimeout(100);
        count = await triangles();
      }
      assert.ok(right(count), String(count));
      return count;
    };
    const clean = await become((count) => count > 100);
    const rows = page.locator(".e2gmm-viewer .e2gmm-map").last();
    const dust = rows.locator("label", { hasText: "Dust" }).locator("input");
    assert.equal(await dust.getAttribute("aria-valuetext"), "< 15 Å");
    await dust.fill("0");
    await become((count) => count > clean);
    await dust.fill("15");
    await become((count) => count === clean);
    await page.getByRole("button", { name: "Show only specked, opaque" }).click();
    await page.getByLabel("State from which displacements are counted").selectOption("mean");
    await page.getByLabel("Colouring of specked").selectOption("displacement");
    await says(page, ".e2gmm-viewer .e2gmm-legend", /Displacement from the mean \(Å\)/);
    await become((count) => count === clean);
    let state = "";
    const alone = '[false,[false,true],1,"mean","displacement"]';
    for (let tries = 0; state !== alone && tries < 20; tries++) {
      state = (
        await runCell(
          page,
          "console.log(JSON.stringify([viewer.spheresVisible, viewer.maps.map((map) => map.visible), viewer.maps[1].opacity, viewer.displacementFrom, viewer.maps[1].colourBy]))",
        )
      ).trim();
    }
    assert.equal(state, alone);
    await page
      .locator(".e2gmm-viewer")
      .screenshot({ path: path.join(artefacts, "gaussianViewer-alone.png") });
    await runCell(
      page,
      "viewer.set({ spheresVisible: true }); viewer.setMap('specked', null); viewer.maps[0].visible = true",
    );
  });

  test("saves its picture as PNG", async () => {
    const [png] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save the picture" }).click(),
    ]);
    assert.match(png.suggestedFilename(), /^Two domains _img src=x onerror='window\.hacked = 1'_\.png$/);
    assert.equal(
      readFileSync((await png.path())!)
        .subarray(1, 4)
        .toString(),
      "PNG",
    );
  });

  test("plays a path, saves it as a movie and as PDB models", async () => {
    await runCell(
      page,
      "viewer.play([0, 0.2, 0.4, 0.6].map(bent), { framesPerSecond: 24, name: 'bending' });",
    );
    const player = page.locator(".e2gmm-viewer .e2gmm-player");
    await player.waitFor();
    await page.getByRole("button", { name: "Pause the path" }).click();
    await page.getByRole("slider", { name: "Frame" }).fill("3");
    const last = JSON.parse(await runCell(page, "places(bent(0.6))"));
    // Frames are quantized in steps of 1/65535 of the range
    assertNear(await drawnPlaces(page), last, 0.01);
    const [movie] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: /WebM/ }).click(),
    ]);
    assert.match(movie.suggestedFilename(), /\.webm$/);
    assert.ok(!/[/\\<>]/.test(movie.suggestedFilename()));
    assert.ok(statSync((await movie.path())!).size > 1000);
    const [pdb] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save the path as a PDB file of several models" }).click(),
    ]);
    assert.equal(pdb.suggestedFilename(), "bending.pdb");
    const text = readFileSync((await pdb.path())!, "utf8");
    assert.equal(text.match(/^MODEL /gm)?.length, 4);
    assert.equal(text.match(/^ATOM /gm)?.length, 4 * N);
  });

  test("restores its state after a page reload", async () => {
    await runCell(page, "viewer.show(bent(0.3)); viewer.colourBy = 'amplitude';");
    await page.waitForFunction(
      () =>
        (document.querySelector(".e2gmm-viewer") as Element).e2gmmView!.model.get("colourBy") === "amplitude",
    );
    await command(page, "docmanager:save");
    await page.reload();
    await page.locator(".jp-Notebook .jp-Cell").first().waitFor();
    await opened(page);
    await page.waitForFunction(
      () =>
        (document.querySelector(".e2gmm-viewer") as Element).e2gmmView!.drawing.drawnPositions().length > 0,
    );
    assertNear(await drawnPlaces(page), JSON.parse(await runCell(page, "places(bent(0.3))")), 1e-3);
    const state = await page.evaluate(() => {
      const { model, drawing } = (document.querySelector(".e2gmm-viewer") as Element).e2gmmView!;
      return {
        colourBy: model.get("colourBy"),
        shapes: (model.get("shapes") as unknown[]).length,
        triangles: drawing.triangles("<b>map</b> <img src=x onerror='window.hacked = 1'> ../../etc"),
      };
    });
    assert.equal(state.colourBy, "amplitude");
    assert.equal(state.shapes, 1);
    assert.ok((state.triangles ?? 0) > 100);
  });

  test("reports the loss of the WebGL context and draws again when it is restored", async () => {
    const lose = (back: boolean) =>
      page.evaluate((restore) => {
        const holder = window as unknown as { lost?: WEBGL_lose_context | null };
        const { canvas } = (document.querySelector(".e2gmm-viewer") as Element).e2gmmView!.stage;
        const gl = canvas.getContext("webgl2") ?? canvas.getContext("webgl");
        holder.lost ??= gl!.getExtension("WEBGL_lose_context");
        if (restore) holder.lost!.restoreContext();
        else holder.lost!.loseContext();
      }, back);
    await lose(false);
    await statusSays(page, /The browser has released the 3-D view/);
    await page.waitForTimeout(100);
    await lose(true);
    await page.waitForFunction(
      () => !/released the 3-D view/.test(document.querySelector(".e2gmm-status")?.textContent ?? ""),
    );
    const spots = await page.evaluate(async () => {
      const { stage } = (document.querySelector(".e2gmm-viewer") as Element).e2gmmView!;
      await stage.drawn();
      const small = document.createElement("canvas");
      small.width = small.height = 40;
      const context = small.getContext("2d")!;
      context.drawImage(stage.canvas, 0, 0, 40, 40);
      const { data } = context.getImageData(0, 0, 40, 40);
      return data.filter((value, i) => i % 4 === 3 && value > 0).length;
    });
    assert.ok(spots > 20, "nothing is drawn");
  });

  test("opening and closing fifty views leaks no WebGL context and no memory", async () => {
    await runCell(page, "viewer.setMap(hostile, null); viewer.play([]); viewer.shapes = [];");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Dark" });
    await page.waitForTimeout(500);
    await drawnPlaces(page);
    await page.locator(".e2gmm-viewer").screenshot({ path: path.join(artefacts, "gaussianViewer-dark.png") });
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Performance.enable");
    await cdp.send("HeapProfiler.enable");
    const heap = async () => {
      for (let i = 0; i < 3; i++) await cdp.send("HeapProfiler.collectGarbage");
      const { metrics } = await cdp.send("Performance.getMetrics");
      const metric = (wanted: string) => metrics.find(({ name }) => name === wanted)!.value;
      return { bytes: metric("JSHeapUsedSize"), nodes: metric("Nodes") };
    };
    const rounds = (count: number) =>
      page.evaluate(async (times) => {
        const holder = window as unknown as { contexts?: WeakRef<WebGLRenderingContext>[] };
        if (!holder.contexts) {
          const contexts: WeakRef<WebGLRenderingContext>[] = [];
          holder.contexts = contexts;
          const original = HTMLCanvasElement.prototype.getContext;
          // biome-ignore lint/suspicious/noExplicitAny: the browser's own overloads
          (HTMLCanvasElement.prototype as any).getContext = function (kind: string, ...rest: unknown[]) {
            // biome-ignore lint/suspicious/noExplicitAny: as above
            const context = (original as any).call(this, kind, ...rest);
            if (context && kind.startsWith("webgl") && !contexts.some((one) => one.deref() === context)) {
              contexts.push(new WeakRef(context));
            }
            return context;
          };
        }
        const first = (document.querySelector(".e2gmm-viewer") as Element).e2gmmView!;
        // biome-ignore lint/suspicious/noExplicitAny: JupyterLab's own objects, which have no types in a page
        const { outputArea } = (window as any).jupyterapp.shell.currentWidget.content.widgets[1];
        for (let i = 0; i < times; i++) {
          const view = await first.model.widget_manager.create_view(first.model);
          outputArea.layout.addWidget(view.luminoWidget);
          for (let wait = 0; !view.drawing && wait < 500; wait++) await new Promise((r) => setTimeout(r, 10));
          if (!view.drawing) throw new Error(`view ${i + 1} did not open`);
          await view.stage.drawn();
          view.luminoWidget.dispose();
        }
        const made = holder.contexts.map((one) => one.deref());
        return { made: made.length, live: made.filter((one) => one && !one.isContextLost()).length };
      }, count);
    await rounds(5);
    const before = await heap();
    const { made, live } = await rounds(50);
    const after = await heap();
    const [bytes, nodes] = [after.bytes - before.bytes, after.nodes - before.nodes];
    assert.ok(made >= 55, `only ${made} contexts were made`);
    assert.equal(live, 0, "contexts are still held");
    // One view holds some 400 nodes and more than 100 kB
    assert.ok(nodes < 1000, `${nodes} nodes of closed views remain`);
    assert.ok(bytes < 2.5e6, `memory has grown by ${(bytes / 1e6).toFixed(1)} MB`);
  });

  test("a state of 3,082 Gaussians is drawn completely after each of forty changes", async () => {
    await runCell(
      page,
      `const many = e2.model.empty(3082, 96, 2);
for (let i = 0; i < 3 * 3082; i++) many.params[i] = 0.1 * random.normal();
many.params.fill(1, 3 * 3082);
const large = new e2.explorer.GaussianViewer({ neutral: many });
large`,
    );
    await page.waitForFunction(
      () =>
        ([...document.querySelectorAll(".e2gmm-viewer")].at(-1) as Element).e2gmmView?.drawing !== undefined,
    );
    const { times, far } = await page.evaluate(async () => {
      const { model, stage, drawing } = ([...document.querySelectorAll(".e2gmm-viewer")].at(-1) as Element)
        .e2gmmView!;
      const state = model.get("gaussians") as Float32Array;
      const times: number[] = [];
      let far = 0;
      for (let round = 1; round <= 40; round++) {
        const next = state.map((value, i) => (i < 3082 ? value + 0.002 * round : value));
        const start = performance.now();
        const drawn = stage.drawn();
        model.set({ gaussians: next });
        await drawn;
        times.push(performance.now() - start);
        const places = drawing.drawnPositions();
        for (let i = 0; i < 3082; i++) far = Math.max(far, Math.abs(places[3 * i]! - 192 * next[i]!));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return { times: times.sort((a, b) => a - b), far };
    });
    assert.ok(far < 1e-3, `a sphere is ${far} Å from its Gaussian`);
    console.log(
      `from the state to the drawn frame, in software: median ${times[20]!.toFixed(1)} ms, p95 ${times[37]!.toFixed(1)} ms`,
    );
  });

  test("missing WebGL is reported, and the rest of the notebook works", async () => {
    const other = await browser.newPage();
    await other.addInitScript(() => {
      const original = HTMLCanvasElement.prototype.getContext;
      // biome-ignore lint/suspicious/noExplicitAny: the browser's own overloads
      (HTMLCanvasElement.prototype as any).getContext = function (kind: string, ...rest: unknown[]) {
        // biome-ignore lint/suspicious/noExplicitAny: as above
        return kind.includes("webgl") ? null : (original as any).call(this, kind, ...rest);
      };
    });
    lab.writeNotebook("noWebGl.ipynb", cells);
    await lab.open(other, "noWebGl.ipynb");
    await runAllCells(other);
    await statusSays(other, /3-D graphics are not available/);
    assert.equal(await runCell(other, "viewer.show(bent(0.2)); console.log(6 * 7)"), "42\n");
    await statusSays(other, /The rest of the notebook works/);
    await command(other, "kernelmenu:shutdown");
    await other.close();
  });

  test("keeps its last picture and reports that the kernel has stopped", async () => {
    await command(page, "kernelmenu:shutdown");
    await statusSays(page, /The kernel is no longer running/);
    assert.equal((await drawnPlaces(page)).length, N);
    assert.deepEqual(errors, []);
  });
});
