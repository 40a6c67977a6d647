import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { command, Lab, launchChromium, pluginsActive, runAllCells, runCell, skip } from "./lab";

describe("the extension in JupyterLab", { skip }, () => {
  let lab: Lab;
  let browser: Browser;

  before(async () => {
    [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
  });
  after(async () => {
    await browser?.close();
    await lab?.stop();
  });

  test("is active, and neither it nor JupyterLab reports an error on the way up", async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    lab.writeNotebook("plain.ipynb", ["const seven = 7;"]);
    await lab.open(page, "plain.ipynb");
    await runAllCells(page);
    assert.equal(await runCell(page, "console.log(seven * 6);"), "42\n");
    assert.deepEqual(await pluginsActive(page), [true, true, true]);
    assert.deepEqual(errors, []);
    await command(page, "kernelmenu:shutdown");
    await page.close();
  });
});
