import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { fixture } from "./fixture";
import { Lab, launchChromium, skip } from "./lab";
import { secondRoundByHand } from "./secondRoundByHand";

describe("a second round in JupyterLab", skipIf(skip), () => {
  let lab: Lab;
  let browser: Browser;

  beforeAll(async () => {
    [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  test("two files become a second round in the domain that moves, with maps and FSC, with the mouse alone", async () => {
    mkdirSync(path.join(lab.folder, "data"));
    for (const name of ["particles.star", "particles.mrcs", "consensus.mrc"])
      cpSync(path.join(fixture().folder, name), path.join(lab.folder, "data", name));
    const page = await browser.newPage({ viewport: { width: 1500, height: 1000 } });
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await lab.open(page);
    const steps = await secondRoundByHand(page, "data", { motionOnly: true });
    assert.ok(steps.every(({ clicks }) => clicks > 0));
    assert.ok(existsSync(path.join(lab.folder, "data/particles_run/workbench/masks/region.mrc")));
    assert.ok(existsSync(path.join(lab.folder, "data/particles_run_round2/latents.csv")));
    assert.deepEqual(errors, []);
    // Two trainings, each of which may take a quarter of an hour
  }, 2_400_000);
});
