import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { artefacts, command, Lab, launchChromium, pluginsActive, runAllCells, runCell, skip } from "./lab";

describe("the extension in JupyterLab", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;

  beforeAll(async () => {
    [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  test("is active, and JupyterLab starts without errors", async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    lab.writeNotebook("plain.ipynb", ["const seven = 7;"]);
    await lab.open(page, "plain.ipynb");
    await runAllCells(page);
    assert.equal(await runCell(page, "console.log(seven * 6);"), "42\n");
    assert.deepEqual(await pluginsActive(page), [true, true, true, true]);
    assert.deepEqual(errors, []);
    await command(page, "kernelmenu:shutdown");
    await page.close();
  });
});

describe("the extension behind a path prefix, as with JupyterHub and Open OnDemand", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;

  beforeAll(async () => {
    [lab, browser] = await Promise.all([Lab.start({ baseUrl: "/user/jo%40lab.org/" }), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  test("shows widgets, maps and tables, and requests nothing outside the prefix", async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    const outside: string[] = [];
    page.on("request", (request) => {
      const url = request.url();
      if (/^https?:/.test(url) && !url.startsWith(`${lab.origin}/`)) outside.push(url);
    });

    lab.writeNotebook("widgets.ipynb", [
      `import * as e2 from "e2gmm";
new e2.explorer.LatentScatter({ latents: Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * 1.7)), latent: 2 })`,
    ]);
    await e2.maps.write(path.join(lab.folder, "ball.mrc"), {
      data: Float32Array.from({ length: 16 ** 3 }, (_, i) => Math.exp(-(((i % 16) - 8) ** 2) / 9)),
      size: [16, 16, 16],
      apix: 2,
    });
    writeFileSync(path.join(lab.folder, "table.star"), "data_a\n\nloop_\n_x\n_y\n1 2\n3 4\n");

    await lab.open(page, "widgets.ipynb");
    assert.deepEqual(await pluginsActive(page), [true, true, true, true]);
    await runAllCells(page);
    await page.locator(".jp-OutputArea .e2gmm-scatter .js-plotly-plot").waitFor();
    mkdirSync(artefacts, { recursive: true });
    await page.screenshot({ path: path.join(artefacts, "base-url.png") });

    const viewer = page.locator(".e2gmm-fileViewer:visible");
    const status = viewer.locator(".e2gmm-fileViewer-status");
    await page.locator(".jp-DirListing-item", { hasText: "ball.mrc" }).dblclick();
    await viewer.locator("canvas").first().waitFor();
    await page.locator(".jp-DirListing-item", { hasText: "table.star" }).dblclick();
    await status.filter({ hasText: "2 columns" }).waitFor();
    assert.equal(await viewer.locator(".e2gmm-fileViewer-problem:visible").count(), 0);

    assert.deepEqual(outside, []);
    assert.deepEqual(errors, []);
    await page.close();
  });
});
