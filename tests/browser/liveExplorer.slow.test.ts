import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { copyRun } from "./fixture";
import { artefacts, command, Lab, launchChromium, runAllCells, runCell, skip } from "./lab";

type ViewerElement = HTMLElement & { e2gmmView?: { drawing?: { shown: Float32Array } } };

describe("the explorer of a notebook decodes in the page", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  let run: Awaited<ReturnType<typeof e2.openRun>>;
  const errors: string[] = [];

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
    run = await e2.openRun(copyRun(lab.folder, "adk run"));
    page = await browser.newPage({ viewport: { width: 1500, height: 1100 } });
    page.on("pageerror", (error) => errors.push(error.message));
    lab.writeNotebook("live.ipynb", [
      'import * as e2 from "e2gmm";\nconst explorer = await e2.explore("adk run");',
      "explorer",
    ]);
    await lab.open(page, "live.ipynb");
    await runAllCells(page);
    await shown();
    await page.locator('.e2gmm-explorer[data-live="true"]').waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    run?.close();
    await lab?.stop();
  });

  const shown = async () => {
    await page
      .locator(".e2gmm-scatter[data-drawn]")
      .waitFor()
      .catch(async (error: Error) => {
        const found = await page.locator(".jp-OutputArea").allInnerTexts();
        await page.screenshot({ path: path.join(artefacts, "explorer-not-shown.png") });
        throw new Error(
          `no explorer; outputs ${JSON.stringify(found)}; page errors ${errors}; ${error.message}`,
        );
      });
    await page.waitForFunction(
      () =>
        (document.querySelector(".e2gmm-viewer") as ViewerElement | null)?.e2gmmView?.drawing !== undefined,
    );
    await page.locator(".e2gmm-explorer").scrollIntoViewIfNeeded();
  };
  /** Drags the ring to a part of the plot area; returns its place there as latent coordinates, which are the axes. */
  const drag = async (across: number, down: number): Promise<number[]> => {
    const area = (await page.locator(".e2gmm-scatter-overlay").boundingBox())!;
    const ring = (await page.locator(".e2gmm-scatter-probe-ring").boundingBox())!;
    const to = [Math.round(area.x + across * area.width), Math.round(area.y + down * area.height)] as const;
    await page.mouse.move(ring.x + ring.width / 2, ring.y + ring.height / 2);
    await page.mouse.down();
    await page.mouse.move(...to, { steps: 10 });
    await page.mouse.up();
    return page.evaluate(([left, top]) => {
      const overlay = document.querySelector(".e2gmm-scatter-overlay")!.getBoundingClientRect();
      const { xaxis, yaxis } = (
        document.querySelector(".e2gmm-scatter-plotly") as unknown as {
          _fullLayout: Record<"xaxis" | "yaxis", { range: [number, number] }>;
        }
      )._fullLayout;
      const part = (from: number, [low, high]: [number, number]) => low + from * (high - low);
      return [
        part((left - overlay.left) / overlay.width, xaxis.range),
        part(1 - (top - overlay.top) / overlay.height, yaxis.range),
      ];
    }, to);
  };
  /** Largest distance in Å of the drawn Gaussians from those that the run decodes at a place. */
  const distance = async (z: readonly number[]) => {
    const drawn = await page.evaluate(async () => {
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      return [...(document.querySelector(".e2gmm-viewer") as ViewerElement).e2gmmView!.drawing!.shown];
    });
    const { params, count, boxSize, apix } = run.decode(z);
    return Math.max(
      ...Array.from({ length: 3 * count }, (_, i) => Math.abs(drawn[i]! - params[i]!) * boxSize * apix),
    );
  };

  test("while the kernel is busy, the molecule follows the ring, and the kernel gets the place", async () => {
    // The kernel does nothing else for a while
    const busy = runCell(
      page,
      "const until = Date.now() + 6000; while (Date.now() < until); console.log('free');",
    );
    await page.locator(".jp-Notebook-ExecutionIndicator[data-status=busy]").waitFor();
    const begun = Date.now();
    const z = await drag(0.8, 0.3);
    const far = await distance(z);
    assert.ok(Date.now() - begun < 5000, "too slow to tell");
    assert.ok(far < 0.01, `${far} Å`);
    assert.match(await busy, /free/);
    let probe: number[] = [];
    for (let tries = 0; tries < 30 && !(Math.hypot(probe[0]! - z[0]!, probe[1]! - z[1]!) < 1e-6); tries++) {
      probe = JSON.parse(await runCell(page, "console.log(JSON.stringify(explorer.scatter.probe))"));
    }
    assert.ok(Math.hypot(probe[0]! - z[0]!, probe[1]! - z[1]!) < 1e-6, `${probe} is not ${z}`);
    assert.ok((await distance(z)) < 0.01);
  });

  test("without a graphics card frames are coarse while the ring is dragged, and sharp once it rests", async () => {
    await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>(".e2gmm-viewer canvas")!;
      // Frames may be coarse already, if the molecule has just moved
      const widths = [canvas.width];
      Object.assign(window, { e2gmmWidths: widths });
      new MutationObserver(() => widths.push(canvas.width)).observe(canvas, { attributeFilter: ["width"] });
    });
    await drag(0.6, 0.4);
    await page.waitForFunction(() => {
      const { e2gmmWidths } = window as unknown as { e2gmmWidths: number[] };
      const { width, clientWidth } = document.querySelector<HTMLCanvasElement>(".e2gmm-viewer canvas")!;
      const sharp = clientWidth * devicePixelRatio;
      return e2gmmWidths.some((one) => one < 0.6 * sharp) && Math.abs(width - sharp) <= 1;
    });
  });

  test("what code shows in the viewer is shown, though the page decodes", async () => {
    await runCell(page, "explorer.viewer.show(explorer.run!.decode([1.5, -1]));");
    await page.waitForTimeout(300);
    assert.ok((await distance([1.5, -1])) < 1e-3);
    await runCell(page, "explorer.scatter.probe = [0.25, 0.5];");
    await page.waitForTimeout(300);
    assert.ok((await distance([0.25, 0.5])) < 0.01);
  });

  test("a notebook that was saved with its widgets is alive without their kernel", async () => {
    await command(page, "@jupyter-widgets/jupyterlab-manager:saveWidgetState");
    const file = path.join(lab.folder, "live.ipynb");
    // The setting reaches the widget manager by a signal of its own, so the first save may come before it
    for (let tries = 0; ; tries++) {
      await command(page, "docmanager:save");
      if (/application\/vnd\.jupyter\.widget-state\+json/.test(readFileSync(file, "utf8"))) break;
      assert.ok(tries < 20, "JupyterLab does not save the widgets");
      await page.waitForTimeout(250);
    }
    assert.ok(statSync(file).size < 12e6, `${statSync(file).size} bytes`);
    await command(page, "kernelmenu:shutdown");
    await lab.open(page, "live.ipynb");
    await shown();
    await page.locator('.e2gmm-explorer[data-live="true"]').waitFor();
    const z = await drag(0.3, 0.7);
    assert.ok((await distance(z)) < 0.01);
    await page
      .locator(".e2gmm-explorer-status", { hasText: "The molecule still follows the ring" })
      .waitFor();
    for (const view of [".e2gmm-scatter", ".e2gmm-viewer"]) {
      assert.doesNotMatch(await page.locator(view).first().innerText(), /no longer running/, view);
    }
    // The ring stays where it was let go
    await page.waitForTimeout(1500);
    const area = (await page.locator(".e2gmm-scatter-overlay").boundingBox())!;
    const ring = (await page.locator(".e2gmm-scatter-probe-ring").boundingBox())!;
    const [found, expected] = [ring.x + ring.width / 2, area.x + 0.3 * area.width];
    const told = await page.locator(".e2gmm-scatter-probe").getAttribute("aria-valuetext");
    assert.ok(
      Math.abs(found - expected) < 3,
      `the ring is at ${found}, not ${expected} (${told}; ${z}; ${errors})`,
    );
    await page
      .locator(".e2gmm-explorer")
      .screenshot({ path: path.join(artefacts, "explorer-without-kernel.png") });
    assert.deepEqual(errors, []);
  });
});
