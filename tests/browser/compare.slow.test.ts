import assert from "node:assert/strict";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { openExplorer } from "./explorerPage";
import { fixtureSize } from "./fixture";
import { artefacts, command, type Lab, runCell, skip } from "./lab";

/** Two states of the molecule in JupyterLab: side by side, and their difference in two colours. */

type Shown = { stage: { camera: number[] }; drawing: { drawnPositions(): Float32Array } };
type ViewerElement = HTMLElement & { e2gmmView: Shown & { beside?: Shown } };

describe("comparing two states in JupyterLab", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    ({ lab, browser, page, errors } = await openExplorer("adk run", { width: 1500, height: 1100 }));
    await explorer().locator(".e2gmm-stage canvas").waitFor();
    await explorer().evaluate((node) => node.scrollIntoView());
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  const explorer = () => page.locator(".e2gmm-explorer").first();
  const press = (name: string | RegExp) =>
    explorer()
      .getByRole("button", { name, exact: typeof name === "string" })
      .click();
  const says = (pattern: RegExp) =>
    explorer().locator(".e2gmm-explorer-status").filter({ hasText: pattern }).waitFor();
  const shot = async (name: string) => {
    await explorer().evaluate((node) => node.scrollIntoView());
    await page.waitForTimeout(1200);
    await page.screenshot({ path: path.join(artefacts, `compare-${name}.png`) });
  };
  const places = () =>
    page.evaluate(() => {
      const { drawing, beside } = (document.querySelector(".e2gmm-viewer") as ViewerElement).e2gmmView;
      return [drawing, beside?.drawing].map((one) => (one ? [...one.drawnPositions()] : []));
    });
  const cameras = () =>
    page.evaluate(() => {
      const { stage, beside } = (document.querySelector(".e2gmm-viewer") as ViewerElement).e2gmmView;
      return [stage.camera, beside!.stage.camera];
    });
  const apart = (a: number[], b: number[]) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

  test("the pinned state and that at the ring stand side by side, and turn together whichever is dragged", async () => {
    await press("Difference");
    await says(/Pin a state to compare/);
    await press("Pin");
    await runCell(page, "explorer.scatter.probe = [1.5, 0.5];");
    await explorer().evaluate((node) => node.scrollIntoView());
    const [pinned] = await places();
    await press(/^Show two states or maps side by side/);
    await page.waitForFunction(
      () => (document.querySelector(".e2gmm-viewer") as ViewerElement).e2gmmView.beside !== undefined,
    );
    await page.waitForTimeout(600);
    await shot("side-by-side-fitted");
    const [right, left] = await places();
    assert.equal(left!.length, 3 * fixtureSize.gaussians);
    assert.ok(apart(right!, left!) > 1, "both sides show the same state");
    assert.ok(apart(right!, pinned!) < 1e-3, "the right side is the state at the ring");
    for (const stage of await explorer().locator(".e2gmm-stage canvas").all()) {
      const [before] = await cameras();
      const box = (await stage.boundingBox())!;
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width / 2 + 60, box.y + box.height / 2 + 20, { steps: 5 });
      await page.mouse.up();
      await page.waitForTimeout(600);
      const [main, beside] = await cameras();
      assert.ok(apart(main!, before!) > 0.1, "the picture has not turned");
      assert.ok(apart(main!, beside!) < 1e-3 * Math.max(...main!.map(Math.abs)), `${main} is not ${beside}`);
    }
    await shot("side-by-side");
    await press(/^Show two states or maps side by side/);
    await page.waitForFunction(
      () => (document.querySelector(".e2gmm-viewer") as ViewerElement).e2gmmView.beside === undefined,
    );
    assert.equal(await explorer().locator(".e2gmm-stage canvas").count(), 1);
  });

  test("the difference is shown in two colours, follows the ring, and goes with its button", async () => {
    await press("Difference");
    await says(/Blue: more in the ring; vermilion: more in the pinned state/);
    const names = async () =>
      JSON.parse(
        await runCell(page, "console.log(JSON.stringify(explorer.viewer.maps.map(({ name }) => name)))"),
      );
    assert.deepEqual(await names(), [
      "more in the ring than in the pinned state",
      "more in the pinned state than in the ring",
    ]);
    await runCell(page, "explorer.viewer.spheresVisible = false; explorer.viewer.secondVisible = false;");
    await shot("difference");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Dark" });
    await shot("difference-dark");
    await press("Difference");
    for (let tries = 0; tries < 30 && (await names()).length > 0; tries++) await page.waitForTimeout(100);
    assert.deepEqual(await names(), []);
    assert.deepEqual(errors, []);
  });
});
