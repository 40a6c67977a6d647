import assert from "node:assert/strict";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { openExplorer } from "./explorerPage";
import { artefacts, command, type Lab, runCell, skip } from "./lab";

/** Two plots of the same particles in the explorer, on the screen of a laptop, and in an interactive page. */

describe("the second plot of the explorer", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    ({ lab, browser, page, errors } = await openExplorer("two plots", { width: 1280, height: 800 }));
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  const explorer = () => page.locator(".e2gmm-explorer").first();
  const second = (within: Locator = explorer()) => within.locator(".e2gmm-explorer-second");
  const button = () => explorer().getByRole("button", { name: "Second plot", exact: true });
  const boxOf = async (one: Locator) => (await one.boundingBox())!;
  const shot = async (name: string) => {
    await explorer().evaluate((node) => node.scrollIntoView());
    await page.screenshot({ path: path.join(artefacts, `secondPlot-${name}.png`) });
  };
  const numbers = async (expression: string): Promise<number[]> =>
    JSON.parse(await runCell(page, `console.log(JSON.stringify(${expression}))`));

  test("it is below the first, beside the molecule, over axes of its own", async () => {
    await button().press("Enter");
    await second().locator(".e2gmm-scatter[data-drawn]").waitFor();
    assert.equal(await button().getAttribute("aria-pressed"), "true");
    const [one, two, molecule] = await Promise.all([
      boxOf(explorer().locator(".e2gmm-scatter").first()),
      boxOf(second().locator(".e2gmm-scatter")),
      boxOf(explorer().locator(".e2gmm-explorer-molecule")),
    ]);
    assert.ok(
      two.y >= one.y + one.height,
      `the second plot is at ${two.y}, the first to ${one.y + one.height}`,
    );
    assert.ok(molecule.x >= two.x + two.width, `the molecule is at ${molecule.x}`);
    const plot = await boxOf(second().locator(".e2gmm-scatter-plotly"));
    assert.ok(plot.height > 100, `the plot is ${plot.height} pixels high`);
    assert.equal(await second().getByRole("combobox", { name: "Horizontal axis" }).inputValue(), "PC 1");
    assert.equal(
      await explorer().getByRole("combobox", { name: "Horizontal axis" }).first().inputValue(),
      "z1",
    );
    await shot("light");
  });

  test("particles that are selected in one plot are selected in both, and the ring of one moves that of the other", async () => {
    await second().locator('[data-tool="box"]').first().click();
    const { x, y, width, height } = await boxOf(second().locator(".e2gmm-scatter-overlay"));
    await page.mouse.move(x + 0.02 * width, y + 0.02 * height);
    await page.mouse.down();
    await page.mouse.move(x + 0.5 * width, y + 0.98 * height, { steps: 4 });
    await page.mouse.up();
    const counts = explorer().locator(".e2gmm-scatter-status > span:first-child");
    for (const index of [0, 1]) {
      await counts
        .nth(index)
        .filter({ hasText: /^\d+ of 432 particles selected/ })
        .waitFor();
    }
    const [first, other] = await counts.allTextContents();
    assert.equal(first, other);
    const rows = await numbers("Array.from(explorer.scatter.rows)");
    assert.ok(rows.length > 10 && rows.length < 422, String(rows.length));

    const rings = explorer().locator(".e2gmm-scatter-probe");
    const before = await rings.first().getAttribute("aria-valuetext");
    await rings.nth(1).press("Shift+ArrowRight");
    await explorer().locator(`.e2gmm-scatter-probe:not([aria-valuetext="${before}"])`).first().waitFor();
    const [probe, behind] = [
      await numbers("explorer.scatter.probe"),
      await numbers("explorer.second!.probe"),
    ];
    assert.deepEqual(probe, behind);
    assert.ok(Math.hypot(...probe) > 0.01, String(probe));
  });

  test("a kept view brings the second plot back with its axes; dark theme", async () => {
    await second().getByRole("combobox", { name: "Vertical axis" }).selectOption("z2");
    await explorer().getByRole("button", { name: "Keep view" }).click();
    await explorer().getByRole("button", { name: "Show the view view 1" }).waitFor();
    await button().click();
    await second().locator(".e2gmm-scatter").waitFor({ state: "detached" });
    await explorer().getByRole("button", { name: "Show the view view 1" }).click();
    await second().locator(".e2gmm-scatter[data-drawn]").waitFor();
    assert.equal(await second().getByRole("combobox", { name: "Vertical axis" }).inputValue(), "z2");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Dark" });
    await page.waitForFunction(() =>
      [...document.querySelectorAll(".e2gmm-scatter-plotly")].every((plot) => {
        const { layout } = plot as unknown as { layout: { paper_bgcolor: string } };
        return layout.paper_bgcolor !== "white" && layout.paper_bgcolor !== "#fff";
      }),
    );
    await shot("dark");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Light" });
    assert.deepEqual(errors, []);
  });

  test("a UMAP that waits or runs shows how far it is, and is stopped by a button", async () => {
    // Nothing is computed until the jobs before it have ended
    await runCell(page, 'explorer["jobs"]["queue"] = new Promise(() => {});');
    await explorer().getByRole("button", { name: "UMAP", exact: true }).click();
    await explorer().getByRole("progressbar", { name: "UMAP" }).waitFor();
    await explorer().locator(".e2gmm-explorer-toolbar").scrollIntoViewIfNeeded();
    await page.screenshot({ path: path.join(artefacts, "secondPlot-computing.png") });
    await explorer().getByRole("button", { name: "Stop", exact: true }).press("Enter");
    await explorer().locator(".e2gmm-explorer-status").filter({ hasText: "Stopped" }).waitFor();
    await explorer().getByRole("progressbar", { name: "UMAP" }).waitFor({ state: "detached" });
    assert.deepEqual(errors, []);
  });

  test("an interactive page has it without a kernel", async () => {
    const written = await runCell(
      page,
      'console.log((await explorer.exportPage("two plots.html", { overwrite: true })).file)',
    );
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, offline: true });
    const alone = await context.newPage();
    alone.on("pageerror", (error) => errors.push(error.message));
    await alone.goto(pathToFileURL(path.resolve(lab.folder, written.trim())).href);
    const root = alone.locator("#e2gmm-page[data-ready]");
    await root.waitFor();
    await second(root).locator(".e2gmm-scatter[data-drawn]").waitFor();
    const ring = root.locator(".e2gmm-scatter-probe").nth(1);
    const before = await root.locator(".e2gmm-scatter-probe").first().getAttribute("aria-valuetext");
    await ring.press("Shift+ArrowLeft");
    await root.locator(`.e2gmm-scatter-probe:not([aria-valuetext="${before}"])`).first().waitFor();
    await alone.screenshot({ path: path.join(artefacts, "secondPlot-page.png") });
    await root.getByRole("button", { name: "Second plot" }).click();
    await second(root).locator(".e2gmm-scatter").waitFor({ state: "detached" });
    assert.deepEqual(errors, []);
    await context.close();
  });
});
