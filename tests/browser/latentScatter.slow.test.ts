import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { artefacts, command, Lab, launchChromium, runAllCells, runCell, skip } from "./lab";

const hostile = '<img src=x onerror="window.hacked=1"> <a href="javascript:window.hacked=1">$x$ %{x} &lt;';

/** Particles in three clusters of a four-dimensional latent space, with a numeric and a categorical column. */
const cell = `
import * as e2 from "e2gmm";
const random = new e2.Random(7);
const n = 600;
const latents = new Float32Array(n * 4);
for (let i = 0; i < n; i++) {
  const angle = (i % 3) * 2.1;
  latents[4 * i] = Math.cos(angle) + 0.25 * random.normal();
  latents[4 * i + 1] = Math.sin(angle) + 0.25 * random.normal();
  latents[4 * i + 2] = 0.5 * random.normal();
  latents[4 * i + 3] = 0.3 * random.normal();
}
const hostile = ${JSON.stringify(hostile)};
const scatter = new e2.explorer.LatentScatter({
  latents,
  latent: 4,
  title: "Three clusters " + hostile,
  columns: [
    { name: "defocus", unit: "Å", values: Float32Array.from({ length: n }, (_, i) => 12000 + 10 * i) },
    { name: hostile, values: Array.from({ length: n }, (_, i) => ["open", "closed", hostile][i % 3]!) },
  ],
  thumbnail: async (row) => ({ size: 32, pixels: Float32Array.from({ length: 1024 }, (_, p) => Math.sin(p / 5 + row)) }),
  height: 520,
});
scatter
`;

/** Plotly's state on its element. */
interface PlotDiv {
  data: { type: string; x: ArrayLike<number> }[];
  layout: Record<"xaxis" | "yaxis", { title: { text: string } }> & { paper_bgcolor: string };
  _fullLayout: Record<"xaxis" | "yaxis", { range: [number, number] }>;
}

interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
  x: [number, number];
  y: [number, number];
}

