import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { copyRun } from "./fixture";
import { artefacts, command, Lab, launchChromium, runAllCells, runCell, skip } from "./lab";

const hostile = "<img src=x onerror='window.hacked=1'>";

describe("the verdict of a run in JupyterLab", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    lab = await Lab.start();
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1500, height: 1000 } });
    page.on("pageerror", (error) => errors.push(error.message));
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  /** Opens the explorer of a copy of the run with another verdict. */
  const open = async (verdict: "found" | "weak" | "none") => {
    const file = path.join(copyRun(lab.folder, verdict), "evidence.json");
    const evidence = JSON.parse(readFileSync(file, "utf8"));
    const real = evidence.axes.map((axis: object) => ({ ...axis, real: verdict !== "none" }));
    writeFileSync(
      file,
      JSON.stringify({ ...evidence, verdict, axes: real, realAxes: verdict === "none" ? 0 : 2 }),
    );
    lab.writeNotebook(`${verdict}.ipynb`, [
      `import * as e2 from "e2gmm";\nconst explorer = await e2.explore("${verdict}");`,
      "explorer",
    ]);
    await lab.open(page, `${verdict}.ipynb`);
    await runAllCells(page);
    const banner = page.locator(".e2gmm-explorer-verdict");
    await banner.waitFor();
    return banner;
  };
  const drawn = () =>
    page.waitForFunction(
      () => (document.querySelector(".e2gmm-explorer .e2gmm-scatter[data-drawn]")?.clientWidth ?? 0) > 0,
      undefined,
      { polling: 200 },
    );
  const shot = (name: string) =>
    page.locator(".e2gmm-explorer").screenshot({ path: path.join(artefacts, `verdict-${name}.png`) });

  test("found: a line above the picture, its axes on demand, sizes at the axes and at the ring", async () => {
    const banner = await open("found");
    await drawn();
    assert.match(
      (await banner.textContent())!,
      /Heterogeneity found.*nats per particle held out, 2 of 2 axes real/s,
    );
    assert.equal(await banner.getAttribute("aria-live"), "polite");
    assert.equal(await banner.getByRole("button").count(), 0);
    const axes = banner.getByText("Axes of the latent space");
    await axes.focus();
    await page.keyboard.press("Enter");
    await banner.getByText(/^z1: conformation 1 · 1 unit = .* Å RMS/).waitFor();
    assert.match(
      (await page.locator(".xtitle").textContent())!,
      /z1 · conformation 1 · 1 unit = [\d.]+ Å RMS/,
    );
    const note = page.locator(".e2gmm-scatter-note");
    assert.match((await note.textContent())!, /^0\.00 Å RMS from the mean, [\d.]+ Å from the neutral model/);
    await page.locator(".e2gmm-scatter-probe").focus();
    await page.keyboard.press("Shift+ArrowRight");
    await page
      .locator(".e2gmm-scatter-note")
      .filter({ hasText: /^(?!0\.00 Å)[\d.]+ Å RMS from the mean/ })
      .waitFor();
    assert.notEqual(await page.getByRole("spinbutton", { name: "z1 of the ring" }).inputValue(), "0.00");
    await shot("found");
  });

  test("weak: a warning above the picture", async () => {
    const banner = await open("weak");
    await drawn();
    assert.match((await banner.textContent())!, /Weak heterogeneity.*of which part is noise/s);
    await shot("weak");
  });

  test("none: the sentence in place of the picture, which a button shows", async () => {
    const banner = await open("none");
    assert.match(
      (await banner.textContent())!,
      /No heterogeneity found.*(not to be trusted|no more is decoded)/s,
    );
    const panes = page.locator(".e2gmm-explorer-panes");
    assert.equal(await panes.isVisible(), false);
    assert.equal(await page.locator(".e2gmm-scatter, .e2gmm-viewer").count(), 0);
    await shot("none-light");
    await banner.getByRole("button", { name: "Show anyway" }).focus();
    await page.keyboard.press("Enter");
    await drawn();
    assert.ok(await panes.isVisible());
    const { width, height } = (await page.locator(".e2gmm-scatter-plotly").boundingBox())!;
    assert.ok(width > 300 && height > 150, `${width} × ${height}`);
    // The same button hides it again, and keeps the focus.
    assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), "Hide the picture");
    await page.keyboard.press("Enter");
    await panes.waitFor({ state: "hidden" });
    await banner.getByRole("button", { name: "Show anyway" }).click();
    await panes.waitFor({ state: "visible" });
    assert.deepEqual(errors, []);
  });

  test("texts of a run are shown as text", async () => {
    await page.evaluate(
      // biome-ignore lint/suspicious/noExplicitAny: JupyterLab's own objects, which have no types in a page
      () => delete (window as any).hacked,
    );
    await runCell(
      page,
      `explorer.set({ verdict: { ...explorer.get("verdict")!, facts: ${JSON.stringify(hostile)}, axes: [${JSON.stringify(hostile)}] } });`,
    );
    await page.locator(".e2gmm-explorer-verdictText").getByText("onerror").first().waitFor();
    assert.equal(await page.evaluate(() => "hacked" in window), false);
    assert.equal(await page.locator(".e2gmm-explorer-verdict img").count(), 0);
  });

  // Last, since headless Chromium may paint no frames after a change of theme, for which a picture would wait.
  test("in the dark theme", async () => {
    const banner = await open("none");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Dark" });
    await page.waitForFunction(() => document.body.dataset["jpThemeLight"] === "false", undefined, {
      polling: 200,
    });
    assert.match((await banner.textContent())!, /No heterogeneity found/);
    await shot("none-dark");
  });
});
