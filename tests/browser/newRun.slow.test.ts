import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { fixture } from "./fixture";
import { artefacts, command, kernelReady, Lab, launchChromium, skip } from "./lab";

/** A run is chosen, checked, started, stopped, resumed and opened in JupyterLab, with mouse and keyboard alone. */

describe("a new run in JupyterLab", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];
  const workspace = randomUUID();

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
    const { folder } = fixture();
    mkdirSync(path.join(lab.folder, "my data"));
    for (const name of ["particles.star", "particles.mrcs", "consensus.mrc"])
      cpSync(path.join(folder, name), path.join(lab.folder, "my data", name));
    page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.on("pageerror", (error) => errors.push(error.message));
    await lab.open(page, "", workspace);
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  const panel = () => page.locator(".e2gmm-project");
  const field = (name: string) => panel().getByRole("textbox", { name, exact: true });
  const press = (name: string) => panel().getByRole("button", { name, exact: true }).click();
  const details = (run: string) => panel().getByRole("region", { name: `Run ${run}` });
  const shot = (name: string) => page.screenshot({ path: path.join(artefacts, `new-run-${name}.png`) });
  const choose = async (button: string, file: string) => {
    await press(button);
    const dialog = page.locator(".jp-Dialog");
    const item = (name: string) => dialog.locator(".jp-DirListing-item", { hasText: name });
    await item("my data").or(item(file)).first().waitFor();
    if ((await item(file).count()) === 0) await item("my data").dblclick();
    await item(file).click();
    await dialog.getByRole("button", { name: "Select" }).click();
  };
  const state = (run: string, expected: RegExp, timeout = 60_000) =>
    panel()
      .getByRole("row")
      .filter({ has: page.getByRole("button", { name: run, exact: true }) })
      .locator(".e2gmm-project-state")
      .filter({ hasText: expected })
      .waitFor({ timeout });

  test("the launcher opens the form; files are chosen in JupyterLab's dialog and checked", async () => {
    await page.locator(".jp-LauncherCard", { hasText: "New run" }).click();
    await field("Particles").waitFor();
    assert.equal(await page.locator(".jp-MainAreaWidget > .jp-Toolbar").filter({ visible: true }).count(), 0);
    await choose("Choose Particles", "particles.star");
    assert.equal(await field("Particles").inputValue(), "my data/particles.star");
    assert.equal(await field("Output folder").inputValue(), "my data/particles_run");
    await choose("Choose Consensus map", "consensus.mrc");
    assert.equal(await field("Consensus map").inputValue(), "my data/consensus.mrc");
    await press("Check");
    const findings = panel().locator(".e2gmm-newRun-findings");
    await findings.waitFor({ timeout: 60_000 });
    const found = await findings.innerText();
    assert.match(found, /ok\s+contrast\s+particles and map have the same contrast/);
    assert.match(found, /432 particles/);
    await panel()
      .getByRole("img", {
        name: "FRC of the neutral model: map with its Gaussian model, particles with the model",
      })
      .waitFor();
    await shot("checked");
  });

  test("the command and the cell are shown with absolute paths, and what is missing instead of them", async () => {
    await field("Resolution in Å").fill("twelve");
    await panel().getByText("“twelve” is not a number").waitFor();
    assert.ok(await panel().getByRole("button", { name: "Start" }).isDisabled());
    for (const [name, value] of [
      ["Resolution in Å", "12"],
      ["Gaussians", "96"],
      ["Latent axes", "2"],
      ["Epochs", "30"],
      ["Processors", "1"],
    ] as const)
      await field(name).fill(value);
    await panel().getByRole("checkbox", { name: "width" }).uncheck();
    const data = path.join(lab.folder, "my data");
    assert.equal(
      await panel().getByLabel("Command", { exact: true }).innerText(),
      `e2gmm neutral --map '${data}/consensus.mrc' --resolution 12 --gaussians 96 --out '${data}/particles_run_model.txt' ` +
        "--queue local --queue-cpus 1\n" +
        `e2gmm train --particles '${data}/particles.star' --model '${data}/particles_run_model.txt' --resolution 12 --latent 2 ` +
        `--vary position,amplitude --epochs 30 --out '${data}/particles_run' --queue local --queue-cpus 1 ` +
        `--queue-after '${data}/particles_run_model.txt'`,
    );
    assert.match(
      await panel().getByLabel("Notebook cell").innerText(),
      /^import \* as e2 from "e2gmm";\nawait e2\.project\.startRun\(\{\n {2}particles: "/,
    );
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await press("Copy cell");
    assert.equal(
      await page.evaluate(() => navigator.clipboard.readText()),
      await panel().getByLabel("Notebook cell").innerText(),
    );
    await shot("form");
  });

  test("a run goes on without kernel and page, is found again, stopped, resumed, and opened in the explorer", async () => {
    const run = "my data/particles_run";
    await press("Start");
    await panel().getByText(`Started ${run}`).waitFor({ timeout: 30_000 });
    await state(run, /running/);
    assert.equal(await field("Output folder").inputValue(), `${run}_2`);
    await details(run).getByRole("progressbar").waitFor();
    // A second one waits for the first
    await panel().getByRole("combobox", { name: "Wait for" }).selectOption(run);
    await press("Start");
    await state(`${run}_2`, /waiting/);
    await details(`${run}_2`).getByRole("button", { name: "Stop" }).click();
    await panel().getByRole("button", { name: run, exact: true }).click();
    await details(run)
      .getByText(/job \d of 2, \w+: .*/)
      .waitFor();
    await shot("running");

    // In the training, so that there is something to resume
    await details(run)
      .getByText(/job 2 of 2, train/)
      .waitFor({ timeout: 60_000 });
    await details(run).getByRole("button", { name: "Stop" }).click();
    await state(run, /stopped/);
    await state(`${run}_2`, /stopped/);
    await shot("stopped");
    await details(run).getByRole("button", { name: "Resume" }).click();
    await state(run, /running/);

    const kernels = (await (await lab.fetch("/api/kernels")).json()) as { id: string }[];
    assert.equal(kernels.length, 1);
    for (const { id } of kernels) await lab.fetch(`/api/kernels/${id}`, { method: "DELETE" });
    const [job] = (await e2.jobs.list(path.join(lab.folder, run))).slice(-1);
    assert.equal(job!.state, "running", "the job goes on without the kernel");
    await page.reload();
    await details(run).waitFor({ timeout: 60_000 });
    await state(run, /complete/, 120_000);
    assert.ok(existsSync(path.join(lab.folder, run, "latents.csv")));
    const title = details(run).getByRole("textbox", { name: "Title" });
    await title.fill("first look");
    await title.press("Enter");
    await panel().getByRole("button", { name: "first look" }).waitFor();
    assert.equal(readFileSync(path.join(lab.folder, run, "jobs/title.txt"), "utf8"), "first look\n");
    await shot("complete");
    await press("New run with these settings");
    await panel().getByText(`The settings of ${run}`).waitFor();
    assert.equal(await field("Epochs").inputValue(), "30");
    assert.equal(await field("Output folder").inputValue(), `${run}_3`);
    await press("Second round");
    await panel().getByText(`A second round of ${run}`).waitFor();
    assert.equal(await field("Second round of").inputValue(), run);
    await panel().getByRole("heading", { name: "Second round", exact: true }).waitFor();
    assert.equal(await field("Output folder").inputValue(), `${run}_round2`);
    assert.equal(await field("Consensus map").count(), 0);
    await panel().getByRole("combobox", { name: "Its axes" }).selectOption("drop");
    await field("Latent axes").fill("1");
    await field("Epochs").fill("2");
    await field("Processors").fill("1");
    assert.equal(
      await panel().getByLabel("Command", { exact: true }).innerText(),
      `e2gmm train --from '${path.join(lab.folder, run)}' --axes drop --latent 1 --epochs 2 ` +
        `--out '${path.join(lab.folder, run)}_round2' --queue local --queue-cpus 1`,
    );
    await shot("second-round");
    await press("Start");
    await state(`${run}_round2`, /complete/, 120_000);
    await details(`${run}_round2`).getByText("started from my data/particles_run").waitFor();
    await panel().getByRole("button", { name: "first look", exact: true }).click();
    await press("Compare");
    const compared = panel().getByRole("region", { name: "Two runs side by side" });
    await compared.getByText("432 particles are in both").waitFor({ timeout: 30_000 });
    // The second round has axes of its own only: what it shares of the first is what the table says
    assert.match(await compared.innerText(), /Canonical correlations: \d\.\d\d/);
    assert.match(await compared.locator(".e2gmm-compare-settings").innerText(), /from\.axes\s+–\s+drop/);
    const picture = compared.getByRole("img", { name: /^Particles of my data\/particles_run over/ });
    await picture.scrollIntoViewIfNeeded();
    const box = (await picture.boundingBox())!;
    await page.mouse.move(box.x + 2, box.y + 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height - 2, { steps: 4 });
    await page.mouse.up();
    const selection = compared.locator(".e2gmm-compare-selection");
    await selection
      .filter({ hasText: /\d+ of 432 particles selected; first run z1 -\d.*; second run z1/ })
      .waitFor();
    await shot("compare");
    const range = compared.getByRole("spinbutton", { name: "Select in the second run from" });
    await range.fill("-100");
    await compared.getByRole("spinbutton", { name: "Select in the second run to" }).fill("100");
    await page.keyboard.press("Enter");
    await selection.filter({ hasText: /^432 of 432 particles selected/ }).waitFor();
    await press("Open in explorer");
    await page.locator(".e2gmm-explorer .e2gmm-scatter[data-drawn]").waitFor({ timeout: 60_000 });
    await shot("explorer");
  });

  test("the explorer is added to the notebook that was used last", async () => {
    lab.writeNotebook("look.ipynb", ["1 + 1"]);
    await command(page, "docmanager:open", { path: "look.ipynb" });
    await page.locator(".jp-Notebook .jp-Cell").first().waitFor();
    await kernelReady(page);
    await page.locator(".lm-TabBar-tab", { hasText: "New run" }).click();
    await press("Explore in notebook");
    await page
      .locator(".jp-Notebook .e2gmm-explorer .e2gmm-scatter[data-drawn]")
      .waitFor({ timeout: 60_000 });
    assert.match(
      await page.locator(".jp-Notebook .jp-CodeCell .cm-content").last().innerText(),
      /await e2\.explore\(".*\/my data\/particles_run"\)/,
    );
  });

  test("the panel follows the dark theme", async () => {
    await command(page, "apputils:change-theme", { theme: "JupyterLab Dark" });
    await command(page, "e2gmm:project");
    await panel().last().getByRole("button", { name: "first look" }).waitFor();
    await page.waitForFunction(() => document.body.dataset["jpThemeLight"] === "false");
    await panel().last().getByRole("button", { name: "first look" }).click();
    await page.locator(".e2gmm-project-log").last().waitFor();
    await shot("dark-project");
    await panel().last().getByRole("button", { name: "New run…" }).click();
    await shot("dark");
    assert.deepEqual(errors, []);
  });
});