describe("the latent scatter in JupyterLab", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
    mkdirSync(artefacts, { recursive: true });
    page = await browser.newPage({ viewport: { width: 1240, height: 900 } });
    page.on("pageerror", (error) => errors.push(error.message));
    // Records every WebGL context
    await page.addInitScript(() => {
      const made: (WebGLRenderingContext | WebGL2RenderingContext)[] = [];
      const { getContext } = HTMLCanvasElement.prototype;
      // biome-ignore lint/suspicious/noExplicitAny: the function has many forms
      HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, ...args: any[]) {
        const context = getContext.apply(this, args as never);
        if (context && /webgl/.test(args[0]) && !made.includes(context as never)) made.push(context as never);
        return context;
      } as never;
      Object.assign(window, {
        webglContexts: () => made.filter((context) => !context.isContextLost()).length,
      });
    });
    lab.writeNotebook("scatter.ipynb", [cell]);
    await lab.open(page, "scatter.ipynb");
    await runAllCells(page);
    await view()
      .waitFor()
      .catch(async (error) => {
        await page.screenshot({ path: path.join(artefacts, "latentScatter-failed.png") });
        throw error;
      });
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  const view = () => page.locator(".e2gmm-scatter[data-drawn]");
  const handle = () => page.locator(".e2gmm-scatter-probe");
  const tool = (name: string) => page.locator(`.e2gmm-scatter-button[data-tool="${name}"]`).click();
  /** Presses a button of the menu. */
  const inMenu = async (label: string) => {
    const menu = page.locator(".e2gmm-scatter-menu");
    if ((await menu.getAttribute("open")) === null) await menu.locator("summary").click();
    await menu.locator(`[aria-label^="${label}"]`).click();
  };
  /** It stays open while it is used, above the legend. */
  const closeMenu = async () => {
    const menu = page.locator(".e2gmm-scatter-menu");
    if ((await menu.getAttribute("open")) !== null) await menu.locator("summary").press("Escape");
  };
  const status = () => page.locator(".e2gmm-scatter-status > span").first();
  const shot = (name: string) =>
    view().screenshot({ path: path.join(artefacts, `latentScatter-${name}.png`) });

  /** Plotly's traces and axes as drawn. */
  const area = async (): Promise<Area> => {
    await view().scrollIntoViewIfNeeded();
    return page.evaluate(() => {
      const { left, top, width, height } = document
        .querySelector(".e2gmm-scatter-overlay")!
        .getBoundingClientRect();
      const { xaxis, yaxis } = (document.querySelector(".e2gmm-scatter-plotly") as unknown as PlotDiv)
        ._fullLayout;
      return { left, top, width, height, x: [...xaxis.range], y: [...yaxis.range] } as Area;
    });
  };
  const numbers = (a: Area, [px, py]: readonly [number, number]): [number, number] => [
    a.x[0] + ((px - a.left) / a.width) * (a.x[1] - a.x[0]),
    a.y[1] - ((py - a.top) / a.height) * (a.y[1] - a.y[0]),
  ];
  const at = (a: Area, fx: number, fy: number): [number, number] => [
    Math.round(a.left + fx * a.width),
    Math.round(a.top + fy * a.height),
  ];
  const kernel = async (expression: string) =>
    JSON.parse(await runCell(page, `console.log(JSON.stringify(${expression}))`));
  const near = (found: number[], expected: number[], within: number) =>
    assert.ok(
      found.length === expected.length && found.every((value, i) => Math.abs(value - expected[i]!) <= within),
      `${found} is not ${expected}`,
    );
  /** The page sends the latest of several changes after the kernel has processed the first. */
  const probeIs = async (expected: readonly number[]) => {
    let probe: number[] = [];
    for (let tries = 0; tries < 20; tries++) {
      probe = await kernel("scatter.probe");
      if (probe.every((value, d) => Math.abs(value - expected[d]!) <= 1e-9)) break;
    }
    near(probe, [...expected], 1e-9);
    await view().scrollIntoViewIfNeeded();
  };
  const drag = async (points: readonly (readonly [number, number])[]) => {
    await page.mouse.move(...(points[0] as [number, number]));
    await page.mouse.down();
    for (const point of points.slice(1)) await page.mouse.move(...(point as [number, number]), { steps: 3 });
    await page.mouse.up();
  };

  test("draws every particle, and shows names with markup as text", async () => {
    await shot("light");
    const drawn = await page.evaluate(
      () => (document.querySelector(".e2gmm-scatter-plotly") as unknown as PlotDiv).data[0].x.length,
    );
    assert.equal(drawn, 600);
    await page.locator('.e2gmm-scatter-select[aria-label="Colour"]').selectOption(hostile);
    await page.locator(".e2gmm-scatter-category").first().waitFor();
    const names = await page.locator(".e2gmm-scatter-category-name").allTextContents();
    assert.deepEqual(names, ["open", "closed", hostile]);
    assert.equal(await page.locator(".e2gmm-scatter-legend-title").textContent(), hostile);
    const title = await page.locator(".e2gmm-scatter .gtitle").textContent();
    assert.equal(title?.replaceAll("\u00a0", " "), `Three clusters ${hostile}`);
    assert.equal(await page.locator(".e2gmm-scatter :is(img, a, script)").count(), 0);
    assert.equal(await page.evaluate(() => "hacked" in window), false);
  });

  test("dragging and arrow keys move the kernel's probe", async () => {
    const a = await area();
    const from = at(a, 0.5, 0.5);
    const to = at(a, 0.72, 0.31);
    // On the handle itself, then on an empty spot
    const box = (await handle().locator(".e2gmm-scatter-probe-ring").boundingBox())!;
    await drag([[box.x + box.width / 2, box.y + box.height / 2], from, to]);
    await probeIs([...numbers(a, to), 0, 0]);

    const now = numbers(a, to);
    await handle().focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowDown");
    const step = [0.01 * (a.x[1] - a.x[0]), 0.1 * (a.y[1] - a.y[0])] as const;
    const moved = [now[0] + step[0], now[1] - step[1]];
    await probeIs([...moved, 0, 0]);
    assert.match((await handle().getAttribute("aria-valuetext"))!, /^z1 -?[\d.]+, z2 -?[\d.]+$/);

    const slider = page.locator(".e2gmm-scatter-slider input").first();
    await slider.fill(
      await slider.evaluate((input: HTMLInputElement) =>
        String((Number(input.min) + 3 * Number(input.max)) / 4),
      ),
    );
    const probe = await kernel("scatter.probe");
    near(probe.slice(0, 2), moved, 1e-9);
    assert.ok(probe[2] > 0.2 && probe[3] === 0, String(probe));

    // By touch
    const b = await area();
    const [begin, end] = [at(b, 0.2, 0.2), at(b, 0.4, 0.7)];
    const devtools = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", points: (readonly [number, number])[]) =>
      devtools.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y]) => ({ x, y })) });
    await touch("touchStart", [begin]);
    await touch("touchMove", [end]);
    await touch("touchEnd", []);
    await probeIs([...numbers(b, end), probe[2], 0]);

    // Changes by the kernel are shown
    await runCell(page, "scatter.probe = [0.25, -0.5, 0, 0];");
    await page.waitForFunction(
      () =>
        document.querySelector(".e2gmm-scatter-probe")!.getAttribute("aria-valuetext") === "z1 0.25, z2 -0.5",
    );
  });

  test("lasso, box and radius select, add and subtract rows in the kernel", async () => {
    const latents: number[] = await kernel("Array.from(latents)");
    const inside = (polygon: readonly (readonly [number, number])[]) =>
      Array.from({ length: 600 }, (_, i) => i).filter((i) =>
        insideByAngle(latents[4 * i]!, latents[4 * i + 1]!, polygon),
      );
    const selected = async (count: number) => {
      await page.waitForFunction(
        (text) => document.querySelector(".e2gmm-scatter-status")!.textContent!.startsWith(text),
        `${count} of 600 particles selected`,
      );
      const rows: number[] = await kernel("Array.from(scatter.rows)");
      return rows;
    };
    const first = await area();
    await tool("lasso");
    const corners = [
      [0.1, 0.1],
      [0.45, 0.05],
      [0.4, 0.3],
      [0.55, 0.5],
      [0.2, 0.45],
    ].map(([x, y]) => at(first, x!, y!));
    await drag([...corners, corners[0]!]);
    const expected = inside(corners.map((corner) => numbers(first, corner)));
    assert.ok(expected.length > 50 && expected.length < 400);
    assert.deepEqual(await selected(expected.length), expected);
    await shot("lasso");

    const second = await area();
    await tool("box");
    const [low, high] = [at(second, 0.55, 0.2), at(second, 0.95, 0.6)];
    await page.keyboard.down("Shift");
    await drag([low, high]);
    await page.keyboard.up("Shift");
    const box = inside(
      [low, [high[0], low[1]] as [number, number], high, [low[0], high[1]] as [number, number]].map(
        (corner) => numbers(second, corner),
      ),
    );
    const union = [...new Set([...expected, ...box])].sort((p, q) => p - q);
    assert.ok(union.length > expected.length);
    assert.deepEqual(await selected(union.length), union);

    const third = await area();
    await tool("radius");
    await page.keyboard.down("Alt");
    const [centre, rim] = [at(third, 0.3, 0.25), at(third, 0.38, 0.25)];
    await drag([centre, rim]);
    await page.keyboard.up("Alt");
    const [c, r] = [numbers(third, centre), numbers(third, rim)[0] - numbers(third, centre)[0]];
    // Distances are in all four dimensions, from the clicked latent coordinates
    const [, , z3, z4]: number[] = await kernel("scatter.probe");
    const distance = (i: number, [x, y]: readonly number[]) =>
      Math.hypot(...[x!, y!, z3!, z4!].map((z, d) => latents[4 * i + d]! - z));
    const outside = union.filter((i) => distance(i, c) > r);
    assert.ok(outside.length < union.length);
    assert.deepEqual(await selected(outside.length), outside);

    await view().scrollIntoViewIfNeeded();
    await inMenu("Invert the selection");
    const inverted = Array.from({ length: 600 }, (_, i) => i).filter((i) => !outside.includes(i));
    assert.deepEqual(await selected(inverted.length), inverted);

    await tool("nearest");
    await page.locator('[aria-label="Number of particles"]').fill("25");
    const fourth = await area();
    await page.mouse.click(...at(fourth, 0.5, 0.5));
    const rows = await selected(25);
    const place = numbers(fourth, at(fourth, 0.5, 0.5));
    const nearest = Array.from({ length: 600 }, (_, i) => i)
      .sort((p, q) => distance(p, place) - distance(q, place))
      .slice(0, 25);
    assert.deepEqual(
      rows,
      nearest.sort((p, q) => p - q),
    );
  });

  test("a hidden category is neither drawn nor selected", async () => {
    await view().scrollIntoViewIfNeeded();
    await page.locator(".e2gmm-scatter-category").first().click();
    await page.locator('.e2gmm-scatter-category[aria-pressed="false"]').waitFor();
    await inMenu("Select all");
    const rows: number[] = await kernel("Array.from(scatter.rows)");
    assert.deepEqual(
      rows,
      Array.from({ length: 600 }, (_, i) => i).filter((i) => i % 3 !== 0),
    );
    const drawn = await page.evaluate(
      () => (document.querySelector(".e2gmm-scatter-plotly") as unknown as PlotDiv).data[0].x.length,
    );
    assert.equal(drawn, 400);
  });

  test("the card shows the particle under the pointer and its image", async () => {
    const [x, y] = await kernel("[latents[4], latents[5]]");
    const a = await area();
    await page.mouse.move(
      a.left + ((x - a.x[0]) / (a.x[1] - a.x[0])) * a.width,
      a.top + ((a.y[1] - y) / (a.y[1] - a.y[0])) * a.height,
    );
    await page.locator(".e2gmm-scatter-thumbnail:not([hidden])").waitFor();
    assert.match((await page.locator(".e2gmm-scatter-card").textContent())!, /^Particle 1z1 .*: closed$/);
    await shot("hover");
  });

  test("a path goes through the clicked points, and its stations are evenly spaced", async () => {
    await tool("path");
    const a = await area();
    const clicks = [at(a, 0.2, 0.3), at(a, 0.5, 0.6), at(a, 0.8, 0.4)] as const;
    for (const click of clicks) await page.mouse.click(...click);
    await page.locator('[aria-label="Stations"]').fill("7");
    await page.locator('[aria-label="Stations"]').press("Enter");
    await page.waitForFunction(
      () => document.querySelectorAll(".e2gmm-scatter-stations circle").length === 7,
    );
    const anchors: number[][] = await kernel("scatter.anchors");
    clicks.forEach((click, i) => {
      near(anchors[i]!.slice(0, 2), numbers(a, click), 1e-9);
    });
    const stations: number[][] = await kernel("scatter.stations()");
    assert.equal(stations.length, 7);
    near(stations[6]!, anchors[2]!, 1e-6);
    await page.locator(".e2gmm-scatter-category").first().click();
    await command(page, "apputils:change-theme", { theme: "JupyterLab Dark" });
    await page.waitForFunction(() => {
      const { layout } = document.querySelector(".e2gmm-scatter-plotly") as unknown as PlotDiv;
      return layout.paper_bgcolor !== "white" && layout.paper_bgcolor !== "#fff";
    });
    await view().scrollIntoViewIfNeeded();
    await shot("dark");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Light" });
  });

  test("with a column as axis the probe snaps to a particle; with components it moves freely", async () => {
    await view().scrollIntoViewIfNeeded();
    await page.locator('.e2gmm-scatter-select[aria-label="Vertical axis"]').selectOption("defocus");
    await page.waitForFunction(() =>
      (
        document.querySelector(".e2gmm-scatter-plotly") as unknown as PlotDiv
      ).layout.yaxis.title.text.startsWith("defocus"),
    );
    await tool("probe");
    const a = await area();
    await page.mouse.click(...at(a, 0.4, 0.5));
    const place = await kernel("scatter.state.probePlace");
    const row = Math.round((place[1] - 12000) / 10);
    const probe: number[] = await kernel("scatter.probe");
    near(probe, await kernel(`Array.from(latents.subarray(${4 * row}, ${4 * row + 4}))`), 0);
    await runCell(
      page,
      'scatter.set({ x: "PC 1", y: "PC 2", colour: "defocus" }); scatter.probe = [0, 0, 0, 0];',
    );
    await page.waitForFunction(() =>
      (
        document.querySelector(".e2gmm-scatter-plotly") as unknown as PlotDiv
      ).layout.xaxis.title.text.startsWith("PC 1"),
    );
    const b = await area();
    const to = at(b, 0.3, 0.6);
    await page.mouse.click(...to);
    near((await kernel("scatter.state.probePlace")).slice(0, 2), numbers(b, to), 1e-9);
    await view().scrollIntoViewIfNeeded();
    await shot("components");
  });

  test("picture and table are saved as files", async () => {
    await view().scrollIntoViewIfNeeded();
    const saving = async (label: string) => {
      const [download] = await Promise.all([page.waitForEvent("download"), inMenu(label)]);
      return { name: download.suggestedFilename(), bytes: readFileSync((await download.path())!) };
    };
    const table = await saving("Save a table");
    const lines = table.bytes.toString("utf8").trim().split("\r\n");
    assert.match(table.name, /^Three-clusters-img-.*\.csv$/);
    assert.equal(lines.length, 401);
    assert.match(lines[0]!, /^row,z1,z2,z3,z4,PC 1,PC 2,defocus,"<img/);
    assert.match(lines[1]!, /^1,.*,12010,closed$/);
    const picture = await saving("Save the picture");
    assert.equal(picture.bytes.subarray(1, 4).toString(), "PNG");
    assert.ok(picture.bytes.length > 10_000);
    writeFileSync(path.join(artefacts, "latentScatter-saved.png"), picture.bytes);
    assert.deepEqual(errors, []);
  });

  test("ends that are dragged over the histogram of the colours, or moved by keys, hide particles, which are then not selected", async () => {
    await runCell(page, 'scatter.set({ x: "z1", y: "z2", colour: "defocus" });');
    await closeMenu();
    await view().scrollIntoViewIfNeeded();
    const end = (which: string) => page.locator(`.e2gmm-scatter-end[data-end="${which}"]`);
    const histogram = page.locator(".e2gmm-scatter-values");
    await end("high").waitFor();
    // Hovering waits until the notebook has come to rest
    await histogram.hover({ position: { x: 150, y: 19 } });
    await page.mouse.down();
    const box = (await histogram.boundingBox())!;
    await page.mouse.move(box.x + 0.5 * box.width, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    await end("high").and(page.locator('[aria-valuetext]:not([aria-valuetext="no limit"])')).waitFor();
    await end("low").focus();
    await page.keyboard.press("Shift+ArrowRight");
    await end("low").and(page.locator('[aria-valuetext]:not([aria-valuetext="no limit"])')).waitFor();
    const endAt = async (which: string) => Number(await end(which).getAttribute("aria-valuenow"));
    const range = { low: await endAt("low"), high: await endAt("high") };
    assert.ok(range.low > 12000 && range.high > range.low && range.high < 15500, JSON.stringify(range));
    // A change is held back while the one before it is on its way to the kernel
    while (!isDeepStrictEqual(await kernel('scatter.get("colourRange")'), range));
    const within = Array.from({ length: 600 }, (_, i) => 12000 + 10 * i).filter(
      (defocus) => defocus >= range.low && defocus <= range.high,
    ).length;
    await page.waitForFunction(
      (count) =>
        (document.querySelector(".e2gmm-scatter-plotly") as unknown as PlotDiv).data[0].x.length === count,
      within,
    );
    await view().scrollIntoViewIfNeeded();
    await inMenu("Select all");
    await closeMenu();
    await status()
      .filter({ hasText: new RegExp(`^${within} of 600 particles selected`) })
      .waitFor();
    assert.equal(await kernel("scatter.rows.length"), within);
    await view().scrollIntoViewIfNeeded();
    await shot("range");
    const from = page.getByRole("spinbutton", { name: "defocus (Å): from" });
    await from.fill("");
    await from.press("Enter");
    await end("low").and(page.locator('[aria-valuetext="no limit"]')).waitFor();
    await end("high").focus();
    await page.keyboard.press("End");
    await page.waitForFunction(
      () => (document.querySelector(".e2gmm-scatter-plotly") as unknown as PlotDiv).data[0].x.length === 600,
    );
  });

  test("all pairs of axes are shown small, and one becomes the axes of the plot, by a click or the keyboard", async () => {
    const pairs = page.getByRole("group", { name: "Pairs of axes" });
    const pair = (name: string) => pairs.getByRole("button", { name, exact: true });
    const opener = page.getByRole("button", { name: "Show all pairs of axes, to choose one" });
    const title = (axis: "xaxis" | "yaxis", name: string) =>
      page.waitForFunction(
        ([along, text]) =>
          (document.querySelector(".e2gmm-scatter-plotly") as unknown as PlotDiv).layout[
            along as "xaxis"
          ].title.text.startsWith(text!),
        [axis, name],
      );
    await view().scrollIntoViewIfNeeded();
    await opener.press("Enter");
    await pair("z1 across, z2 up").and(page.locator('[aria-pressed="true"]')).waitFor();
    assert.equal(await pairs.locator("canvas").count(), 6);
    await page.waitForFunction(() => document.activeElement?.classList.contains("e2gmm-scatter-pair"));
    const inked = await pairs.locator("canvas").evaluateAll((all) =>
      all.map((node) => {
        const { width, height } = node as HTMLCanvasElement;
        const { data } = (node as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
        return data.filter((value, i) => i % 4 === 3 && value > 0).length;
      }),
    );
    assert.ok(
      inked.every((count) => count > 500),
      String(inked),
    );
    await shot("pairs");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await title("xaxis", "z2");
    await title("yaxis", "z3");
    await pairs.waitFor({ state: "detached" });
    assert.ok(await opener.evaluate((node) => node === document.activeElement));
    await opener.click();
    await page.getByRole("combobox", { name: "Axes whose pairs are shown" }).selectOption("component");
    await pair("PC 1 across, PC 4 up").click();
    await title("xaxis", "PC 1");
    await title("yaxis", "PC 4");
    await command(page, "apputils:change-theme", { theme: "JupyterLab Dark" });
    await page.locator('body[data-jp-theme-light="false"]').waitFor({ state: "attached" });
    await view().scrollIntoViewIfNeeded();
    await opener.click();
    await pair("z1 across, z2 up").waitFor();
    await shot("pairs-dark");
    await page.keyboard.press("Escape");
    await pairs.waitFor({ state: "detached" });
    await command(page, "apputils:change-theme", { theme: "JupyterLab Light" });
    assert.deepEqual(errors, []);
  });

  test("a third axis is drawn in three dimensions, and removed again", async () => {
    await page.locator('.e2gmm-scatter-select[aria-label="Third axis"]').selectOption("z3");
    await page.locator(".e2gmm-scatter .gl-container canvas, .e2gmm-scatter #scene canvas").first().waitFor();
    await page.waitForFunction(
      () =>
        (document.querySelector(".e2gmm-scatter-plotly") as unknown as PlotDiv).data[0].type === "scatter3d",
    );
    await page.waitForTimeout(800);
    await shot("three");
    await page.locator('.e2gmm-scatter-select[aria-label="Third axis"]').selectOption("");
    await page.waitForFunction(
      () =>
        (document.querySelector(".e2gmm-scatter-plotly") as unknown as PlotDiv).data[0].type === "scattergl",
    );
    assert.deepEqual(errors, []);
  });

  test("WebGL contexts of closed and saved plots are released", async () => {
    const contexts = () =>
      page.evaluate(() => (window as unknown as { webglContexts(): number }).webglContexts());
    const open = await contexts();
    assert.ok(open > 0 && open <= 2, `${open} contexts of one view`);
    await runCell(page, "scatter");
    await page.waitForFunction(() => document.querySelectorAll(".e2gmm-scatter[data-drawn]").length === 2);
    assert.equal(await contexts(), 2 * open);
    await command(page, "notebook:clear-cell-output");
    await page.waitForFunction(() => document.querySelectorAll(".e2gmm-scatter").length === 1);
    assert.equal(await contexts(), open);
  });

  test("wheel, buttons and drag change the range of the axes", async () => {
    await tool("pan");
    const whole = await area();
    const centre = at(whole, 0.5, 0.5);
    await page.mouse.move(...centre);
    const drawings = async () => Number(await view().first().getAttribute("data-drawn"));
    const before = await drawings();
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -50);
    await page.keyboard.up("Control");
    const span = (a: Area) => a.x[1] - a.x[0];
    const changed = async (from: Area) => {
      for (let tries = 0; tries < 100; tries++) {
        const next = await area();
        if (next.x[0] !== from.x[0]) return next;
        await page.waitForTimeout(50);
      }
      throw new Error("The axes show what they did");
    };
    const nearer = await changed(whole);
    assert.ok(Math.abs(span(nearer) / span(whole) - Math.exp(-0.25)) < 1e-9);
    near(numbers(nearer, centre), numbers(whole, centre), 1e-9);
    // plotly's drag starts on a drawn element
    while ((await drawings()) === before) await page.waitForTimeout(20);
    await drag([centre, at(whole, 0.6, 0.5)]);
    const moved = await changed(nearer);
    assert.ok(moved.x[0] < nearer.x[0] && Math.abs(span(moved) - span(nearer)) < 1e-9);
    await inMenu("Show all");
    near((await changed(moved)).x, whole.x, 1e-12);
    await tool("probe");
  });

  test("a reloaded page shows the same state", async () => {
    await runCell(
      page,
      'scatter.set({ x: "z1", y: "z2" }); scatter.probe = [0.5, 0.25, 0, 0]; scatter.select([3, 5, 8]);',
    );
    await page.waitForFunction(() =>
      document.querySelector(".e2gmm-scatter-status")!.textContent!.startsWith("3 of 600"),
    );
    await inMenu("Zoom in");
    await page.waitForTimeout(700);
    const before = await area();
    await command(page, "docmanager:save");
    await page.reload();
    await view().waitFor({ timeout: 60_000 });
    await page.waitForFunction(
      () =>
        document.querySelector(".e2gmm-scatter-probe")?.getAttribute("aria-valuetext") === "z1 0.5, z2 0.25",
    );
    const again = await area();
    near([...again.x, ...again.y], [...before.x, ...before.y], 1e-12);
    assert.match((await status().textContent())!, /^3 of 600 particles selected/);
    assert.equal(await page.locator(".e2gmm-scatter-stations circle").count(), 7);
    assert.equal(await page.locator(".e2gmm-scatter-legend-title").textContent(), "defocus (Å)");
    await shot("reloaded");
  });

  test("missing WebGL is reported, and the controls work", async () => {
    const other = await browser.newPage({ viewport: { width: 1240, height: 900 } });
    await other.addInitScript(() => {
      const { getContext } = HTMLCanvasElement.prototype;
      // biome-ignore lint/suspicious/noExplicitAny: the function has many forms
      HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, ...args: any[]) {
        return /webgl/.test(args[0]) ? null : getContext.apply(this, args as never);
      } as never;
    });
    lab.writeNotebook("without.ipynb", [cell]);
    await lab.open(other, "without.ipynb");
    await runAllCells(other);
    await other.waitForFunction(() =>
      document.querySelector(".e2gmm-scatter-message")?.textContent?.includes("WebGL is not available"),
    );
    assert.equal(await other.locator(".e2gmm-scatter-slider").count(), 2);
    await command(other, "kernelmenu:shutdown");
    await other.close();
  });

  test("one dimension is a histogram of bars; a box over it selects its range whatever the heights, and a typed range by colour", async () => {
    const one = await browser.newPage({ viewport: { width: 1240, height: 900 } });
    one.on("pageerror", (error) => errors.push(error.message));
    lab.writeNotebook("histogram.ipynb", [
      `import * as e2 from "e2gmm";
const random = new e2.Random(3);
const n = 5000;
const latents = Float32Array.from({ length: n }, (_, i) => (i % 3 === 0 ? -1.5 : 1) + 0.4 * random.normal());
const score = Float32Array.from(latents, (z, i) => z + (i % 10) / 10);
const scatter = new e2.explorer.LatentScatter({ latents, latent: 1, columns: [{ name: "score", values: score }], height: 480 });
scatter.colour = "score";
scatter`,
    ]);
    await lab.open(one, "histogram.ipynb");
    await runAllCells(one);
    const scatter = one.locator(".e2gmm-scatter[data-drawn]");
    await scatter.waitFor();
    await scatter.scrollIntoViewIfNeeded();
    const types = await one.evaluate(() =>
      (document.querySelector(".e2gmm-scatter-plotly") as unknown as PlotDiv).data.map(({ type }) => type),
    );
    assert.ok(types.filter((type) => type === "scatter").length >= 5, String(types));
    assert.ok(!types.includes("heatmap"));
    await scatter.locator('.e2gmm-scatter-button[data-tool="box"]').click();
    const box = (await scatter.locator(".e2gmm-scatter-overlay").boundingBox())!;
    const axis = await one.evaluate(() => [
      ...(document.querySelector(".e2gmm-scatter-plotly") as unknown as PlotDiv)._fullLayout.xaxis.range,
    ]);
    const [from, to] = [Math.round(box.x + 0.1 * box.width), Math.round(box.x + 0.4 * box.width)];
    await one.mouse.move(from, box.y + 0.8 * box.height);
    await one.mouse.down();
    await one.mouse.move(to, box.y + 0.7 * box.height, { steps: 4 });
    await one.screenshot({ path: path.join(artefacts, "latentScatter-brush.png") });
    await one.mouse.up();
    const value = (px: number) => axis[0]! + ((px - box.x) / box.width) * (axis[1]! - axis[0]!);
    const counted = async (expression: string) => Number(await runCell(one, `console.log(${expression})`));
    await scatter.locator(".e2gmm-scatter-status", { hasText: /of 5,000 particles selected/ }).waitFor();
    assert.equal(
      await counted("scatter.rows.length"),
      await counted(`latents.filter((z) => z >= ${value(from)} && z <= ${value(to)}).length`),
    );
    await scatter.getByRole("spinbutton", { name: "score: from" }).fill("1.5");
    await scatter.getByRole("button", { name: "Select", exact: true }).click();
    await scatter.locator(".e2gmm-scatter-status", { hasText: "score from 1.5" }).waitFor();
    assert.equal(
      await counted("scatter.rows.length"),
      await counted("score.filter((value) => value >= 1.5).length"),
    );
    await scatter.scrollIntoViewIfNeeded();
    await scatter.screenshot({ path: path.join(artefacts, "latentScatter-histogram.png") });
    await command(one, "kernelmenu:shutdown");
    await one.close();
  });

  test("when the kernel stops, the last picture stays and a message is shown", async () => {
    await page.evaluate(async () => {
      // biome-ignore lint/suspicious/noExplicitAny: JupyterLab's own objects, which have no types in a page
      await (window as any).jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart();
    });
    await page.waitForFunction(() =>
      document
        .querySelector(".e2gmm-scatter-message")
        ?.textContent?.startsWith("The kernel is no longer running"),
    );
    await shot("gone");
  });
});

/** Whether the point is in the polygon, by the winding number. */
function insideByAngle(x: number, y: number, polygon: readonly (readonly [number, number])[]): boolean {
  let sum = 0;
  polygon.forEach(([px, py], i) => {
    const [qx, qy] = polygon[(i + 1) % polygon.length]!;
    const [ax, ay, bx, by] = [px - x, py - y, qx - x, qy - y];
    sum += Math.atan2(ax * by - ay * bx, ax * bx + ay * by);
  });
  return Math.abs(sum) > Math.PI;
}
