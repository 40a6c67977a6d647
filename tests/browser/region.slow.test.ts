import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as e2 from "e2gmm";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { writeBackbone } from "./backbone";
import { openExplorer } from "./explorerPage";
import { artefacts, command, type Lab, runCell, skip } from "./lab";

interface PaintedElement {
  e2gmmView: {
    stage: { canvas: HTMLCanvasElement; project(place: number[]): { x: number; y: number } };
    drawing: { drawnPositions(): Float32Array };
    model: { get(key: "camera"): number[]; get(key: "shapes"): { name: string; indices: number[] }[] };
  };
}

/** A region is drawn with handles, measured, kept as a mask, and a second round is started in it, with mouse and keyboard alone. */

describe("the region of an explorer in JupyterLab", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    ({ lab, browser, page, errors } = await openExplorer("linear run", { width: 1800, height: 1300 }));
    await page.waitForFunction(
      () =>
        (document.querySelector(".e2gmm-viewer") as unknown as { e2gmmView?: { drawing?: object } } | null)
          ?.e2gmmView?.drawing !== undefined,
    );
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  const explorer = (): Locator => page.locator(".e2gmm-explorer").first();
  const panel = (): Locator => explorer().locator(".e2gmm-region");
  const button = (name: string | RegExp) => panel().getByRole("button", { name });
  const field = (name: string) => panel().getByRole("textbox", { name, exact: true });
  const shot = async (name: string) => {
    await explorer().scrollIntoViewIfNeeded();
    await explorer().screenshot({ path: path.join(artefacts, `region-${name}.png`) });
  };
  const kernelSays = async (expression: string): Promise<unknown> =>
    JSON.parse(await runCell(page, `console.log(JSON.stringify(${expression}))`));
  const saysPanel = (pattern: RegExp) =>
    panel().locator(".e2gmm-region-message").filter({ hasText: pattern }).waitFor({ timeout: 30_000 });

  test("a sphere is moved and resized by its handles, with the mouse and with keys; its Gaussians are marked and counted", async () => {
    await explorer().locator(".e2gmm-viewer summary", { hasText: "Region" }).click();
    await explorer().getByLabel("Radius of the sphere or half the edge of the box in Å").fill("20");
    await explorer().getByRole("button", { name: "Place the shape at the centre of the box" }).click();
    const move = explorer().getByRole("button", { name: "Move sphere 1", exact: true });
    await move.waitFor();
    const radius = explorer().getByRole("spinbutton", { name: "Radius of sphere 1 in Å" });
    const x = explorer().getByRole("spinbutton", { name: "x of sphere 1 in Å" });
    assert.deepEqual([await radius.inputValue(), await x.inputValue()], ["20", "0"]);

    await explorer().locator(".e2gmm-viewer").scrollIntoViewIfNeeded();
    const box = (await explorer()
      .getByRole("button", { name: "Radius of sphere 1", exact: true })
      .boundingBox())!;
    const from = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    const centre = (await move.boundingBox())!;
    const perPixel = 20 / (from.x - (centre.x + centre.width / 2));
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(from.x + 15, from.y, { steps: 3 });
    await page.mouse.up();
    await page.waitForTimeout(300);
    const wider = Number(await radius.inputValue());
    assert.ok(Math.abs(wider - (20 + 15 * perPixel)) < 0.3, `radius ${wider} Å`);

    await move.focus();
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("ArrowLeft");
    await page.waitForFunction(
      () =>
        (document.querySelector('[aria-label="x of sphere 1 in Å"]') as HTMLInputElement | null)?.value ===
        "4",
    );
    assert.equal(
      await move.evaluate((one) => one === document.activeElement),
      true,
      "focus stays on the handle",
    );
    await panel().locator("summary").click();
    await panel()
      .locator(".e2gmm-region-summary")
      .filter({ hasText: /\d+ of 96 Gaussians/ })
      .waitFor();
    const counted = Number((await panel().locator(".e2gmm-region-summary").innerText()).match(/\d+/)![0]);
    const [inside, colour, shapes] = (await kernelSays(
      "[explorer.viewer.region.reduce((sum, flag) => sum + flag, 0), explorer.viewer.colourBy, explorer.viewer.shapes]",
    )) as [number, string, { centre: number[]; radius: number }[]];
    assert.deepEqual([inside, colour], [counted, "region"]);
    assert.ok(Math.hypot(shapes[0]!.centre[0]! - 4, shapes[0]!.centre[1]!, shapes[0]!.centre[2]!) < 0.2);
    assert.equal(shapes[0]!.radius, wider);
    await shot("sphere");
  });

  test("parts that move apart are found; the part that moves becomes the region, and is measured", async () => {
    await explorer().locator(".e2gmm-viewer").getByRole("button", { name: "Remove all shapes" }).click();
    await field("Number of moving parts").fill("2");
    await button("Find").click();
    const part = button(/^2: \d+ Gaussians/);
    await part.waitFor({ timeout: 30_000 });
    await part.click();
    await panel()
      .locator(".e2gmm-region-summary")
      .filter({ hasText: /\d+ of 96 Gaussians are/ })
      .waitFor();
    await button("Measure").click();
    const motion = panel().locator(".e2gmm-region-motion");
    await motion.waitFor({ timeout: 30_000 });
    const [inside, outside] = (await motion.innerText()).match(/\d+\.\d+/g)!.map(Number);
    assert.ok(inside! > 2 * outside!, `${inside} Å inside, ${outside} Å outside`);
    await shot("parts");
  });

  test("the region is kept as a mask whose Gaussians are those of the region, and can be used again", async () => {
    await field("Name of the mask").fill("../arm");
    await button("Save mask").click();
    await saysPanel(/expected a file name without/);
    const hostile = "arm <img src=x onerror='window.hacked = 1'>".replaceAll(/[<>]/g, "");
    await field("Name of the mask").fill(hostile);
    await button("Save mask").click();
    await saysPanel(/Saved \d+ Gaussians as /);
    const file = path.join(lab.folder, "linear run/workbench/masks", `${hostile}.mrc`);
    assert.ok(existsSync(file));
    const run = await e2.openRun(path.join(lab.folder, "linear run"));
    const flags = [...e2.model.maskFlags(run.neutral, await e2.maps.readMask(file))];
    run.close();
    assert.deepEqual(flags, await kernelSays("[...explorer.viewer.region]"));
    await explorer().locator(".e2gmm-viewer").getByRole("button", { name: "Remove all shapes" }).click();
    await panel().getByText("Nothing is in the region yet.").waitFor();
    await button("Use again").click();
    await saysPanel(/The region is that of the mask/);
    assert.deepEqual(await kernelSays("[...explorer.viewer.region]"), flags);
  });

  const clear = async () => {
    await explorer().locator(".e2gmm-viewer").getByRole("button", { name: "Remove all shapes" }).click();
    await panel().getByText("Nothing is in the region yet.").waitFor();
  };
  /** The shapes of the page, once the kernel has them: changes in quick succession are held back while one is on its way. */
  const shapesInKernel = async () => {
    const shapes = await page.evaluate(() =>
      (document.querySelector(".e2gmm-viewer") as unknown as PaintedElement).e2gmmView.model.get("shapes"),
    );
    while (!isDeepStrictEqual(await kernelSays("explorer.viewer.shapes"), shapes));
    return shapes;
  };
  const inRegion = async () =>
    (await kernelSays(
      "[...explorer.viewer.region.keys()].filter((i) => explorer.viewer.region[i])",
    )) as number[];
  const summary = (pattern: RegExp) =>
    panel().locator(".e2gmm-region-summary").filter({ hasText: pattern }).waitFor({ timeout: 30_000 });

  test("a chain of a PDB file, and a map from its level, become the region by a click", async () => {
    await clear();
    await writeBackbone(path.join(lab.folder, "linear run"), path.join(lab.folder, "chains.pdb"));
    await field("Atomic model (PDB or mmCIF)").fill("chains.pdb");
    await button("Read chains").click();
    const chain = button(/^B: \d+$/);
    await chain.waitFor({ timeout: 30_000 });
    const count = Number((await chain.innerText()).match(/\d+/)![0]);
    await chain.click();
    await summary(new RegExp(`^${count} of 96 Gaussians`));
    assert.ok(count > 20 && count < 76, `${count} Gaussians in chain B`);
    await clear();
    await explorer().locator(".e2gmm-viewer").getByLabel("Decoded density", { exact: true }).check();
    await panel().getByRole("combobox", { name: "Map whose level bounds the part" }).waitFor();
    await button("From its level").click();
    await summary(/^\d+ of 96 Gaussians/);
    assert.ok((await inRegion()).length > 0);
    await explorer().locator(".e2gmm-viewer").getByLabel("Decoded density", { exact: true }).uncheck();
  });

  test("the region is painted on the molecule with the mouse and with the keyboard, and taken out again", async () => {
    await clear();
    const viewer = explorer().locator(".e2gmm-viewer");
    await viewer.getByLabel("Radius of the sphere or half the edge of the box in Å").fill("12");
    await viewer.getByRole("button", { name: /^Paint the region/ }).press("Enter");
    const brush = viewer.getByRole("button", { name: "Brush", exact: true });
    await brush.waitFor();
    await viewer.scrollIntoViewIfNeeded();
    // Where the foremost Gaussian in the middle of the picture is
    const [from, to, camera] = await page.evaluate(() => {
      const { stage, drawing, model } = (document.querySelector(".e2gmm-viewer") as unknown as PaintedElement)
        .e2gmmView;
      const { left, top } = stage.canvas.getBoundingClientRect();
      const places = drawing.drawnPositions();
      const at = (i: number) => {
        const { x, y } = stage.project([places[3 * i]!, places[3 * i + 1]!, places[3 * i + 2]!]);
        return { x: left + x, y: top + y };
      };
      const order = Array.from({ length: places.length / 3 }, (_, i) => i).sort((a, b) => at(a).x - at(b).x);
      return [at(order[20]!), at(order[70]!), model.get("camera")] as const;
    });
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(to.x, to.y, { steps: 6 });
    await page.mouse.up();
    await summary(/^\d+ of 96 Gaussians/);
    const shapes = await shapesInKernel();
    const painted = await inRegion();
    assert.ok(painted.length > 5 && painted.length < 96, `${painted.length} painted`);
    assert.deepEqual([shapes.length, shapes[0]!.name], [1, "painted"]);
    assert.deepEqual(shapes[0]!.indices, painted);
    assert.deepEqual(
      await kernelSays("explorer.viewer.camera"),
      camera,
      "the stroke has turned the molecule",
    );
    await shot("painted");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Dark" });
    await page.waitForFunction(() => document.body.dataset["jpThemeLight"] === "false");
    await shot("painted-dark");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Light" });
    await page.waitForFunction(() => document.body.dataset["jpThemeLight"] === "true");

    await viewer.getByLabel("What the shape does").selectOption("subtract");
    await brush.focus();
    await page.keyboard.press("Shift+ArrowLeft");
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Space");
    await viewer
      .locator(".e2gmm-status")
      .filter({ hasText: /^Took out \d+ Gaussians?\./ })
      .waitFor();
    await shapesInKernel();
    const rest = await inRegion();
    assert.ok(rest.length < painted.length && rest.every((i) => painted.includes(i)));
    await viewer.getByRole("button", { name: /^Paint the region/ }).press("Enter");
    await brush.waitFor({ state: "detached" });
    await viewer.getByLabel("What the shape does").selectOption("add");
  });

  test("a second round is started in the mask with a set, and found by the project page", async () => {
    await explorer().getByRole("spinbutton", { name: "Number of clusters" }).fill("2");
    await explorer().getByRole("button", { name: "Clusters", exact: true }).click();
    await explorer()
      .getByRole("textbox", { name: "Name of the set k-means 1 of 2" })
      .waitFor({ timeout: 30_000 });
    await panel()
      .getByRole("combobox", { name: "Particles" })
      .selectOption({
        label: (await panel().locator("option", { hasText: "k-means 1 of 2" }).first().innerText()).trim(),
      });
    for (const [name, value] of [
      ["New axes", "1"],
      ["Epochs", "2"],
      ["Processors", "1"],
    ] as const)
      await field(name).fill(value);
    const shown = panel().getByLabel("Command of the second round");
    await shown.filter({ hasText: "--epochs 2 --out" }).filter({ hasText: "--queue-cpus 1" }).waitFor();
    const text = await shown.innerText();
    assert.match(
      text,
      /^e2gmm train --from '.*\/linear run' --select '.*\/linear run_round2_particles\.txt' --axes fixed /,
    );
    assert.match(text, /--mask '.*\/linear run\/workbench\/masks\/arm/);
    assert.match(
      await panel().getByLabel("Notebook cell of the second round").innerText(),
      /await e2\.project\.startRun\(\{\n {2}from: "/,
    );
    await shot("train");
    await button("Train here").last().click();
    await saysPanel(/Started linear run_round2 as a job/);
    const rows = readFileSync(path.join(lab.folder, "linear run_round2_particles.txt"), "utf8")
      .trim()
      .split("\n");
    const set = (await kernelSays('[...explorer.sets.get("k-means 1 of 2").rows]')) as number[];
    assert.deepEqual(rows.map(Number), set);
    await command(page, "e2gmm:project");
    const project = page.locator(".e2gmm-project");
    await project
      .getByRole("button", { name: "linear run_round2", exact: true })
      .waitFor({ timeout: 60_000 });
    await project.getByRole("button", { name: "linear run_round2", exact: true }).click();
    await project
      .getByRole("region", { name: "Run linear run_round2" })
      .getByText(/^complete; started from linear run/)
      .waitFor({ timeout: 180_000 });
    await page.screenshot({ path: path.join(artefacts, "region-project.png") });
    const record = JSON.parse(readFileSync(path.join(lab.folder, "linear run_round2/run.json"), "utf8"));
    const { from, inputs, particles } = record as e2.training.RunRecord;
    assert.equal(particles, set.length);
    assert.equal(from!.axes, "fixed");
    assert.match(inputs.mask!, /masks\/arm/);
    assert.deepEqual(errors, []);
    assert.equal(await page.evaluate(() => "hacked" in window), false);
  });
});
