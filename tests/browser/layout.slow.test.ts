import assert from "node:assert/strict";
import path from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { openExplorer } from "./explorerPage";
import { artefacts, command, type Lab, runCell, skip } from "./lab";

/** The explorer on the screen of a laptop, 1280 × 800, beside JupyterLab's file browser. */

describe("the explorer on a small screen", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    ({ lab, browser, page, errors } = await openExplorer("adk run", { width: 1280, height: 800 }));
    await explorer().locator(".e2gmm-stage canvas").waitFor();
    await explorer().scrollIntoViewIfNeeded();
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  const explorer = () => page.locator(".e2gmm-explorer").first();
  const boxOf = async (one: Locator) => (await one.boundingBox())!;
  const shot = (name: string) => page.screenshot({ path: path.join(artefacts, `layout-${name}.png`) });
  const says = (pattern: RegExp) =>
    explorer().locator(".e2gmm-explorer-status").filter({ hasText: pattern }).waitFor();

  test("scatter and molecule are side by side, the scatter's tools in one row, and the title is the data set", async () => {
    const scatter = await boxOf(explorer().locator(".e2gmm-scatter"));
    const viewer = await boxOf(explorer().locator(".e2gmm-viewer"));
    assert.ok(viewer.x >= scatter.x + scatter.width, `viewer at ${viewer.x}`);
    assert.equal(viewer.y, scatter.y);
    const tools = await boxOf(explorer().locator(".e2gmm-scatter-toolbar"));
    assert.ok(tools.height < 40, `the tools are ${tools.height} pixels high`);
    const plot = await boxOf(explorer().locator(".e2gmm-scatter-plotly"));
    assert.ok(plot.height > 0.6 * scatter.height, `the plot is ${plot.height} of ${scatter.height} pixels`);
    assert.match((await explorer().locator(".e2gmm-explorer-title").textContent())!, /^.+\/particles\.star$/);
    await explorer().evaluate((node) => node.scrollIntoView());
    await shot("light");
  });

  test("the controls of the molecule are docked, and leave the picture whole", async () => {
    await explorer().getByRole("button", { name: "Show or hide the controls" }).click();
    const picture = await boxOf(explorer().locator(".e2gmm-picture"));
    const controls = await boxOf(explorer().locator(".e2gmm-panel"));
    assert.ok(controls.y >= picture.y + picture.height, "the controls cover the picture");
    assert.ok(picture.height > 150, `the picture is ${picture.height} pixels high`);
    await page.waitForTimeout(500);
    await shot("controls");
    await explorer().getByRole("button", { name: "Close the controls" }).click();
  });

  test("latent coordinates can be typed: the molecule moves, and how far is said", async () => {
    const note = explorer().locator(".e2gmm-scatter-note");
    const field = explorer().getByRole("spinbutton", { name: "z1 of the ring" });
    await field.fill("1.25");
    await field.press("Enter");
    await note
      .filter({ hasText: /^(?!0\.00)[\d.]+ Å RMS from the mean, [\d.]+ Å from the neutral model/ })
      .waitFor();
    assert.deepEqual(
      JSON.parse(await runCell(page, "console.log(JSON.stringify(explorer.scatter.probe))")),
      [1.25, 0],
    );
  });

  test("the menu of the scatter opens with the keyboard, zooms to the selection, and closes with Escape", async () => {
    await runCell(page, "explorer.scatter.select([0, 1, 2, 3]);");
    const menu = explorer().locator(".e2gmm-scatter-menu");
    await menu.locator("summary").focus();
    await page.keyboard.press("Enter");
    await shot("menu");
    await menu.getByRole("button", { name: "Zoom to the selection" }).press("Enter");
    const range = () =>
      page.evaluate(() => {
        const plot = document.querySelector(".e2gmm-scatter-plotly") as unknown as {
          _fullLayout: { xaxis: { range: [number, number] } };
        };
        return plot._fullLayout.xaxis.range;
      });
    const places: number[] = JSON.parse(
      await runCell(
        page,
        "console.log(JSON.stringify(Array.from({ length: 4 }, (_, i) => explorer.scatter.state.pointsX[i])))",
      ),
    );
    const [low, high] = [Math.min(...places), Math.max(...places)];
    const [from, to] = await range();
    assert.ok(
      from < low && to > high && to - from < 1.2 * (high - low),
      `${from} … ${to} shows ${low} … ${high}`,
    );
    await menu.getByRole("button", { name: "Show all" }).press("Enter");
    await page.keyboard.press("Escape");
    assert.equal(await menu.getAttribute("open"), null);
    assert.ok(await menu.locator("summary").evaluate((node) => node === document.activeElement));
  });

  test("rows of sets have their actions: a set of the rest, export of this set, deleting", async () => {
    await explorer().getByRole("spinbutton", { name: "Number of clusters" }).fill("3");
    await explorer().getByRole("button", { name: "Clusters", exact: true }).click();
    await says(/Made 3 sets/);
    const row = explorer()
      .getByRole("row")
      .filter({ has: page.getByRole("textbox", { name: "Name of the set k-means 2 of 3" }) });
    await row.getByRole("button", { name: "Rest" }).click();
    await says(/Made the set/);
    await row.getByRole("button", { name: "Export…" }).click();
    assert.ok(await row.getByRole("checkbox", { name: "Tick k-means 2 of 3" }).isChecked());
    await explorer().getByRole("form", { name: "Export" }).waitFor();
    await command(page, "apputils:change-theme", { theme: "JupyterLab Dark" });
    await page.waitForTimeout(1500);
    await shot("dark");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Light" });
    await row.getByRole("button", { name: "Delete" }).click();
    await says(/Deleted “k-means 2 of 3”/);
  });

  test("notes written elsewhere do not replace those being typed; both are kept", async () => {
    await explorer().getByRole("button", { name: "Notes", exact: true }).click();
    const field = explorer().getByRole("textbox", { name: "Notes on this run" });
    await field.fill("closed in the middle");
    await field.blur();
    await runCell(page, 'setTimeout(() => { explorer.workbench.notes += "\\nby another page"; }, 2500);');
    await field.focus();
    await page.keyboard.press("Control+End");
    // Never a pause after which notes are kept, while the others come
    await page.keyboard.type(", open in the first third", { delay: 180 });
    assert.equal(await field.inputValue(), "closed in the middle, open in the first third");
    const both = "closed in the middle, open in the first third\nby another page";
    for (let tries = 0; tries < 40 && (await field.inputValue()) !== both; tries++) {
      await page.waitForTimeout(100);
    }
    assert.equal(await field.inputValue(), both);
    await says(/both texts are kept/);
    await page.keyboard.type("!");
    assert.equal(await field.inputValue(), both.replace("third", "third!"));
    assert.deepEqual(errors, []);
  });
});
