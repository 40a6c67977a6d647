import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { copyRun, fixture } from "./fixture";
import { artefacts, command, Lab, launchChromium, skip } from "./lab";

/** Maps, studies and poses are started from the row of a run in Project, followed, and their results opened, with mouse and keyboard. */

describe("forms of a run in JupyterLab", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
    copyRun(lab.folder, "run");
    for (const name of ["particles.star", "particles.mrcs", "neutral.txt"])
      cpSync(path.join(fixture().folder, name), path.join(lab.folder, name));
    page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.on("pageerror", (error) => errors.push(error.message));
    await lab.open(page);
    await command(page, "e2gmm:project");
    await panel().getByRole("button", { name: "run", exact: true }).waitFor({ timeout: 60_000 });
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  const panel = () => page.locator(".e2gmm-project");
  const form = (name: string) => panel().getByRole("form", { name });
  const field = (name: string) => panel().getByRole("textbox", { name, exact: true });
  const press = (name: string) => panel().getByRole("button", { name, exact: true }).click();
  const shot = (name: string) => page.screenshot({ path: path.join(artefacts, `tasks-${name}.png`) });
  const row = (name: string) =>
    panel()
      .getByRole("row")
      .filter({ has: page.getByRole("button", { name, exact: true }) });
  const state = (name: string, expected: RegExp) =>
    row(name).locator(".e2gmm-project-state").filter({ hasText: expected }).waitFor({ timeout: 240_000 });
  /** What a form says after *Start*. */
  const outcome = async (name: string) => {
    const status = form(name)
      .getByRole("status")
      .filter({ hasText: /^(?!Starting…)./ });
    await status.waitFor({ timeout: 60_000 });
    return status.innerText();
  };
  const shown = (label: "Command" | "Notebook cell") => panel().getByLabel(label, { exact: true });
  const fill = async (values: Record<string, string>) => {
    for (const [name, value] of Object.entries(values)) await field(name).fill(value);
  };

  test("the menu of a run opens the form of its maps, with the command and the cell that do the same", async () => {
    const start = row("run").getByRole("button", { name: "Start something from run" });
    await start.click();
    await shot("menu");
    await row("run").getByRole("button", { name: "Reconstruct…" }).click();
    await form("Reconstruct").waitFor();
    assert.equal(await field("Run").inputValue(), "run");
    assert.equal(await field("Output").inputValue(), "run_states");
    await panel().getByText("Clusters: expected a value, found none").waitFor();
    assert.ok(await panel().getByRole("button", { name: "Start", exact: true }).isDisabled());
    await fill({ Clusters: "two" });
    await panel().getByText("Clusters: “two” is not a number").waitFor();
    await fill({ Clusters: "2", Particles: "", "Box in voxels": "16", Processors: "1" });
    const at = (name: string) => path.join(lab.folder, name);
    assert.equal(
      await shown("Command").innerText(),
      `e2gmm states ${at("run")} --clusters 2 --box-size 16 --out ${at("run_states")} --queue local --queue-cpus 1`,
    );
    assert.match(
      await shown("Notebook cell").innerText(),
      /await e2\.project\.startTask\(\{\n {2}task: "states",\n {2}values: \{\n {4}run: "/,
    );
    await shot("states");
  });

  test("the task is started, listed below its run, and its maps open in the viewer", async () => {
    await press("Start");
    assert.equal(await outcome("Reconstruct"), "Started run_states");
    await state("run_states", /complete/);
    assert.match(await row("run_states").innerText(), /↳/);
    await panel().getByText("complete; started from run").waitFor();
    const results = panel().getByRole("list", { name: "Results of run_states" });
    await results.getByRole("button", { name: "state_02.mrc" }).waitFor();
    assert.equal(await field("Output").inputValue(), "run_states_2");
    await results.scrollIntoViewIfNeeded();
    await shot("results");
    await results.getByRole("button", { name: "state_01.mrc" }).click();
    await page.locator(".lm-TabBar-tab", { hasText: "state_01.mrc" }).waitFor();
    await page.locator(".lm-TabBar-tab", { hasText: "Project" }).click();
  });

  test("a study is started with the keyboard; its page opens, and its settings fill the form again", async () => {
    const start = row("run").getByRole("button", { name: "Start something from run" });
    await start.focus();
    await page.keyboard.press("Enter");
    await row("run").getByRole("button", { name: "Study…" }).focus();
    await page.keyboard.press("Enter");
    await form("Study").waitFor();
    await panel().getByRole("combobox", { name: "What" }).selectOption("seeds");
    assert.equal(await field("Output").inputValue(), "run_seeds");
    await page.waitForFunction(() =>
      (document.querySelector('input[name="model"]') as HTMLInputElement | null)?.value.endsWith(".txt"),
    );
    assert.match(await field("Gaussian model").inputValue(), /neutral\.txt$/);
    await fill({ Particles: "particles.star", "Gaussian model": "neutral.txt", Seeds: "1-2" });
    await fill({ "Latent axes": "1", Epochs: "2", Sets: "2", Processors: "1" });
    await panel().getByRole("checkbox", { name: "width" }).uncheck();
    assert.match(await shown("Command").innerText(), /^e2gmm study seeds --particles .* --seeds 1-2 /);
    await shot("seeds");
    await press("Start");
    assert.equal(await outcome("Study"), "Started run_seeds");
    await state("run_seeds", /complete/);
    assert.ok(existsSync(path.join(lab.folder, "run_seeds/study.html")));
    await panel()
      .getByRole("list", { name: "Results of run_seeds" })
      .getByRole("button", { name: "study.html" })
      .click();
    await page.locator(".lm-TabBar-tab", { hasText: "study.html" }).waitFor();
    await page.locator(".lm-TabBar-tab", { hasText: "Project" }).click();
    await press("Again with these settings");
    await panel().getByText("The settings of run_seeds").waitFor();
    assert.equal(await field("Seeds").inputValue(), "1-2");
    assert.equal(await field("Output").inputValue(), "run_seeds_2");
    const recorded = JSON.parse(readFileSync(path.join(lab.folder, "run_seeds/jobs/task.json"), "utf8"));
    assert.equal(recorded.values.run, path.join(lab.folder, "run"));
  });

  test("the forms follow the dark theme, and what is refused is said", async () => {
    await command(page, "apputils:change-theme", { theme: "JupyterLab Dark" });
    await page.waitForFunction(() => document.body.dataset["jpThemeLight"] === "false");
    await row("run").getByRole("button", { name: "Start something from run" }).click();
    await row("run").getByRole("button", { name: "Refine poses…" }).click();
    await form("Refine poses").waitFor();
    assert.equal(await field("Output").inputValue(), "run_poses.star");
    await fill({ Output: "particles.star" });
    await press("Start");
    await panel()
      .getByText(/particles\.star: expected a name that is free, found a file/)
      .waitFor();
    await shot("dark");
    await press("Close the form");
    await form("Refine poses").waitFor({ state: "detached" });
    assert.deepEqual(errors, []);
  });
});
