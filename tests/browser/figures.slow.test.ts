import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { Browser, Download, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { writeBackbone } from "./backbone";
import { openExplorer } from "./explorerPage";
import { artefacts, command, type Lab, runCell, skip } from "./lab";

/** A figure and a movie are prepared in the explorer, on the screen of a laptop beside JupyterLab's file browser. */

interface ViewInPage {
  drawing: { atomPlaces(): Float32Array; drawnPositions(): Float32Array };
  stage: { canvas: HTMLCanvasElement };
}
type ViewerElement = Element & { e2gmmView?: ViewInPage };

describe("figures and movies in JupyterLab", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    ({ lab, browser, page, errors } = await openExplorer("linear run", { width: 1280, height: 800 }));
    await explorer().locator(".e2gmm-stage canvas").first().waitFor();
    await viewer().getByRole("button", { name: "Show or hide the controls" }).click();
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  const explorer = () => page.locator(".e2gmm-explorer").first();
  const viewer = () => explorer().locator(".e2gmm-viewer");
  const says = (pattern: RegExp) =>
    viewer().locator(".e2gmm-status").filter({ hasText: pattern }).waitFor({ timeout: 60_000 });
  const shot = async (name: string) => {
    await viewer().scrollIntoViewIfNeeded();
    await page.screenshot({ path: path.join(artefacts, `figures-${name}.png`) });
  };
  const saved = async (button: string | RegExp): Promise<Download> => {
    const [file] = await Promise.all([
      page.waitForEvent("download", { timeout: 120_000 }),
      viewer().getByRole("button", { name: button }).click(),
    ]);
    return file;
  };
  const places = (of: "atomPlaces" | "drawnPositions") =>
    page.evaluate(
      (name) => [...(document.querySelector(".e2gmm-viewer") as ViewerElement).e2gmmView!.drawing[name]()],
      of,
    );
  const atomPlaces = () => places("atomPlaces");
  const spherePlaces = () => places("drawnPositions");
  const bytesOf = async (file: Download) => readFileSync((await file.path())!);

  test("a reconstructed set is shown filtered to its FSC, and says so", async () => {
    await explorer().getByRole("spinbutton", { name: "Number of clusters" }).fill("2");
    await explorer().getByRole("button", { name: "Clusters", exact: true }).click();
    const rows = explorer().getByRole("table", { name: "Sets of particles" });
    await rows.getByRole("button", { name: "Reconstruct" }).first().click();
    await explorer().locator(".e2gmm-explorer-map input[type=checkbox]:checked").waitFor({ timeout: 60_000 });
    const shown = JSON.parse(
      await runCell(
        page,
        "console.log(JSON.stringify([(explorer.get('sets')[0]!.map as any).resolution, explorer.viewer.maps[0]!.note, explorer.viewer.maps[0]!.apix]))",
      ),
    ) as [number | null, string, number];
    const [resolution, note, apix] = shown;
    const isCoarse = resolution !== null && resolution > 2 * apix;
    assert.equal(/^filtered to [\d.]+ Å, where the FSC/.test(note), isCoarse, `${note} at ${resolution} Å`);
    if (isCoarse) assert.ok(note.includes(`${resolution.toFixed(1)} Å`));
  });

  test("its surface is coloured by its local resolution with the keyboard; the legend is in Å, and the run folder keeps it", async () => {
    await viewer()
      .getByRole("button", { name: /^Show only k-means 1 of 2/ })
      .press("Enter");
    const colouring = viewer().getByLabel("Colouring of k-means 1 of 2");
    await colouring.focus();
    await page.keyboard.press("End");
    assert.equal(await colouring.inputValue(), "local resolution");
    const legend = viewer().locator(".e2gmm-legend");
    await legend.filter({ hasText: "Local resolution (Å)" }).waitFor({ timeout: 120_000 });
    const [low, , high] = (await legend.locator(".e2gmm-ends span").allInnerTexts()).map(Number);
    assert.ok(low! >= 8 && high! >= low! && high! < 128, `${low} to ${high} Å`);
    const maps = path.join(lab.folder, "linear run/workbench/maps");
    const kept = readdirSync(maps).map((name) => path.join(maps, name, "map_local_resolution.mrc"));
    assert.deepEqual(kept.map(existsSync), [true]);
    await shot("resolution");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Dark" });
    await page.waitForFunction(() => document.body.dataset["jpThemeLight"] === "false");
    await shot("resolution-dark");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Light" });
    await page.waitForFunction(() => document.body.dataset["jpThemeLight"] === "true");
  });

  test("a picture of four times the pixels is saved without a background", async () => {
    await viewer().locator("summary", { hasText: "Picture" }).press("Enter");
    await viewer().getByLabel("Size of saved pictures").selectOption("4");
    await viewer().getByLabel("transparent background").check();
    await shot("picture");
    const bytes = await bytesOf(await saved("Save the picture"));
    const shown = await page.evaluate(() => {
      const { canvas } = (document.querySelector(".e2gmm-viewer") as ViewerElement).e2gmmView!.stage;
      return [canvas.width, canvas.height];
    });
    const { size, corner, covered } = await page.evaluate(async (base64) => {
      const blob = await (await fetch(`data:image/png;base64,${base64}`)).blob();
      const bitmap = await createImageBitmap(blob);
      const canvas = Object.assign(document.createElement("canvas"), {
        width: bitmap.width,
        height: bitmap.height,
      });
      const context = canvas.getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      let covered = 0;
      for (let i = 3; i < data.length; i += 4) if (data[i] === 255) covered++;
      return {
        size: [bitmap.width, bitmap.height],
        corner: data[3],
        covered: covered / (bitmap.width * bitmap.height),
      };
    }, bytes.toString("base64"));
    // The picture on the screen may be a fraction of a pixel larger than its canvas
    for (const [i, pixels] of size.entries()) assert.ok(Math.abs(pixels - 4 * shown[i]!) <= 4, `${size}`);
    assert.equal(corner, 0);
    assert.ok(covered > 0.02 && covered < 0.9, `${covered} of the picture is covered`);
    await viewer().getByLabel("transparent background").uncheck();
    await viewer().getByLabel("with legend and scale bar").check();
    const whole = await saved("Save the picture");
    await whole.saveAs(path.join(artefacts, "figures-saved.png"));
    const colours = await page.evaluate(
      async (base64) => {
        const blob = await (await fetch(`data:image/png;base64,${base64}`)).blob();
        const bitmap = await createImageBitmap(blob);
        const canvas = Object.assign(document.createElement("canvas"), { width: 600, height: 300 });
        const context = canvas.getContext("2d")!;
        // The lower left corner, where the legend is
        context.drawImage(bitmap, 0, -(bitmap.height - 300));
        const found = new Set<number>();
        const { data } = context.getImageData(48, 0, 552, 300);
        for (let i = 0; i < data.length; i += 4)
          found.add(65536 * data[i]! + 256 * data[i + 1]! + data[i + 2]!);
        return found.size;
      },
      (await bytesOf(whole)).toString("base64"),
    );
    assert.ok(colours > 100, `${colours} colours where the legend should be`);
  });

  test("an atomic model is shown over the map by the keyboard, and its residues follow the Gaussians along the motion", async () => {
    await writeBackbone(path.join(lab.folder, "linear run"), path.join(lab.folder, "trace.pdb"));
    await explorer().locator(".e2gmm-atoms summary").press("Enter");
    const file = explorer().getByLabel("File of the atomic model to show");
    await file.fill("missing.pdb");
    await file.press("Enter");
    await explorer()
      .locator(".e2gmm-explorer-status")
      .filter({ hasText: /missing\.pdb/ })
      .waitFor();
    await file.fill("trace.pdb");
    await file.press("Enter");
    await explorer()
      .locator(".e2gmm-explorer-status")
      .filter({ hasText: /trace\.pdb: \d+ residues, correlation 0\.\d\d with the neutral model/ })
      .waitFor();
    await viewer().locator(".e2gmm-legend").filter({ hasText: "chain A" }).waitFor();
    await explorer()
      .getByRole("slider", { name: /Opacity/ })
      .last()
      .fill("0.4");
    const [before, gaussians] = [await atomPlaces(), await spherePlaces()];
    await shot("atoms");
    await explorer().getByRole("spinbutton", { name: "z1 of the ring" }).fill("1.5");
    await explorer().getByRole("spinbutton", { name: "z1 of the ring" }).press("Enter");
    await page.waitForFunction(
      (x) =>
        Math.abs(
          (document.querySelector(".e2gmm-viewer") as ViewerElement).e2gmmView!.drawing.atomPlaces()[0]! - x,
        ) > 1e-3,
      before[0]!,
    );
    // Residues move as the Gaussians near them do
    const [after, gaussiansAfter] = [await atomPlaces(), await spherePlaces()];
    const at = (places: readonly number[], i: number) => places.slice(3 * i, 3 * i + 3);
    const apart = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((x, k) => x - b[k]!));
    const difference = (a: readonly number[], b: readonly number[]) => a.map((x, k) => x - b[k]!);
    let [near, wrong, moved] = [0, 0, 0];
    for (let i = 0; i < after.length / 3; i++) {
      for (let g = 0; g < gaussians.length / 3; g++) {
        if (apart(at(before, i), at(gaussians, g)) > 3) continue;
        const residue = difference(at(after, i), at(before, i));
        const gaussian = difference(at(gaussiansAfter, g), at(gaussians, g));
        near++;
        wrong += apart(residue, gaussian) ** 2;
        moved += Math.hypot(...gaussian) ** 2;
      }
    }
    assert.ok(near > 30, `${near} residues lie on a Gaussian`);
    assert.ok(wrong < 0.5 * moved, `${Math.sqrt(wrong / near)} of ${Math.sqrt(moved / near)} Å`);
    await shot("atoms-moved");
    await viewer()
      .locator(".e2gmm-section", { hasText: "carried by the Gaussians" })
      .getByLabel("shown")
      .uncheck();
    await page.waitForFunction(
      () =>
        (document.querySelector(".e2gmm-viewer") as ViewerElement).e2gmmView!.drawing.atomPlaces().length ===
        0,
    );
    await viewer()
      .locator(".e2gmm-section", { hasText: "carried by the Gaussians" })
      .getByLabel("shown")
      .check();
  });

  test("the motion is saved as an animated GIF and as a WebM movie, with the format chosen by the keyboard", async () => {
    await explorer().getByRole("button", { name: "Play", exact: true }).first().click();
    const player = viewer().locator(".e2gmm-player");
    await player.getByRole("button", { name: "Pause the path" }).click();
    const format = player.getByLabel("Format of the movie");
    assert.equal(await format.inputValue(), "WebM");
    await format.focus();
    await page.keyboard.press("End");
    assert.equal(await format.inputValue(), "GIF");
    await shot("movie");
    const gif = await saved("Save one round of the path as an animated GIF");
    await says(/The movie is saved\./);
    assert.match(gif.suggestedFilename(), /\.gif$/);
    const bytes = await bytesOf(gif);
    assert.equal(bytes.subarray(0, 6).toString("latin1"), "GIF89a");
    const { frames, width } = await page.evaluate(async (base64) => {
      const data = await (await fetch(`data:image/gif;base64,${base64}`)).arrayBuffer();
      // biome-ignore lint/suspicious/noExplicitAny: not in the types of TypeScript's DOM
      const decoder = new (globalThis as any).ImageDecoder({ data, type: "image/gif" });
      await decoder.completed;
      const { image } = await decoder.decode({ frameIndex: 0 });
      return { frames: decoder.tracks.selectedTrack.frameCount as number, width: image.codedWidth as number };
    }, bytes.toString("base64"));
    const shown = Number(await player.getByRole("slider", { name: "Frame" }).getAttribute("max")) + 1;
    assert.equal(frames, 2 * shown - 2);
    assert.ok(width > 100 && width <= 800);
    await format.selectOption("WebM");
    const webm = await saved(/WebM/);
    assert.match(webm.suggestedFilename(), /\.webm$/);
    assert.ok(statSync((await webm.path())!).size > 1000);
  });

  test("the maps of two sets are morphed one into the other with the keyboard, and the morph is saved as a movie", async () => {
    const row = explorer().locator("tr", { has: page.getByLabel("Tick k-means 2 of 2", { exact: true }) });
    await row.getByText("Reconstruct").click();
    const check = viewer().getByRole("checkbox", { name: "morph through 2 maps" });
    await check.waitFor({ timeout: 60_000 });
    await check.press("Space");
    const slider = viewer().getByRole("slider", { name: /^Morph/ });
    await slider.focus();
    await page.keyboard.press("End");
    assert.equal(await slider.getAttribute("aria-valuetext"), "100 %");
    await viewer().getByText("From k-means 1 of 2 to k-means 2 of 2.").waitFor();
    await page.keyboard.press("Home");
    for (let i = 0; i < 5; i++) await page.keyboard.press("PageUp");
    assert.match((await slider.getAttribute("aria-valuetext"))!, /^50 %$/);
    await shot("morph");
    await viewer().getByLabel("Format of the morph").selectOption("GIF");
    const gif = await saved("Save the morph to the last map and back as a movie");
    await says(/The movie is saved\./);
    assert.equal((await bytesOf(gif)).subarray(0, 6).toString("latin1"), "GIF89a");
    await gif.saveAs(path.join(artefacts, "figures-morph.gif"));
    await check.press("Space");
    await slider.waitFor({ state: "hidden" });
    assert.deepEqual(errors, []);
  });
});
