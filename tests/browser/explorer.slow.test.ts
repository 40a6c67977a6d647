import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { copyRun, fixtureSize } from "./fixture";
import { artefacts, command, Lab, launchChromium, runAllCells, runCell, skip } from "./lab";

const { particles: COUNT, gaussians: N, boxSize, apix } = fixtureSize;
const EDGE = boxSize * apix;
const hostile = "<img src=x onerror='window.hacked=1'> ../../x";

/** The viewer's interface for tests. */
type ViewerElement = HTMLElement & {
  e2gmmView?: {
    stage: { drawn(): Promise<void> };
    drawing: { drawnPositions(): Float32Array; triangles(name: string): number | undefined };
  };
};
type PlotElement = HTMLElement & {
  _fullLayout: Record<"xaxis" | "yaxis", { range: [number, number] }>;
};

const cells = (run: string) => [
  `import * as e2 from "e2gmm";
const explorer = await e2.explore(${JSON.stringify(run)});`,
  "explorer",
];

describe("the explorer in JupyterLab", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  const newPage = async () => {
    const made = await browser.newPage({ viewport: { width: 1500, height: 1150 } });
    made.on("pageerror", (error) => errors.push(error.message));
    return made;
  };
  const json = async (expression: string, on = page) =>
    JSON.parse(await runCell(on, `console.log(JSON.stringify(${expression}))`));
  const explorerOf = (on: Page) => on.locator(".e2gmm-explorer").first();
  const shown = async (on: Page) => {
    const explorer = explorerOf(on);
    await explorer
      .locator(".e2gmm-scatter[data-drawn]")
      .waitFor()
      .catch(async (error) => {
        await on.screenshot({ path: path.join(artefacts, "explorer-failed.png") });
        throw error;
      });
    await on.waitForFunction(
      () =>
        (document.querySelector(".e2gmm-viewer") as ViewerElement | null)?.e2gmmView?.drawing !== undefined,
    );
    await explorer.scrollIntoViewIfNeeded();
  };
  const shot = (name: string, of: Locator = explorerOf(page)) =>
    of.screenshot({ path: path.join(artefacts, `explorer-${name}.png`) });
  const statusSays = (pattern: RegExp, on: Page = page) =>
    explorerOf(on).locator(".e2gmm-explorer-status").filter({ hasText: pattern }).waitFor();
  const drawnPlaces = (on: Page): Promise<number[]> =>
    on.evaluate(async () => {
      const view = (document.querySelector(".e2gmm-viewer") as ViewerElement).e2gmmView!;
      await view.stage.drawn();
      return [...view.drawing.drawnPositions()];
    });
  /** Waits until the spheres are at the Gaussians that the kernel decodes from latent coordinates. */
  const spheresAt = async (z: readonly number[], on = page) => {
    const expected: number[] = await json(
      `(() => { const { params } = explorer.run!.decode([${z.join(",")}]);
        return Array.from({ length: ${3 * N} }, (_, i) => params[(i % 3) * ${N} + Math.floor(i / 3)]! * ${EDGE}); })()`,
      on,
    );
    let far = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 50 && far > 1e-3; tries++) {
      const found = await drawnPlaces(on);
      assert.equal(found.length, 3 * N);
      far = Math.max(...found.map((place, i) => Math.abs(place - expected[i]!)));
      if (far > 1e-3) await on.waitForTimeout(100);
    }
    assert.ok(far <= 1e-3, `a sphere is ${far} Å from its Gaussian`);
  };
  /** The plot's position on the page and its axes. */
  const plot = async () => {
    await explorerOf(page).scrollIntoViewIfNeeded();
    return page.evaluate(() => {
      const { left, top, width, height } = document
        .querySelector(".e2gmm-scatter-overlay")!
        .getBoundingClientRect();
      const { xaxis, yaxis } = (document.querySelector(".e2gmm-scatter-plotly") as PlotElement)._fullLayout;
      return { left, top, width, height, x: [...xaxis.range], y: [...yaxis.range] };
    });
  };
  const dragThrough = async (points: readonly (readonly [number, number])[]) => {
    await page.mouse.move(...(points[0] as [number, number]));
    await page.mouse.down();
    for (const point of points.slice(1)) await page.mouse.move(...(point as [number, number]), { steps: 4 });
    await page.mouse.up();
  };

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
    copyRun(lab.folder, "adk run");
    page = await newPage();
    lab.writeNotebook("one.ipynb", cells("adk run"));
    await lab.open(page, "one.ipynb");
    await runAllCells(page);
    await shown(page);
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  test("the Gaussians follow the dragged probe as the kernel decodes it", async () => {
    await spheresAt([0, 0]);
    const before = await drawnPlaces(page);
    const { left, top, width, height, x, y } = await plot();
    const ring = (await page.locator(".e2gmm-scatter-probe-ring").boundingBox())!;
    const to: [number, number] = [Math.round(left + 0.75 * width), Math.round(top + 0.35 * height)];
    await dragThrough([
      [ring.x + ring.width / 2, ring.y + ring.height / 2],
      [left + width / 2, top + height / 2],
      to,
    ]);
    const expected = [
      x[0]! + ((to[0] - left) / width) * (x[1]! - x[0]!),
      y[1]! - ((to[1] - top) / height) * (y[1]! - y[0]!),
    ];
    // The page sends the latest pointer position after the previous one has been answered.
    let probe: number[] = [];
    const apart = () => Math.hypot(probe[0]! - expected[0]!, probe[1]! - expected[1]!);
    for (let tries = 0; tries < 50 && !(apart() < 1e-6); tries++) {
      if (tries > 0) await page.waitForTimeout(200);
      probe = await json("explorer.scatter.probe");
    }
    assert.ok(apart() < 1e-6, `${probe} is not ${expected}`);
    await spheresAt(probe);
    const moved = (await drawnPlaces(page)).map((place, i) => Math.abs(place - before[i]!));
    assert.ok(Math.max(...moved) > 0.1, `the Gaussians moved by ${Math.max(...moved)} Å`);
  });

  test("an empty selection is reported; a lasso selection becomes a set, which is reconstructed and shown", async () => {
    const controls = explorerOf(page).locator(".e2gmm-explorer-controls");
    await controls.getByTitle("Make a set from the selection in the plot").click();
    await statusSays(/First select particles in the plot/);

    await page.locator('.e2gmm-scatter-button[data-tool="lasso"]').click();
    const { left, top, width, height, x, y } = await plot();
    const at = (fx: number, fy: number) =>
      [Math.round(left + fx * width), Math.round(top + fy * height)] as const;
    const [low, high] = [at(0.05, 0.02), at(0.5, 0.85)];
    const corners = [low, [high[0], low[1]], high, [low[0], high[1]], low] as const;
    await dragThrough(corners);
    const latents: number[] = await json("Array.from((await explorer.run!.latents()).refined)");
    const numberAt = (px: number, from: number, size: number, [a, b]: number[]) =>
      a! + ((px - from) / size) * (b! - a!);
    const [x0, x1] = [low[0], high[0]].map((px) => numberAt(px, left, width, x));
    const [y0, y1] = [high[1], low[1]].map((py) => numberAt(py, top, height, [y[1]!, y[0]!]));
    const inside = Array.from({ length: COUNT }, (_, i) => i).filter((i) => {
      const [a, b] = [latents[2 * i]!, latents[2 * i + 1]!];
      return a > x0! && a < x1! && b > y0! && b < y1!;
    });
    assert.ok(inside.length > 20 && inside.length < COUNT - 20, `${inside.length} inside`);
    await controls
      .getByTitle(/Make a set/)
      .filter({ hasText: `(${inside.length})` })
      .click();
    await statusSays(/Made the set “set 1”/);
    assert.deepEqual(await json('Array.from(explorer.sets.get("set 1").rows)'), inside);

    const name = page.locator(".e2gmm-explorer-name");
    await name.fill(hostile);
    await name.press("Enter");
    await page.locator(`.e2gmm-explorer-name[aria-label="Name of the set ${hostile}"]`).waitFor();
    await page.locator(".e2gmm-explorer-sets").getByText("Reconstruct").click();
    await page.locator(".e2gmm-explorer-map input[type=checkbox]:checked").waitFor();
    assert.match((await page.locator("td.e2gmm-explorer-number").nth(1).textContent())!, /^\d+\.\d Å$/);
    await page.waitForFunction(
      (set) =>
        ((document.querySelector(".e2gmm-viewer") as ViewerElement).e2gmmView!.drawing.triangles(set) ?? 0) >
        100,
      hostile,
    );
    assert.equal(await page.locator(".e2gmm-explorer-curves").count(), 2);
    assert.equal(await page.locator(".e2gmm-explorer :is(a, script), .e2gmm-explorer-sets img").count(), 0);
    assert.equal(await page.evaluate(() => "hacked" in window), false);
    await shot("light");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Dark" });
    await page.waitForFunction(() => document.body.dataset["jpThemeLight"] === "false");
    await page.waitForTimeout(500);
    await shot("dark");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Light" });
  });

  test("clusters, their union, images and exports work; file names outside the folder are refused", async () => {
    const controls = explorerOf(page).locator(".e2gmm-explorer-controls");
    await controls.getByLabel("Number of clusters").fill("3");
    await controls.getByTitle("Divide all particles into clusters").click();
    await statusSays(/Made 3 sets/);
    await page.getByLabel("Tick k-means 1 of 3").check();
    await page.getByLabel("Tick k-means 3 of 3").check();
    await explorerOf(page).getByTitle("A set of all particles of the ticked sets").click();
    await statusSays(/Made the set “k-means 1 of 3 ∪ k-means 3 of 3”/);
    const sizes: number[] = await json("[...explorer.sets].map(({ rows }) => rows.length)");
    assert.equal(sizes[4], sizes[1]! + sizes[3]!);
    assert.equal(sizes[1]! + sizes[2]! + sizes[3]!, COUNT);

    await page
      .locator("tr", { has: page.getByLabel("Tick k-means 2 of 3") })
      .getByText("Images")
      .click();
    const picture = page.locator(".e2gmm-explorer-images img");
    await picture.waitFor();
    assert.ok(
      (await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))) >
        300,
    );
    await shot("images", page.locator(".e2gmm-explorer-images"));
    await page.getByTitle("Close the images").click();

    await page.getByLabel("Tick k-means 3 of 3").uncheck();
    await controls.getByTitle("Write particles, map or model to files").click();
    const file = page.locator(".e2gmm-explorer-file");
    const write = page.locator(".e2gmm-explorer-export button[type=submit]");
    await file.fill("../outside.star");
    await write.click();
    await statusSays(/outside\.star.*below|below.*outside\.star/);
    assert.ok(!existsSync(path.join(lab.folder, "../outside.star")));
    await file.fill("sets/first.star");
    await write.click();
    await statusSays(/Wrote .*sets\/first\.star/);
    const star = readFileSync(path.join(lab.folder, "sets/first.star"), "utf8");
    assert.equal(star.split("\n").filter((line) => line.includes("@")).length, sizes[1]);
    await write.click();
    await statusSays(/sets\/first\.star.*already/);
  });

  test("a set that is too small is reported, and the explorer keeps working", async () => {
    await runCell(page, 'explorer.sets.add([1, 2, 3], { name: "tiny" });');
    const row = page.locator("tr", { has: page.getByLabel("Tick tiny", { exact: true }) });
    await row.getByText("Reconstruct").click();
    await statusSays(/tiny.* too few particles.*3.*10/);
    await row.getByLabel("Tick tiny").check();
    assert.equal(await json("explorer.sets.size"), 6);
  });

  test("after a reload sets, probe, map and ticks are restored", async () => {
    const probe: number[] = await json("explorer.scatter.probe");
    const ticked = await page.locator(".e2gmm-explorer-sets tbody input[type=checkbox]:checked").count();
    await command(page, "docmanager:save");
    await lab.open(page, "one.ipynb");
    await shown(page);
    await page.locator(".e2gmm-explorer-sets tbody tr").nth(5).waitFor();
    const names = await page
      .locator(".e2gmm-explorer-name")
      .evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value));
    assert.deepEqual(names, [
      hostile,
      "k-means 1 of 3",
      "k-means 2 of 3",
      "k-means 3 of 3",
      "k-means 1 of 3 ∪ k-means 3 of 3",
      "tiny",
    ]);
    assert.equal(
      await page.locator(".e2gmm-explorer-sets tbody input[type=checkbox]:checked").count(),
      ticked,
    );
    await page.waitForFunction(
      (set) =>
        ((document.querySelector(".e2gmm-viewer") as ViewerElement).e2gmmView!.drawing.triangles(set) ?? 0) >
        100,
      hostile,
    );
    await spheresAt(probe);
  });

  test("two notebooks with two kernels have a ring each, and the sets of the run together", async () => {
    const other = await newPage();
    lab.writeNotebook("two.ipynb", cells("adk run"));
    await lab.open(other, "two.ipynb");
    await runAllCells(other);
    await shown(other);
    const probe = await json("explorer.scatter.probe");
    await runCell(
      other,
      'explorer.scatter.probe = [-0.3, -0.6]; const { id: ofTwo } = explorer.sets.add([5], { name: "of two" });',
    );
    await spheresAt([-0.3, -0.6], other);
    const rows = (on: Page, count: number) =>
      on.waitForFunction(
        (expected) => document.querySelectorAll(".e2gmm-explorer-sets tbody tr").length === expected,
        count,
      );
    await rows(other, 7);
    await rows(page, 7);
    assert.deepEqual(await json("explorer.scatter.probe"), probe);
    await runCell(other, "explorer.sets.remove([ofTwo])");
    await rows(page, 6);
    await spheresAt(probe);
    await command(other, "kernelmenu:shutdown");
    await other.close();
  });

  test("the notebook's button opens the same explorer as a panel; both share one probe", async () => {
    await page
      .locator(".jp-NotebookPanel-toolbar")
      .getByTitle("Open the explorer of a run in this notebook's kernel")
      .click();
    const panel = page.locator(".e2gmm-explorerPanel");
    await panel.getByTitle("Show this explorer").click();
    await panel.locator(".e2gmm-explorer .e2gmm-scatter[data-drawn]").waitFor();
    assert.equal(await panel.locator(".e2gmm-explorer-sets tbody tr").count(), 6);
    await shot("panel", page.locator("#jp-main-dock-panel"));
    await panel.locator(".e2gmm-scatter-probe").focus();
    await page.keyboard.press("ArrowRight");
    const inPanel = await panel.locator(".e2gmm-scatter-probe").getAttribute("aria-valuetext");
    await command(page, "application:close");
    await command(page, "docmanager:open", { path: "one.ipynb" });
    await page.waitForFunction(
      (text) =>
        document.querySelector(".jp-Notebook .e2gmm-scatter-probe")?.getAttribute("aria-valuetext") === text,
      inPanel,
    );
  });

  test("the launcher opens a panel with a new kernel, which is restored after a reload", async () => {
    const workspace = randomUUID();
    const other = await newPage();
    await lab.open(other, "", workspace);
    await other.locator(".jp-LauncherCard", { hasText: "Explore run" }).click();
    const panel = other.locator(".e2gmm-explorerPanel");
    await panel.getByRole("button", { name: "Start a kernel" }).click();
    await panel.getByTitle("Open the explorer of this run").filter({ hasText: "adk run" }).click();
    await shown(other);
    const placeOf = () => panel.locator(".e2gmm-scatter-probe").getAttribute("aria-valuetext");
    // The picture is drawn once before the kernel has answered everything, and a key that is pressed then may be lost.
    for (let tries = 0; (await placeOf()) === "z1 0, z2 0" && tries < 10; tries++) {
      await panel.locator(".e2gmm-scatter-probe").focus();
      await other.keyboard.press("Shift+ArrowRight");
      await other.waitForTimeout(2000);
    }
    const place = await placeOf();
    assert.notEqual(place, "z1 0, z2 0");
    await lab.open(other, "", workspace);
    await other.locator(".e2gmm-explorerPanel .e2gmm-scatter[data-drawn]").waitFor();
    assert.equal(await panel.locator(".e2gmm-scatter-probe").getAttribute("aria-valuetext"), place);
    await other.close();
  });

  test("a kernel restart is reported, and the last frame stays", async () => {
    await page.evaluate(async () => {
      // biome-ignore lint/suspicious/noExplicitAny: JupyterLab's own objects, which have no types in a page
      const { sessionContext } = (window as any).jupyterapp.shell.currentWidget;
      await sessionContext.session.kernel.restart();
    });
    await statusSays(
      /The kernel is no longer running\. The molecule still follows the ring, decoded in this page; run the cell again for all else\./,
    );
    assert.equal(
      await explorerOf(page)
        .locator("fieldset.e2gmm-explorer-controls")
        .evaluate((controls: HTMLFieldSetElement) => controls.disabled),
      true,
    );
    const rows = explorerOf(page).getByRole("table", { name: "Sets of particles" });
    assert.ok(await rows.getByRole("button", { name: "Reconstruct" }).first().isDisabled());
    assert.equal((await drawnPlaces(page)).length, 3 * N);
    await runAllCells(page);
    await shown(page);
    await spheresAt([0, 0]);
    await command(page, "kernelmenu:shutdown");
    assert.deepEqual(errors, []);
  });
});
