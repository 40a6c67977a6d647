import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createStack } from "e2gmm/dist/formats/mrc";
import { writeMap } from "e2gmm/dist/maps/mapFile";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { artefacts, command, Lab, launchChromium, skip } from "./lab";

const hostile = "<img src=x onerror=window.hacked=1>";
/** The same as one word, for a column name. */
const hostileWord = "<img/src=x/onerror=window.hacked=1>";
const rows = 200_000;

/** A ball of density 1 with a soft edge, in a box of 48 voxels of 2 Å. */
function ball(): Float32Array {
  const n = 48;
  const data = new Float32Array(n ** 3);
  for (let z = 0, at = 0; z < n; z++) {
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++)
        data[at++] = 1 / (1 + Math.exp((Math.hypot(x - 24, y - 24, z - 24) - 14) / 1.5));
    }
  }
  return data;
}

/** Writes a text into the first label of an MRC file. */
function setLabel(file: string, label: string): void {
  const bytes = readFileSync(file);
  bytes.write(label.padEnd(80), 224, "latin1");
  writeFileSync(file, bytes);
}

/** Defocus of a row: distinct values, not in row order. */
const defocus = (row: number) => 10_000 + ((row * 7919) % rows) / 16;

function bigStar(): string {
  const lines = [
    "data_optics",
    "",
    "loop_",
    "_rlnOpticsGroup #1",
    `_${hostileWord} #2`,
    `1 '${hostile}'`,
    "",
    "data_particles",
    "",
    "loop_",
    "_rlnImageName #1",
    "_rlnDefocusU #2",
    "_rlnAnglePsi #3",
  ];
  for (let row = 0; row < rows; row++) {
    const image = `${String((row % 500) + 1).padStart(6, "0")}@Extract/mic${Math.floor(row / 500)}.mrcs`;
    lines.push(`${image} ${defocus(row).toFixed(4)} ${((row * 37) % 360) - 180}`);
  }
  return `${lines.join("\n")}\n`;
}

