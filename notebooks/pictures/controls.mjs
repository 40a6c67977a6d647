// Makes the pictures of the explorer's controls in guide/, from a small simulated run in a real JupyterLab:
//   node notebooks/pictures/controls.mjs [RUN [files]]     RUN: another run folder, with the particles in data/ beside it;
//                                                          files: only the file viewers
//   node notebooks/pictures/controls.mjs RUN explorer      only explorer.png, the picture of the README, of any run
// Needs Chromium (or CHROMIUM=/path) and the set-up of `npm start`.
import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const pictures = path.join(here, "controls");

/** A run with two latent dimensions, in about a minute. */
function makeRun(folder) {
  const command = path.join(root, "kernel-lib/bin/e2gmm.js");
  const e2gmm = (...words) =>
    execFileSync(process.execPath, [command, ...words, "--quiet"], { cwd: folder, stdio: "inherit" });
  const simulation = "--states 20 --particles-per-state 75 --box 48 --apix 4 --range 0.3 --ctf --out data";
  e2gmm("simulate", "linear", ...simulation.split(" "));
  e2gmm(..."neutral --map data/consensus.mrc --resolution 12 --gaussians 96 --out neutral.txt".split(" "));
  const training = "--particles data/particles.star --model neutral.txt --latent 2 --vary position --out RUN";
  e2gmm("train", ...training.split(" "));
  return path.join(folder, "RUN");
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** JupyterLab with a notebook of one cell that shows the explorer. */
async function startLab(folder, run) {
  const [port, token] = [await freePort(), randomUUID()];
  const source = `const explorer = await e2.explore(${JSON.stringify(path.relative(folder, run))});\nexplorer`;
  const cell = (id, text) => ({
    cell_type: "code",
    id,
    source: text,
    metadata: {},
    outputs: [],
    execution_count: null,
  });
  const notebook = {
    cells: [cell("a", 'import * as e2 from "e2gmm";'), cell("b", source)],
    metadata: { kernelspec: { name: "e2gmm", display_name: "TypeScript (e2gmm)", language: "typescript" } },
    nbformat: 4,
    nbformat_minor: 5,
  };
  writeFileSync(path.join(folder, "explorer.ipynb"), JSON.stringify(notebook));
  const home = path.join(folder, ".home");
  mkdirSync(home, { recursive: true });
  const server = spawn(
    path.join(root, ".venv/bin/jupyter-lab"),
    [
      "--no-browser",
      "--allow-root",
      `--ServerApp.root_dir=${folder}`,
      `--ServerApp.port=${port}`,
      `--IdentityProvider.token=${token}`,
      "--LabApp.expose_app_in_browser=True",
    ],
    {
      cwd: folder,
      stdio: "ignore",
      env: { ...process.env, HOME: home, JUPYTER_CONFIG_DIR: home, JUPYTER_PREFER_ENV_PATH: "1" },
    },
  );
  const origin = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 600; tries++) {
    const up = await fetch(`${origin}/api/status?token=${token}`).catch(() => undefined);
    if (up?.ok) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { server, address: `${origin}/lab/workspaces/pictures-${token}/tree/explorer.ipynb?token=${token}` };
}

/** What the pictures are taken of: the explorer as it is drawn, with helpers that find its parts by their names. */
class Sitter {
  constructor(page) {
    this.page = page;
    this.explorer = page.locator(".e2gmm-explorer").first();
    this.scatter = this.explorer.locator(".e2gmm-explorer-pane").nth(0);
    this.viewer = this.explorer.locator(".e2gmm-explorer-molecule");
  }

  static async open(browser, address) {
    const page = await browser.newPage({ viewport: { width: 1400, height: 1150 }, deviceScaleFactor: 1 });
    await page.goto(address);
    await page.waitForFunction(() => "jupyterapp" in window);
    await page.locator(".jp-Notebook .jp-Cell").first().waitFor();
    await page.evaluate(async () => {
      const { sessionContext } = window.jupyterapp.shell.currentWidget;
      await sessionContext.ready;
      await sessionContext.session.kernel.info;
      await window.jupyterapp.commands.execute("application:toggle-left-area");
      await window.jupyterapp.commands.execute("notebook:run-all-cells");
    });
    const sitter = new Sitter(page);
    await sitter.explorer.getByRole("toolbar").first().waitFor({ timeout: 180_000 });
    await page.waitForTimeout(4000);
    await sitter.explorer.scrollIntoViewIfNeeded();
    return sitter;
  }

  group(name) {
    return this.explorer.getByRole("group", { name, exact: true }).first();
  }

  button(name, exact = false) {
    return this.explorer.getByRole("button", { name, exact }).first();
  }

  async press(name, exact = false) {
    await this.button(name, exact).click();
    await this.page.waitForTimeout(700);
  }

  /** @param {{ width?: number, height?: number }} [part] size of the picture in pixels, from the top left of what it shows */
  async keep(name, of = this.explorer, part = undefined) {
    const file = path.join(pictures, `${name}.png`);
    await of.scrollIntoViewIfNeeded();
    if (part === undefined) await of.screenshot({ path: file });
    else await this.page.screenshot({ path: file, clip: { ...(await of.boundingBox()), ...part } });
    const { size } = statSync(file);
    console.log(`${name}.png ${(size / 1024).toFixed(0)} kB${size > 150 * 1024 ? ", too large" : ""}`);
  }

  /** A place in the plot, as parts of its width and height. */
  async inPlot(x, y) {
    const box = await this.explorer.locator(".e2gmm-scatter-overlay").first().boundingBox();
    return [box.x + x * box.width, box.y + y * box.height];
  }

  async drag(points) {
    const { mouse } = this.page;
    await mouse.move(...points[0]);
    await mouse.down();
    for (const point of points.slice(1)) await mouse.move(...point, { steps: 5 });
    await mouse.up();
    await this.page.waitForTimeout(700);
  }
}

/** Buttons above the plot and in its menu, by how their labels begin. */
const icons = {
  probe: /^Move the probe/,
  pan: /^Move and zoom/,
  lasso: /^Select with a lasso/,
  box: /^Select a box/,
  radius: /^Select within a radius/,
  nearest: /^Select the particles nearest/,
  path: /^Path: each click/,
};
const menuIcons = {
  all: /^Select all/,
  invert: /^Invert the selection/,
  clear: /^Clear the selection/,
  "zoom-in": /^Zoom in/,
  "zoom-out": /^Zoom out/,
  home: /^Show all/,
};

/** Both panes, and the buttons above the plot. */
async function takeToolbar(sitter) {
  const { scatter, viewer } = sitter;
  await sitter.drag([await sitter.inPlot(0.5, 0.5), await sitter.inPlot(0.62, 0.4)]);
  await sitter.keep("scatter", scatter);
  await sitter.keep("viewer", viewer);
  for (const [name, label] of Object.entries(icons)) await sitter.keep(`icon-${name}`, sitter.button(label));
  await sitter.keep("axes", scatter.locator(".e2gmm-scatter-axes").last());
  await sitter.keep("tools", sitter.group("Tools"));
  const menu = scatter.locator(".e2gmm-scatter-menu");
  await menu.locator("summary").click();
  await sitter.keep("menu", menu.locator("> div"));
  for (const [name, label] of Object.entries(menuIcons)) {
    await sitter.keep(`icon-${name}`, menu.getByRole("button", { name: label }).locator("svg"));
  }
  await sitter.keep("save", menu.getByRole("group", { name: "Export" }));
  await sitter.page.keyboard.press("Escape");
}

/** A selection and a path. */
async function takeSelection(sitter) {
  const { page, scatter } = sitter;
  await sitter.press(/^Select with a lasso/);
  const around = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => (2 * Math.PI * i) / 8);
  await sitter.drag(
    await Promise.all(around.map((a) => sitter.inPlot(0.36 + 0.17 * Math.cos(a), 0.5 + 0.26 * Math.sin(a)))),
  );
  await sitter.keep("lasso", scatter);
  await sitter.press(/^Selection \(/);
  await sitter.press(/^Path: each click/);
  for (const [x, y] of [
    [0.15, 0.5],
    [0.5, 0.45],
    [0.85, 0.5],
  ]) {
    await page.mouse.click(...(await sitter.inPlot(x, y)));
    await page.waitForTimeout(300);
  }
  await sitter.keep("path", scatter);
  await sitter.press(/^(Take|Remove|Delete|Clear) the path/);
}

/** Particles coloured by set, with the card of one of them. */
async function takeColours(sitter) {
  const { explorer, page, scatter } = sitter;
  await sitter.press("Clusters");
  await page.waitForTimeout(3000);
  await explorer.getByRole("combobox", { name: "Colour", exact: true }).selectOption("sets");
  await page.waitForTimeout(1000);
  await sitter.press(/^Move the probe/);
  for (
    let step = 0;
    step < 40 && !(await explorer.locator("[class*=scatter-card]").first().isVisible());
    step++
  ) {
    await page.mouse.move(...(await sitter.inPlot(0.3 + 0.004 * step, 0.5)));
    await page.waitForTimeout(150);
  }
  await page.waitForTimeout(1000);
  await sitter.keep("colours", scatter);
}

/** The legend of numbers with a range, and the second plot. */
async function takeLinked(sitter) {
  const { explorer, page, scatter } = sitter;
  const colour = explorer.getByRole("combobox", { name: "Colour", exact: true }).first();
  const before = await colour.inputValue();
  // Without the card of a particle
  await page.mouse.move(0, 0);
  await colour.selectOption("z1");
  const end = scatter.locator('.e2gmm-scatter-end[data-end="low"]');
  await end.focus();
  for (let step = 0; step < 3; step++) await page.keyboard.press("Shift+ArrowRight");
  await page.waitForTimeout(1000);
  await sitter.keep("range", scatter);
  await colour.selectOption(before);
  await sitter.press("Second plot", true);
  await page.waitForTimeout(2500);
  await sitter.keep("second", explorer.locator(".e2gmm-explorer-panes"));
  await sitter.press("Second plot", true);
  await page.waitForTimeout(1000);
}

/** Table of sets, curves, images and the form for exports. */
async function takeSets(sitter) {
  const { explorer, page } = sitter;
  await explorer
    .getByRole("checkbox", { name: /^Tick / })
    .nth(1)
    .check();
  for (const name of ["Make sets", "Ticked", "Path", "Compare"]) {
    await sitter.keep(`buttons-${name.toLowerCase().replace(" ", "-")}`, sitter.group(name));
  }
  const sets = explorer.getByRole("table", { name: "Sets of particles" });
  const rows = sets.getByRole("row");
  for (const row of [2, 5]) await rows.nth(row).getByRole("button", { name: "Reconstruct" }).click();
  await explorer.getByRole("checkbox", { name: "show" }).nth(1).waitFor({ timeout: 120_000 });
  await page.waitForTimeout(2500);
  await sitter.keep("sets", sets);
  await sitter.keep("curves", explorer.getByRole("complementary", { name: "Curves" }));
  await rows.nth(2).getByRole("button", { name: "Images" }).click();
  const images = explorer.locator(".e2gmm-explorer-images");
  await images.locator("img, svg").first().waitFor({ timeout: 30_000 });
  await sitter.keep("images", images, { width: 700, height: 310 });
  await images.getByRole("button", { name: "Close" }).click();
  await explorer.getByTitle("Write particles, map or model to files", { exact: true }).click();
  await sitter.keep("export", explorer.getByRole("form", { name: "Export" }), { width: 860 });
  await explorer.getByTitle("Write particles, map or model to files", { exact: true }).click();
}

/** Sections of the viewer, and the motion along the path. */
async function takeViewer(sitter) {
  const { page, viewer } = sitter;
  await sitter.press("Arrows", true);
  await sitter.press(/^Show or hide the controls/);
  await page.waitForTimeout(1500);
  const section = (title) =>
    viewer
      .locator("details")
      .filter({ has: page.locator("summary", { hasText: title }) })
      .first();
  for (const [title, name] of [
    ["Gaussians", "gaussians"],
    ["Motion arrows", "arrows"],
    ["Density and maps", "maps"],
    ["Slice", "slice"],
    ["Region", "region"],
  ]) {
    const part = section(title);
    if (!(await part.evaluate((node) => node.open))) await part.locator("summary").click();
    if (title === "Region")
      await part.getByRole("button", { name: "Place the shape at the centre of the box" }).click();
    await page.waitForTimeout(600);
    await sitter.keep(name, part);
  }
  await sitter.press(/^Show or hide the controls/);
  await sitter.press("Play", true);
  await page.waitForTimeout(1500);
  await sitter.keep("motion", viewer);
}

async function takePictures(sitter) {
  for (const take of [takeToolbar, takeSelection, takeColours, takeLinked, takeSets, takeViewer])
    await take(sitter);
}

/** The views that a double click in the file browser opens. */
async function takeFileViews({ page }) {
  await page.setViewportSize({ width: 900, height: 560 });
  for (const [file, name, most, width] of [
    ["data/consensus.mrc", "file-map", 446, 593],
    ["data/particles.mrcs", "file-stack", 200, 593],
    ["data/particles.star", "file-star", 300],
  ]) {
    await page.evaluate(
      (name) => window.jupyterapp.commands.execute("docmanager:open", { path: name }),
      file,
    );
    await page.waitForTimeout(5000);
    const clip = await page.evaluate(() => {
      const { x, y, width, height } = window.jupyterapp.shell.currentWidget.node.getBoundingClientRect();
      return { x, y, width, height };
    });
    clip.height = Math.min(clip.height, most);
    if (width) clip.width = Math.min(clip.width, width);
    await page.screenshot({ path: path.join(pictures, `${name}.png`), clip });
    console.log(`${name}.png ${(statSync(path.join(pictures, `${name}.png`)).size / 1024).toFixed(0)} kB`);
  }
}

/** The notebook with the explorer: sets, two of them reconstructed, a path through the places, and the motion at its end. */
async function takeExplorer(sitter) {
  const { explorer, page } = sitter;
  await page.setViewportSize({ width: 1600, height: 1130 });
  await sitter.press("Clusters");
  await page.waitForTimeout(4000);
  await explorer.getByRole("combobox", { name: "Colour", exact: true }).selectOption("sets");
  const rows = explorer.getByRole("table", { name: "Sets of particles" }).getByRole("row");
  const last = (await rows.count()) - 1;
  for (const row of [1, last]) await rows.nth(row).getByRole("button", { name: "Reconstruct" }).click();
  await explorer.getByRole("checkbox", { name: "show" }).nth(1).waitFor({ timeout: 240_000 });
  await sitter.press(/^Move the probe/);
  await sitter.drag([await sitter.inPlot(0.5, 0.5), await sitter.inPlot(0.88, 0.5)]);
  await page.waitForTimeout(6000);
  await page.locator(".jp-Notebook .jp-Cell").first().scrollIntoViewIfNeeded();
  await page.waitForTimeout(1000);
  const file = path.join(here, "explorer.png");
  await page.screenshot({ path: file });
  console.log(`explorer.png ${(statSync(file).size / 1024).toFixed(0)} kB`);
}

async function main([given, ...only]) {
  mkdirSync(pictures, { recursive: true });
  const folder = given
    ? path.dirname(path.resolve(given))
    : mkdtempSync(path.join(tmpdir(), "e2gmm-pictures-"));
  const run = given ? path.resolve(given) : makeRun(folder);
  const { server, address } = await startLab(folder, run);
  const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium"].find((file) => file && existsSync(file));
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  });
  try {
    const sitter = await Sitter.open(browser, address);
    try {
      if (only.includes("explorer")) await takeExplorer(sitter);
      else {
        if (!only.includes("files")) await takePictures(sitter);
        await takeFileViews(sitter);
      }
    } catch (error) {
      await sitter.page.screenshot({ path: path.join(tmpdir(), "e2gmm-picture-failed.png") });
      throw error;
    }
  } finally {
    await browser.close();
    server.kill();
    if (!given) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

await main(process.argv.slice(2));
