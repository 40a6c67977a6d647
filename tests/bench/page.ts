import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import * as e2 from "e2gmm";
import type { Browser } from "playwright-core";
import { launchChromium } from "../browser/lab";
import { ballRun, sizesGiven } from "./ballRun";
import { type DragTimes, described, dragRing } from "./dragTimes";

/**
 * Size of an interactive page, and the time in it from a pointer event to Gaussians, for 512 and 3,082 Gaussians, latent 4 and
 * networks of 3 × 512: the part of the page itself, and with the wait for software rendering, which takes most of both cores.
 *
 *     node tests/dist/bench/page.js [GAUSSIANS …]
 */

async function measure(browser: Browser, file: string): Promise<DragTimes> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, offline: true });
  const page = await context.newPage();
  await page.goto(pathToFileURL(file).href);
  await page.locator(".e2gmm-scatter[data-drawn]").waitFor();
  await page.waitForFunction(
    () =>
      (document.querySelector(".e2gmm-viewer") as unknown as { e2gmmView?: { drawing?: object } })?.e2gmmView
        ?.drawing,
  );
  const times = await dragRing(page);
  await context.close();
  return times;
}

async function main(): Promise<void> {
  await e2.useBackend("wasm");
  const browser = await launchChromium();
  try {
    for (const gaussians of sizesGiven()) {
      const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-page-"));
      const run = await ballRun(gaussians, folder);
      const page = await e2.exportPage(run, path.join(folder, "page.html"));
      const times = await measure(browser, page.file);
      console.log(`${gaussians} Gaussians: ${(page.bytes / 1e6).toFixed(1)} MB; ${described(times)}`);
      rmSync(folder, { recursive: true, force: true });
    }
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
