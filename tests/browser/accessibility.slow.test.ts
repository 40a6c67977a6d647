import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { AxeResults } from "axe-core";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { openExplorer } from "./explorerPage";
import { copyRun } from "./fixture";
import { artefacts, command, type Lab, skip } from "./lab";

/** What axe-core finds in every panel: names, roles, labels, contrast, order of headings, by WCAG 2.2 AA and its best practices. */

const themes = ["JupyterLab Light", "JupyterLab Dark"] as const;

/** Rules on a whole page, which is JupyterLab's. */
const ofTheWholePage = ["region", "landmark-one-main", "page-has-heading-one", "bypass"];

describe("panels for a screen reader and for eyes that need contrast", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    ({ lab, browser, page, errors } = await openExplorer("first run", { width: 1600, height: 1300 }));
    copyRun(lab.folder, "second run");
    await page.addScriptTag({ content: readFileSync(require.resolve("axe-core/axe.min.js"), "utf8") });
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  const explorer = () => page.locator(".e2gmm-explorer").first();
  const project = () => page.locator(".e2gmm-project").last();

  /** Problems within elements, in both themes, as text. */
  const problems = async (selector: string, name: string): Promise<string[]> => {
    const found: string[] = [];
    for (const theme of themes) {
      await command(page, "apputils:change-theme", { theme });
      await page.waitForFunction(
        (light) => document.body.dataset["jpThemeLight"] === light,
        String(theme === "JupyterLab Light"),
      );
      // What lies below JupyterLab's veil has no contrast that could be measured
      await page.locator("#jupyterlab-splash").waitFor({ state: "detached" });
      const { violations } = await page.evaluate(
        async ([within, disabled]) => {
          const { axe } = window as unknown as {
            axe: { run(context: object, options: object): Promise<AxeResults> };
          };
          return axe.run(
            { include: [[within]] },
            {
              resultTypes: ["violations"],
              rules: Object.fromEntries(disabled.map((rule) => [rule, { enabled: false }])),
            },
          );
        },
        [selector, ofTheWholePage] as const,
      );
      for (const { id, nodes } of violations)
        for (const { html, failureSummary } of nodes)
          found.push(`${theme}: ${id}: ${html.slice(0, 160)} ${failureSummary ?? ""}`);
      await page.screenshot({
        path: path.join(artefacts, `accessible-${name}-${theme.split(" ")[1]!.toLowerCase()}.png`),
      });
    }
    return found;
  };
  const open = async (details: Locator) => {
    if (!(await details.evaluate((element) => (element as HTMLDetailsElement).open)))
      await details.locator("> summary").click();
  };

  test("the explorer with sets, a path, curves, notes and the form for exports", async () => {
    await explorer().getByRole("button", { name: "Clusters", exact: true }).click();
    await explorer()
      .getByRole("textbox", { name: /^Name of the set/ })
      .nth(1)
      .waitFor({ timeout: 30_000 });
    await explorer()
      .getByRole("checkbox", { name: /^Tick / })
      .nth(1)
      .check();
    await explorer().getByRole("button", { name: "Notes", exact: true }).click();
    await explorer().getByTitle("Write particles, map or model to files", { exact: true }).click();
    await explorer().getByRole("form", { name: "Export" }).waitFor();
    assert.deepEqual(await problems(".e2gmm-explorer", "explorer"), []);
  });

  test("the menus of the scatter, and every section of the molecule's controls", async () => {
    const controls = explorer().getByTitle("Show or hide the controls");
    if ((await controls.getAttribute("aria-expanded")) !== "true") await controls.click();
    const sections = explorer().locator(".e2gmm-viewer details");
    for (let i = 0; i < (await sections.count()); i++) await open(sections.nth(i));
    await open(explorer().locator(".e2gmm-scatter-menu").first());
    assert.deepEqual(await problems(".e2gmm-explorer-panes", "panes"), []);
  });

  test("Region, with parts and a saved mask", async () => {
    const region = explorer().locator(".e2gmm-region");
    await open(region);
    await region.getByRole("button", { name: "Find" }).click();
    await region.getByRole("button", { name: /^1: \d+ Gaussians/ }).click({ timeout: 60_000 });
    await region.getByRole("button", { name: "Save mask" }).click();
    await region.getByRole("combobox", { name: "Saved mask" }).waitFor({ timeout: 60_000 });
    assert.deepEqual(await problems(".e2gmm-region", "region"), []);
  });

  test("New run", async () => {
    await command(page, "e2gmm:new-run");
    await project().getByRole("button", { name: "Choose Particles" }).waitFor();
    assert.deepEqual(await problems(".e2gmm-project", "new-run"), []);
  });

  test("Project and Compare", async () => {
    await project().getByRole("button", { name: "Hide the form" }).click();
    await project().getByRole("button", { name: "first run", exact: true }).click({ timeout: 60_000 });
    await project().getByRole("button", { name: "Compare", exact: true }).click();
    await project()
      .getByRole("region", { name: "Two runs side by side" })
      .getByRole("img")
      .first()
      .waitFor({ timeout: 60_000 });
    assert.deepEqual(await problems(".e2gmm-project", "project"), []);
    assert.deepEqual(errors, []);
  });
});