describe("file viewers", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];
  const elsewhere = mkdtempSync(path.join(tmpdir(), "e2gmm-elsewhere-"));

  const viewer = () => page.locator(".e2gmm-fileViewer:visible");
  const status = () => viewer().locator(".e2gmm-fileViewer-status");
  const problem = () => viewer().locator(".e2gmm-fileViewer-problem");
  const screenshot = (name: string) => page.screenshot({ path: path.join(artefacts, `${name}.png`) });
  const setTheme = async (theme: "Light" | "Dark") => {
    await command(page, "apputils:change-theme", { theme: `JupyterLab ${theme}` });
    await page.waitForFunction(
      (light) => document.body.dataset["jpThemeLight"] === light,
      String(theme === "Light"),
    );
    await page.waitForTimeout(500);
  };
  /** Opens a file as a user does. */
  const open = async (name: string) => {
    await page.locator(".jp-DirListing-item", { hasText: name }).dblclick();
    await page.locator(".lm-TabBar-tab.jp-mod-current", { hasText: name }).waitFor();
    await viewer().waitFor();
  };
  /** The text of a grid cell, by its 0-based row on the screen, from the status line. */
  const cell = async (row: number, column: "first" | "second") => {
    const grid = viewer().locator(".lm-DataGrid-viewport");
    await grid.click({ position: { x: column === "first" ? 100 : 330, y: 28 + 24 * row + 12 } });
    return ((await status().textContent()) ?? "").split(" · ").at(-1)!;
  };

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
    const file = (name: string) => path.join(lab.folder, name);
    await writeMap(file("ball.mrc"), { data: ball(), size: [48, 48, 48], apix: 2, origin: [1, 2, 3] });
    setLabel(file("ball.mrc"), hostile);
    await writeMap(path.join(elsewhere, "far.mrc"), { data: ball(), size: [48, 48, 48], apix: 2 });
    symlinkSync(path.join(elsewhere, "far.mrc"), file("linked.mrc"));
    writeFileSync(file("short.mrc"), readFileSync(file("ball.mrc")).subarray(0, 100_000));
    writeFileSync(file("page.map"), `<!DOCTYPE html>${hostile.repeat(50)}`);
    const stack = await createStack(file("images.mrcs"), { size: [32, 32], apix: 2 });
    await stack.append(
      Float32Array.from({ length: 300 * 1024 }, (_, i) => Math.sin(i / (1 + Math.floor(i / 1024)))),
    );
    await stack.close();
    writeFileSync(file("big.star"), bigStar());
    writeFileSync(file("ragged.star"), `data_a\nloop_\n_x\n_y\n1 2\n3\n${hostileWord}\n`);
    writeFileSync(file("broken.star"), `data_a\n\nloop_\n_x\n1\n2\n${hostileWord}\n;\ntext\n;\n`);
    page = await browser.newPage({ viewport: { width: 1500, height: 850 } });
    page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
    await lab.open(page);
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  test("a map opens by double click with header, surface with adjustable level, and slices", async () => {
    await open("ball.mrc");
    const side = viewer().locator(".e2gmm-mapViewer-side");
    const entry = (name: string) => side.locator("tr", { hasText: name }).first().locator("td").textContent();
    await side.getByText("Values as read").waitFor();
    assert.equal(await entry("Dimensions"), "48 × 48 × 48 (columns, rows, sections)");
    assert.equal(await entry("Voxel"), "2 × 2 × 2 Å");
    assert.equal(await entry("Mode"), "2 (32-bit floating point)");
    assert.equal(await entry("Origin"), "1, 2, 3 Å");
    assert.equal(await side.locator("li").textContent(), hostile);

    const surface = viewer().locator(".e2gmm-mapViewer-surface");
    const triangles = async () => Number(await surface.getAttribute("data-triangles"));
    await page.waitForFunction(() => document.querySelector("[data-triangles]") !== null);
    const first = await triangles();
    assert.ok(first > 1000, `${first} triangles`);
    const absolute = surface.getByLabel("Level in the map's units");
    await absolute.fill("0.3");
    await absolute.press("Enter");
    await page.waitForFunction(
      (before) => document.querySelector("[data-triangles]")?.getAttribute("data-triangles") !== before,
      String(first),
    );
    const lower = await triangles();
    assert.ok(lower > first, `${lower} triangles at a lower level, ${first} before`);
    // The same level in σ, from the statistics that the header shows
    const [mean, rms] = [Number(await entry("Mean")), Number(await entry("RMS"))];
    const sigma = surface.locator("input[type=number]").first();
    assert.ok(Math.abs(Number(await sigma.inputValue()) - (0.3 - mean) / rms) < 0.02);
    await absolute.fill("5");
    await absolute.press("Enter");
    await surface.getByText("No voxel is beyond this level: the map ranges from").waitFor();
    await absolute.fill("0.5");
    await absolute.press("Enter");

    const slices = viewer().locator(".e2gmm-mapViewer-slice");
    assert.match((await slices.textContent())!, /Z slice 25 of 48 \(51 Å\), X to the right, Y upwards/);
    const middle = () =>
      slices
        .locator("canvas")
        .evaluate(
          (canvas: HTMLCanvasElement) => canvas.getContext("2d")!.getImageData(24, 24, 1, 1).data[0]!,
        );
    const inside = await middle();
    await slices.getByRole("slider", { name: "Slice" }).fill("1");
    assert.match((await slices.textContent())!, /Z slice 1 of 48 \(3 Å\)/);
    assert.ok((await middle()) < inside - 50, "outside the ball it is darker");
    await slices.getByLabel("Axis across the slice").selectOption("X");
    assert.match((await slices.textContent())!, /X slice 25 of 48 \(49 Å\), Y to the right, Z upwards/);

    await screenshot("mapViewer-light");
    await setTheme("Dark");
    await screenshot("mapViewer-dark");
    await setTheme("Light");
    await command(page, "application:close");
  });

  test("a link to a file outside the served folder opens", async () => {
    await open("linked.mrc");
    await viewer().getByText("Values as read").waitFor();
    assert.match((await status().textContent())!, /^48×48×48 voxels · 443 kB/);
    await command(page, "application:close");
  });

  test("a file that is not a map or is truncated gives a one-sentence message, with the header if readable", async () => {
    await open("page.map");
    await problem().getByText("page.map: expected an MRC file, found text beginning with").waitFor();
    await command(page, "application:close");
    await open("short.mrc");
    await problem()
      .getByText("short.mrc: expected 443392 bytes for 48 sections of 48×48 in mode 2, found 100000 bytes")
      .waitFor();
    assert.match((await viewer().textContent())!, /48 × 48 × 48 \(columns, rows, sections\)/);
    await command(page, "application:close");
  });

  test("a stack opens as images, and only visible ones are read", async () => {
    await open("images.mrcs");
    const figures = viewer().locator("figure");
    await figures.first().waitFor();
    const shown = await figures.count();
    assert.ok(shown > 10 && shown <= 200, `${shown} images`);
    const number = viewer().locator("input[type=number]");
    await number.fill("250");
    await number.press("Enter");
    const last = Math.min(250, 300 - shown + 1);
    await viewer().locator("figcaption").first().getByText(String(last), { exact: true }).waitFor();
    await screenshot("stackViewer");
    await command(page, "application:close");
  });

  test("a large STAR file opens as a table that can be sorted and filtered, and is not changed", async () => {
    const file = path.join(lab.folder, "big.star");
    const before = readFileSync(file);
    const started = performance.now();
    await open("big.star");
    await status().getByText("3 columns").waitFor();
    console.log(`first rows of ${rows} after ${Math.round(performance.now() - started)} ms`);
    await status()
      .getByText(`${rows.toLocaleString("en")} rows · 3 columns · `)
      .waitFor();
    await page.waitForFunction(
      () => !document.querySelector(".e2gmm-fileViewer-status")!.textContent!.includes("reading"),
    );
    assert.equal(await cell(0, "first"), "row 1, rlnImageName: 000001@Extract/mic0.mrcs");
    await screenshot("starViewer-light");

    const order = [...Array(rows).keys()].sort((a, b) => defocus(a) - defocus(b));
    const nth = (row: number) =>
      `row ${(row + 1).toLocaleString("en")}, rlnDefocusU: ${defocus(row).toFixed(4)}`;
    const header = () =>
      viewer()
        .locator(".lm-DataGrid-viewport")
        .click({ position: { x: 330, y: 14 } });
    const sorted = () =>
      page.waitForFunction(
        () => !document.querySelector(".e2gmm-fileViewer-status")!.textContent!.startsWith("Sorting"),
      );
    await header();
    await sorted();
    assert.equal(await cell(0, "second"), nth(order[0]!));
    assert.equal(await cell(7, "second"), nth(order[7]!));
    await header();
    await sorted();
    assert.equal(await cell(0, "second"), nth(order[rows - 1]!));

    await viewer().getByLabel("Filter rows").fill("MIC7.");
    await status()
      .getByText(`500 of ${rows.toLocaleString("en")} rows`)
      .waitFor();
    const those = order.filter((row) => row >= 3500 && row < 4000);
    assert.equal(await cell(0, "second"), nth(those[499]!));
    await page.keyboard.press("ArrowDown");
    assert.match((await status().textContent())!, new RegExp(`${nth(those[498]!)}$`));
    await setTheme("Dark");
    await screenshot("starViewer-dark");
    await setTheme("Light");

    await viewer().getByLabel("Block").selectOption("data_optics");
    await status().getByText("1 row · 2 columns").waitFor();
    assert.equal(await cell(0, "second"), `row 1, ${hostileWord}: ${hostile}`);
    const options = await viewer().getByLabel("Column that sorts").locator("option").allTextContents();
    assert.deepEqual(options, ["file order", "rlnOpticsGroup", hostileWord]);

    await command(page, "docmanager:save");
    assert.equal(await page.locator(".jp-Dialog").count(), 0);
    assert.ok(readFileSync(file).equals(before));
    const checkpoints = path.join(lab.folder, ".ipynb_checkpoints");
    assert.deepEqual(existsSync(checkpoints) ? readdirSync(checkpoints) : [], [], "viewing makes no copies");
  });

  test("open files are restored when the page is reloaded", async () => {
    await page.reload();
    await status()
      .getByText(`${rows.toLocaleString("en")} rows · 3 columns`)
      .waitFor();
    await command(page, "application:close");
  });

  test("rows with missing values are reported, and a file saved in an editor is read again", async () => {
    await open("ragged.star");
    await problem()
      .getByText("data_a, row 2 (line 6): expected 2 values, one for each column, found 1 (and 1 other row).")
      .waitFor();
    await command(page, "docmanager:open", { path: "ragged.star", factory: "Editor" });
    await page.locator(".jp-FileEditor .cm-content").getByText("data_a").waitFor();
    // Saving in the editor reloads it in the viewer
    await page.locator(".jp-FileEditor .cm-content").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("5 6\n");
    await command(page, "docmanager:save");
    await command(page, "docmanager:open", { path: "ragged.star", factory: "STAR table" });
    await status().getByText("4 rows").waitFor();
    await command(page, "application:close-all");
  });

  test("a damaged file is shown up to the damage", async () => {
    await open("broken.star");
    await problem()
      .getByText("broken.star: line 8: expected one line for each row, found a text of several lines")
      .waitFor();
    await status().getByText("3 rows · 1 column").waitFor();
    assert.equal(await cell(2, "first"), `row 3, x: ${hostileWord}`);
    await command(page, "application:close");
  });

  test("missing WebGL is reported, and header and slices are shown", async () => {
    const plain = await browser.newPage();
    await plain.addInitScript(() => {
      const original = HTMLCanvasElement.prototype.getContext;
      Object.defineProperty(HTMLCanvasElement.prototype, "getContext", {
        value: function (this: HTMLCanvasElement, kind: string, options?: object) {
          return kind.includes("webgl") ? null : Reflect.apply(original, this, [kind, options]);
        },
      });
    });
    await lab.open(plain, "ball.mrc");
    await plain.getByText("3-D graphics are not available").waitFor();
    assert.match((await plain.locator(".e2gmm-mapViewer-side").textContent())!, /48 × 48 × 48/);
    assert.match((await plain.locator(".e2gmm-mapViewer-slice").textContent())!, /Z slice 25 of 48/);
    await plain.close();
  });

  test("settings apply to files opened afterwards", async () => {
    const answer = await lab.fetch("/lab/api/settings/e2gmm-labextension:file-viewers", {
      method: "PUT",
      body: JSON.stringify({ raw: JSON.stringify({ mapEdge: 32, starMegabytes: 1 }) }),
    });
    assert.equal(answer.status, 204);
    const other = await browser.newPage();
    await lab.open(other, "ball.mrc");
    await other
      .getByText("48×48×48 voxels are shown as 24×24×24: blocks of 2×2×2 voxels are averaged.")
      .waitFor();
    await command(other, "docmanager:open", { path: "big.star" });
    await other.getByText("only the first 1.00 MB of 8.32 MB (a setting)").waitFor();
    await other.close();
  });

  test("no text of a file was interpreted as markup, and no error was thrown", async () => {
    assert.equal(await page.evaluate(() => (window as { hacked?: number }).hacked), undefined);
    assert.equal(await page.locator(".e2gmm-fileViewer img").count(), 0);
    // JupyterLab's toolbars throw when a tab is closed while it is opening
    assert.deepEqual(
      errors.filter((stack) => stack.includes("/labextensions/e2gmm")),
      [],
    );
  });
});
