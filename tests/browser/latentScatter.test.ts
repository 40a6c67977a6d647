import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { artefacts, Lab, launchChromium, runAllCells, runCell, skip } from "./lab";

/** 600 particles in three clusters of a latent space with four dimensions, and what else a table may have. */
const cell = `
import { LatentScatter, Random } from "e2gmm";
const random = new Random(7);
const n = 600;
const latents = new Float32Array(n * 4);
for (let i = 0; i < n; i++) {
  const angle = (i % 3) * 2.1;
  latents[4 * i] = Math.cos(angle) + 0.25 * random.normal();
  latents[4 * i + 1] = Math.sin(angle) + 0.25 * random.normal();
  latents[4 * i + 2] = 0.5 * random.normal();
  latents[4 * i + 3] = 0.3 * random.normal();
}
const hostile = '<img src=x onerror="window.hacked=1">';
const scatter = new LatentScatter({
  latents,
  latent: 4,
  title: "Three clusters " + hostile,
  columns: [
    { name: "defocus", unit: "Å", values: Float32Array.from({ length: n }, (_, i) => 12000 + 10 * i) },
    { name: hostile, values: Array.from({ length: n }, (_, i) => ["open", "closed", hostile][i % 3]!) },
  ],
  thumbnail: async (row) => ({ size: 32, pixels: Float32Array.from({ length: 1024 }, (_, p) => Math.sin(p / 5 + row)) }),
});
scatter
`;

describe("the latent scatter in JupyterLab", { skip }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  before(async () => {
    [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
    mkdirSync(artefacts, { recursive: true });
    page = await browser.newPage({ viewport: { width: 1200, height: 860 } });
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    lab.writeNotebook("scatter.ipynb", [cell]);
    await lab.open(page, "scatter.ipynb");
    await runAllCells(page);
    await page.locator(".e2gmm-scatter[data-drawn]").waitFor();
  });
  after(async () => {
    await browser?.close();
    await lab?.stop();
  });

  test("look", async () => {
    await page.screenshot({ path: path.join(artefacts, "latentScatter-light.png") });
    console.log(errors);
    console.log(await runCell(page, "console.log(scatter.probe)"));
    assert.ok(true);
  });
});
