import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { cp } from "node:fs/promises";
import path from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { copyRun } from "./fixture";
import { artefacts, Lab, launchChromium, runAllCells, skip } from "./lab";

/** What is made in an explorer in JupyterLab is there after the kernel is gone, and in another notebook at once. */

const cell = (run: string) => [
  `import * as e2 from "e2gmm";
const explorer = await e2.explore(${JSON.stringify(run)});`,
  "explorer",
];

describe("the workbench of a run in JupyterLab", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  const errors: string[] = [];

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
    copyRun(lab.folder, "adk run");
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  const notebook = async (name: string, run = "adk run"): Promise<Page> => {
    const page = await browser.newPage({ viewport: { width: 1400, height: 1250 } });
    page.on("pageerror", (error) => errors.push(error.message));
    lab.writeNotebook(name, cell(run));
    await lab.open(page, name);
    await runAllCells(page);
    await explorerOf(page).locator(".e2gmm-scatter[data-drawn]").waitFor();
    return page;
  };
  const explorerOf = (page: Page) => page.locator(".e2gmm-explorer").first();
  const press = (page: Page, name: string | RegExp, within: Locator = explorerOf(page)) =>
    within.getByRole("button", { name, exact: typeof name === "string" }).click();
  const says = (page: Page, pattern: RegExp) =>
    explorerOf(page).locator(".e2gmm-explorer-status").filter({ hasText: pattern }).waitFor();
  const nameFields = (page: Page) => explorerOf(page).getByRole("textbox", { name: /^Name of the set/ });
  const names = (page: Page) =>
    nameFields(page).evaluateAll((fields) => fields.map((field) => (field as HTMLInputElement).value));
  const until = async (page: Page, expected: string[]) => {
    for (let tries = 0; tries < 80; tries++) {
      if (JSON.stringify(await names(page)) === JSON.stringify(expected)) return;
      await page.waitForTimeout(100);
    }
    assert.deepEqual(await names(page), expected);
  };
  const shot = async (page: Page, name: string) => {
    await explorerOf(page).scrollIntoViewIfNeeded();
    await explorerOf(page).screenshot({ path: path.join(artefacts, `workbench-${name}.png`) });
  };

  test("sets, a map, a view and notes survive the kernel; deleting is undone with the keyboard; another notebook sees it", async () => {
    const page = await notebook("first.ipynb");
    const explorer = explorerOf(page);
    await explorer.getByRole("spinbutton", { name: "Number of clusters" }).fill("3");
    await press(page, "Clusters");
    await says(page, /Made 3 sets/);
    const three = [1, 2, 3].map((i) => `k-means ${i} of 3`);
    await until(page, three);
    await press(page, "Keep view");
    await says(page, /Kept the view as “view 1”/);
    await press(page, "Notes");
    await explorer
      .getByRole("textbox", { name: "Notes on this run" })
      .fill("The middle set is the closed state.");
    await explorer.getByRole("checkbox", { name: "Tick k-means 2 of 3" }).check();
    await press(page, "Delete", explorer.getByRole("group", { name: "Ticked" }));
    await says(page, /Deleted “k-means 2 of 3”; Undo brings back what was deleted/);
    await until(page, ["k-means 1 of 3", "k-means 3 of 3"]);
    // Focus is on a control that is no text field
    await explorer.getByRole("checkbox", { name: "Tick all sets" }).focus();
    await page.keyboard.press("Control+z");
    await until(page, three);
    await page.keyboard.press("Control+Shift+Z");
    await until(page, ["k-means 1 of 3", "k-means 3 of 3"]);
    await press(page, "Undo");
    await until(page, three);
    const row = explorer
      .getByRole("row")
      .filter({ has: page.getByRole("textbox", { name: /k-means 1 of 3/ }) });
    await press(page, "Reconstruct", row);
    await row.getByRole("checkbox", { name: "show" }).waitFor({ timeout: 60_000 });
    await shot(page, "first");

    const other = await notebook("other.ipynb");
    await until(other, three);
    assert.equal(
      await explorerOf(other).getByRole("textbox", { name: "Notes on this run" }).inputValue(),
      "The middle set is the closed state.",
    );
    const field = nameFields(other).first();
    await field.fill("open");
    await field.press("Enter");
    await until(page, ["open", ...three.slice(1)]);
    await other.close();

    // A kernel that is gone, and a run folder on another computer
    const kernels = (await (await lab.fetch("/api/kernels")).json()) as { id: string }[];
    for (const { id } of kernels) await lab.fetch(`/api/kernels/${id}`, { method: "DELETE" });
    await page.close();
    await cp(path.join(lab.folder, "adk run"), path.join(lab.folder, "moved"), { recursive: true });
    const again = await notebook("again.ipynb", "moved");
    await until(again, ["open", ...three.slice(1)]);
    const kept = explorerOf(again).getByRole("table", { name: "Paths and views" });
    await press(again, "Show the view view 1", kept);
    const first = explorerOf(again)
      .getByRole("row")
      .filter({ has: again.getByRole("textbox", { name: /the set open/ }) });
    const shows = first.getByRole("checkbox", { name: "show" });
    await shows.click();
    await shows.and(again.locator(":checked")).waitFor();
    await explorerOf(again).locator(".e2gmm-viewer").waitFor();
    await again.waitForTimeout(1500);
    await shot(again, "after-restart");
    await again.evaluate(() => {
      const app = (
        globalThis as unknown as {
          jupyterapp: { commands: { execute(id: string, args: object): Promise<void> } };
        }
      ).jupyterapp;
      return app.commands.execute("apputils:change-theme", { theme: "JupyterLab Dark" });
    });
    await again.waitForTimeout(1500);
    await shot(again, "dark");
    assert.deepEqual(errors, []);
  });
});
