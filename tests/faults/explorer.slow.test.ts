import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import type { Browser, Page } from "playwright-core";
import { formsOf, loadRasteriser } from "tslab-widgets/display";
import { afterAll, beforeAll, describe, test } from "vitest";
import { copyRun, fixture, fixtureSize } from "../browser/fixture";
import { artefacts, command, Lab, launchChromium, runAllCells, runCell, skip } from "../browser/lab";
import { skipIf } from "../requirement";

/** Faults of the explorer that gave no error message; each needs a browser. */

const COUNT = fixtureSize.particles;
type PlotElement = HTMLElement & {
  _fullLayout: Record<"xaxis" | "yaxis", { range: [number, number] }>;
};

const cells = [
  `import * as e2 from "e2gmm";
const explorer = await e2.explore("adk run");
const z = (await explorer.run!.latents()).refined;`,
  "explorer",
  "const one = new e2.explorer.LatentScatter({ latents: z.filter((_, i) => i % 2 === 0), latent: 1 }); one",
];

describe("faults of the explorer", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  let latents: number[];
  const workspace = randomUUID();

  const json = async (expression: string, on = page) =>
    JSON.parse(await runCell(on, `console.log(JSON.stringify(${expression}))`));
  const explorer = (on = page) => on.locator(".e2gmm-explorer").first();
  const controls = (title: string | RegExp) =>
    explorer().locator(".e2gmm-explorer-controls").getByTitle(title);
  const statusSays = (pattern: RegExp, on = page) =>
    explorer(on).locator(".e2gmm-explorer-status").filter({ hasText: pattern }).waitFor();
  const drawn = (on = page) => explorer(on).locator(".e2gmm-scatter[data-drawn]").waitFor();
  const shot = (name: string, selector = ".e2gmm-explorer") =>
    page
      .locator(selector)
      .first()
      .screenshot({ path: path.join(artefacts, `faults-${name}.png`) });
  const rowOf = (name: string) =>
    page.locator("tr", { has: page.getByLabel(`Name of the set ${name}`, { exact: true }) });

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
    copyRun(lab.folder, "adk run");
    page = await browser.newPage({ viewport: { width: 1500, height: 1150 } });
    lab.writeNotebook("one.ipynb", cells);
    await lab.open(page, "one.ipynb", workspace);
    await runAllCells(page);
    await drawn();
    latents = await json("Array.from(z)");
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  test("parts follow the drawn path, and particles too far from it are left out and counted", async () => {
    const anchors = [
      [-1, 0],
      [0, 1.2],
      [1, 0],
    ];
    await runCell(page, `explorer.scatter.anchors = ${JSON.stringify(anchors)};`);
    await controls("Make sets along the path")
      .locator("..")
      .getByLabel("How the path is divided")
      .selectOption("length");
    await explorer().getByLabel("Number of parts").fill("3");
    await explorer().getByLabel("Largest distance from the path").fill("0.4");
    await controls(/Make sets along the path/).click();
    await statusSays(/Made 3 sets\. \d+ of 432 particles are farther than 0\.4 from the path/);
    const { stations, length } = e2.latent.pathThrough(anchors.flat(), 2, 6001);
    const expected: number[][] = [[], [], []];
    const unsure = new Set<number>();
    for (let row = 0; row < COUNT; row++) {
      let best = { away: Number.POSITIVE_INFINITY, at: 0 };
      for (let s = 0; s < 6001; s++) {
        const away = Math.hypot(
          latents[2 * row]! - stations[2 * s]!,
          latents[2 * row + 1]! - stations[2 * s + 1]!,
        );
        if (away < best.away) best = { away, at: (length * s) / 6000 };
      }
      const part = (3 * best.at) / length;
      if (Math.abs(best.away - 0.4) < 1e-3 || Math.abs(part - Math.round(part)) < 2e-3) unsure.add(row);
      else if (best.away <= 0.4) expected[Math.floor(part)]!.push(row);
    }
    const found: number[][] = await json("[...explorer.sets].map(({ rows }) => Array.from(rows))");
    const sure = (rows: number[]) => rows.filter((row) => !unsure.has(row));
    assert.deepEqual(found.map(sure), expected.map(sure));
    await shot("parts");
    await runCell(page, "explorer.sets.remove([...explorer.sets].map(({ id }) => id));");
  });

  test("in one dimension the nearest particles are those along z, whatever the height of the histogram", async () => {
    const scatter = page
      .locator(".jp-OutputArea-output > .e2gmm-scatter, .jp-OutputArea-output .e2gmm-scatter")
      .last();
    await scatter.scrollIntoViewIfNeeded();
    await scatter.locator(".e2gmm-scatter-overlay").waitFor();
    await scatter.locator('.e2gmm-scatter-button[data-tool="nearest"]').click();
    await scatter.getByLabel("Number of particles").fill("40");
    const area = async () => {
      await scatter.scrollIntoViewIfNeeded();
      return scatter.evaluate((node) => {
        const { left, top, width, height } = node
          .querySelector(".e2gmm-scatter-overlay")!
          .getBoundingClientRect();
        const { xaxis } = (node.querySelector(".e2gmm-scatter-plotly") as PlotElement)._fullLayout;
        return { left, top, width, height, x: [...xaxis.range] };
      });
    };
    const { left, top, width, height, x } = await area();
    // High above the histogram
    const px = Math.round(left + 0.3 * width);
    await page.mouse.click(px, Math.round(top + 0.05 * height));
    await scatter
      .locator(".e2gmm-scatter-message")
      .filter({ hasText: /The 40 nearest to z = .*, by distance along z/ })
      .waitFor();
    const at = x[0]! + ((px - left) / width) * (x[1]! - x[0]!);
    const nearest = Array.from({ length: COUNT }, (_, row) => row)
      .sort((a, b) => Math.abs(latents[2 * a]! - at) - Math.abs(latents[2 * b]! - at))
      .slice(0, 40)
      .sort((a, b) => a - b);
    assert.deepEqual(await json("Array.from(one.rows)"), nearest);
    await scatter.locator('.e2gmm-scatter-button[data-tool="radius"]').click();
    const second = await area();
    await page.mouse.move(px, second.top + 0.5 * height);
    await page.mouse.down();
    await page.mouse.move(px + 40, second.top + 0.3 * height, { steps: 3 });
    await scatter.screenshot({ path: path.join(artefacts, "faults-band.png") });
    await page.mouse.up();
    await scatter
      .locator(".e2gmm-scatter-message")
      .filter({ hasText: /^Within .* along z$/ })
      .waitFor();
    const radius = (40 / width) * (x[1]! - x[0]!);
    const rows: number[] = await json("Array.from(one.rows)");
    assert.deepEqual(
      rows,
      Array.from({ length: COUNT }, (_, row) => row).filter(
        (row) => Math.abs(latents[2 * row]! - at) <= radius,
      ),
    );
  });

  test("a set with a map is reconstructed again, stopped, renamed and deleted", async () => {
    await runCell(page, "explorer.sets.add(Array.from({ length: 300 }, (_, i) => i), { name: 'a' });");
    // JupyterLab does not lay out cells beyond the edge of the window
    await explorer().evaluate((element) => element.scrollIntoView());
    const again = explorer().getByTitle("Reconstruct the ticked sets in the background");
    await rowOf("a").getByText("Reconstruct").click();
    await rowOf("a").locator(".e2gmm-explorer-map input:checked").waitFor();
    await page.getByLabel("Tick a", { exact: true }).check();
    // At once, before the small set has been reconstructed
    const stopped = page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const watch = new MutationObserver(() => {
            const links = [
              ...document.querySelectorAll<HTMLElement>(".e2gmm-explorer-map .e2gmm-explorer-link"),
            ];
            const stop = links.find(({ textContent }) => textContent === "Stop");
            if (!stop) return;
            watch.disconnect();
            stop.click();
            resolve();
          });
          watch.observe(document.body, { subtree: true, childList: true });
        }),
    );
    await again.click();
    await stopped;
    await rowOf("a").locator(".e2gmm-explorer-map input:checked").waitFor();
    await again.click();
    const name = rowOf("a").locator(".e2gmm-explorer-name");
    await name.fill("b");
    await name.press("Enter");
    await rowOf("b").locator(".e2gmm-explorer-map input:checked").waitFor();
    assert.deepEqual(await json("explorer.viewer.maps.map(({ name }) => name)"), ["b"]);
    await shot("renamed");
    await again.click();
    await explorer().getByTitle("Delete the ticked sets").click();
    await explorer().locator(".e2gmm-explorer-empty").waitFor();
    assert.deepEqual(await json("[explorer.viewer.maps.length, explorer.sets.size]"), [0, 0]);
  });

  test("playback moves the ring; afterwards the probe is there, and the exported model is the one shown", async () => {
    await runCell(page, "explorer.scatter.stationCount = 12;");
    await explorer().scrollIntoViewIfNeeded();
    const ring = explorer().locator(".e2gmm-scatter-probe");
    const place = () => ring.getAttribute("aria-valuetext");
    const start = await place();
    await controls("Play the motion of the Gaussians along the path drawn in the plot").click();
    const seen = new Set<string | null>();
    for (let tries = 0; tries < 100 && seen.size < 4; tries++) {
      seen.add(await place());
      await page.waitForTimeout(50);
    }
    assert.ok(seen.size >= 4, `the ring was at ${[...seen].join("; ")}`);
    await shot("playing");
    await controls("Write particles, map or model to files").click();
    await explorer().getByLabel("What to write").selectOption({ label: "Gaussians at the probe (text)" });
    await page.locator(".e2gmm-explorer-file").fill("shown.txt");
    await page.locator(".e2gmm-explorer-export button[type=submit]").click();
    await statusSays(/Wrote shown\.txt/);
    const [probe, stations, expected] = await json(
      "[explorer.scatter.probe, explorer.scatter.stations(), Array.from(explorer.run!.decode(explorer.scatter.probe).params)]",
    );
    assert.ok(
      stations.some((station: number[]) => Math.hypot(station[0]! - probe[0], station[1]! - probe[1]) < 1e-6),
      `${probe} is no station`,
    );
    assert.notEqual(await place(), start);
    const rows = readFileSync(path.join(lab.folder, "shown.txt"), "utf8")
      .split("\n")
      .filter((line) => /^\s*-?\d/.test(line))
      .map((line) => line.trim().split(/\s+/).map(Number));
    const first = [0, 1, 2].map((row) => expected[row * fixtureSize.gaussians]!);
    assert.ok(
      rows.some((row) =>
        [0, 1, 2].every((axis) => row.some((value) => Math.abs(value - first[axis]!) < 1e-4)),
      ),
      `no Gaussian at ${first} in ${JSON.stringify(rows.slice(0, 2))}`,
    );
    // Playback has stopped
    const rest = await place();
    await page.waitForTimeout(400);
    assert.equal(await place(), rest);
    await explorer().getByTitle("Write particles, map or model to files").click();
  });

  test("fourteen sets differ in colour or marker in both themes", async () => {
    await runCell(
      page,
      "for (let i = 0; i < 14; i++) explorer.sets.add(Array.from({ length: 30 }, (_, j) => (30 * i + j) % 432)); explorer.scatter.colour = 'sets';",
    );
    await page.locator(".e2gmm-scatter-category").nth(14).waitFor();
    const looks = await explorer()
      .locator(".e2gmm-scatter-category .e2gmm-scatter-swatch")
      .evaluateAll((swatches) =>
        swatches.map((swatch) => {
          const { backgroundColor } = getComputedStyle(swatch);
          return `${backgroundColor} ${(swatch as HTMLElement).dataset["marker"]}`;
        }),
      );
    assert.equal(new Set(looks).size, 15);
    assert.ok(
      !looks.some((look) => /^rgb\((\d|[12]\d|3[0-5]), /.test(look) && /, (\d|[12]\d|3[0-5])\) /.test(look)),
      String(looks),
    );
    await explorer().scrollIntoViewIfNeeded();
    await page.waitForTimeout(500);
    await shot("sets-light");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Dark" });
    await page.waitForFunction(() => document.body.dataset["jpThemeLight"] === "false");
    await page.waitForTimeout(800);
    await shot("sets-dark");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Light" });
    await runCell(page, "explorer.sets.remove([...explorer.sets].map(({ id }) => id));");
  });

  test("a panel on the notebook's kernel works after a reload of the page, also while a cell is running", async () => {
    await page
      .locator(".jp-NotebookPanel-toolbar")
      .getByTitle("Open the explorer of a run in this notebook's kernel")
      .click();
    const panel = page.locator(".e2gmm-explorerPanel");
    await panel.getByTitle("Show this explorer").click();
    await panel.locator(".e2gmm-scatter[data-drawn]").waitFor();
    await command(page, "docmanager:save-all").catch(() => {});
    // The workspace is saved some time after a change
    await page.waitForTimeout(2500);
    for (const busy of [12, 0, 0]) {
      if (busy > 0) {
        await page.evaluate((seconds) => {
          // biome-ignore lint/suspicious/noExplicitAny: JupyterLab's own objects, which have no types in a page
          const { shell } = (window as any).jupyterapp;
          // biome-ignore lint/suspicious/noExplicitAny: as above
          const notebook: any = [...shell.widgets("main")].find((one: any) => one.content?.model?.cells);
          notebook.sessionContext.session.kernel.requestExecute({
            code: `for (const end = Date.now() + ${1000 * seconds}; Date.now() < end; ) {}`,
          });
        }, busy);
      }
      await lab.open(page, "", workspace);
      await panel.locator(".e2gmm-scatter[data-drawn]").waitFor({ timeout: 45_000 });
      const ring = panel.locator(".e2gmm-scatter-probe");
      const before = await ring.getAttribute("aria-valuetext");
      await ring.focus();
      await page.keyboard.press("Shift+ArrowRight");
      await page.waitForFunction(
        (text) =>
          document
            .querySelector(".e2gmm-explorerPanel .e2gmm-scatter-probe")!
            .getAttribute("aria-valuetext") !== text,
        before,
      );
    }
    await page.locator("#jp-main-dock-panel").screenshot({ path: path.join(artefacts, "faults-panel.png") });
  });

  test("a stopped training is opened with the encoder's latent coordinates", async () => {
    const { particles, model } = fixture();
    const controller = new AbortController();
    await e2.useBackend("wasm");
    const out = path.join(lab.folder, "stopped");
    const options = {
      latent: 2,
      epochs: 3,
      coarseEpochs: 1,
      batchSize: 16,
      hidden: [24, 24],
      vary: ["position" as const],
    };
    await assert.rejects(
      e2.training.trainInThisThread({
        ...{ particles, model, out, options },
        signal: controller.signal,
        onEpoch: () => controller.abort(new Error("stopped")),
      }),
      { name: "StoppedError" },
    );
    lab.writeNotebook("two.ipynb", [
      'const e2 = await import("e2gmm"); const stopped = await e2.explore("stopped");',
      "stopped",
    ]);
    const other = await browser.newPage({ viewport: { width: 1300, height: 900 } });
    await lab.open(other, "two.ipynb");
    await runAllCells(other);
    await drawn(other);
    await statusSays(
      /Training of this run is not finished: latent coordinates are the encoder's after epoch 1 of 3/,
      other,
    );
    assert.equal(await json("stopped.scatter.count", other), COUNT);
    assert.match(
      (await explorer(other).locator(".e2gmm-explorer-about").textContent())!,
      /^stopped · 432 particles/,
    );
    await command(other, "kernelmenu:shutdown");
    await other.close();
  });

  test("a notebook that is not trusted shows pictures with readable text", async () => {
    await loadRasteriser();
    const scatter = new e2.explorer.LatentScatter({ latents: Float32Array.from(latents), latent: 2 });
    const bundles = [
      await e2.figures.histogram({ label: "z1", values: latents })[e2.displaySymbol](),
      formsOf(scatter[e2.displaySymbol]()),
    ];
    scatter.close();
    const outputs = bundles.map((data) => ({
      output_type: "display_data",
      data: formsOf(data),
      metadata: {},
    }));
    const notebook = {
      cells: [{ cell_type: "code", id: "a", source: "", metadata: {}, execution_count: 1, outputs }],
      metadata: { kernelspec: { name: "e2gmm", display_name: "e2gmm", language: "typescript" } },
      nbformat: 4,
      nbformat_minor: 5,
    };
    writeFileSync(path.join(lab.folder, "sent.ipynb"), JSON.stringify(notebook));
    const other = await browser.newPage({ viewport: { width: 1000, height: 1100 } });
    await lab.open(other, "sent.ipynb");
    const pictures = other.locator('.jp-OutputArea-output img[src^="data:image/png"]');
    await pictures.nth(1).waitFor();
    for (const picture of await pictures.all()) {
      const width = await picture.evaluate((image: HTMLImageElement) =>
        image.decode().then(() => image.naturalWidth),
      );
      assert.ok(width > 300);
    }
    assert.match(
      bundles[1]!["text/plain" as never],
      /^Latent space; 432 particles over z1 and z2; probe at \(0, 0\)$/,
    );
    await other.locator(".jp-Notebook").screenshot({ path: path.join(artefacts, "faults-untrusted.png") });
    await command(other, "kernelmenu:shutdown");
    await other.close();
  });

  test("a double click on a .cs file shows its rows; a C# file is reported as such", async () => {
    const header =
      "{'descr': [('uid', '<u8'), ('alignments3D/shift', '<f4', (2,))], 'fortran_order': False, 'shape': (3,), }";
    const head = Buffer.concat([
      Buffer.from("\x93NUMPY\x01\x00\x00\x00", "latin1"),
      Buffer.from(`${header.padEnd(117)}\n`),
    ]);
    head.writeUInt16LE(118, 8);
    const rows = Buffer.alloc(48);
    for (let row = 0; row < 3; row++) {
      rows.writeBigUInt64LE(BigInt(100 + row), 16 * row);
      rows.writeFloatLE(row + 0.5, 16 * row + 8);
    }
    writeFileSync(path.join(lab.folder, "particles.cs"), Buffer.concat([head, rows]));
    writeFileSync(path.join(lab.folder, "Program.cs"), "using System;\nclass Program { }\n");
    const other = await browser.newPage({ viewport: { width: 1000, height: 700 } });
    await lab.open(other, "particles.cs");
    await other
      .locator(".e2gmm-fileViewer-status")
      .filter({ hasText: /2 fields of cryoSPARC, 176 bytes/ })
      .waitFor();
    assert.deepEqual(
      await other
        .getByLabel("Column that sorts")
        .locator("option")
        .allTextContents()
        .then((all) => all.slice(1)),
      ["uid", "alignments3D/shift[0]", "alignments3D/shift[1]"],
    );
    await other.screenshot({ path: path.join(artefacts, "faults-cs.png") });
    await lab.open(other, "Program.cs");
    await other
      .locator(".e2gmm-fileViewer-problem")
      .filter({
        hasText: /Program\.cs: expected a cryoSPARC particle file.*found text, such as a C# program/,
      })
      .waitFor();
    await other.close();
  });
});
