import path from "node:path";
import * as e2 from "e2gmm";
import type { Page } from "playwright-core";
import { command, Lab, launchChromium } from "../browser/lab";
import { ballRun, sizesGiven } from "./ballRun";

/**
 * Seconds until the explorer in a panel can be used: opened with a new kernel, and after the page is reloaded, for 512 and 3,082
 * Gaussians. After a reload from the start of the navigation, and from when JupyterLab has restored its layout.
 *
 *     node tests/dist/bench/reload.js [GAUSSIANS …]
 */

const reloads = 3;

/** Milliseconds from the start of the page's navigation. */
interface Moments {
  /** JupyterLab has restored its layout. */
  restored?: number;
  /** The scatter is drawn, and buttons can be pressed. */
  scatter?: number;
  /** The molecule is drawn. */
  molecule?: number;
}

/** Notes the moments of each page that is loaded. */
async function watch(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const moments: Moments = {};
    Object.assign(window, { e2gmmMoments: moments });
    const look = () => {
      // biome-ignore lint/suspicious/noExplicitAny: JupyterLab's own objects, which have no types in a page
      const app = (window as any).jupyterapp;
      if (app && !("watched" in moments)) {
        Object.defineProperty(moments, "watched", { value: true });
        app.restored.then(() => (moments.restored = performance.now()));
      }
      const explorer = document.querySelector(".e2gmm-explorer");
      if (
        explorer?.querySelector(".e2gmm-scatter[data-drawn]") &&
        explorer.querySelector(".e2gmm-explorer-controls:not(:disabled)")
      )
        moments.scatter ??= performance.now();
      const viewer = explorer?.querySelector(".e2gmm-viewer") as
        | (Element & { e2gmmView?: { drawing?: object } })
        | null
        | undefined;
      if (viewer?.e2gmmView?.drawing) moments.molecule ??= performance.now();
      if (moments.scatter === undefined || moments.molecule === undefined) setTimeout(look, 20);
    };
    look();
  });
}

async function moments(page: Page): Promise<Required<Moments>> {
  await page.waitForFunction(
    () => {
      const { e2gmmMoments } = window as unknown as { e2gmmMoments?: Moments };
      return e2gmmMoments?.scatter !== undefined && e2gmmMoments.molecule !== undefined;
    },
    undefined,
    { timeout: 180_000, polling: 50 },
  );
  return page.evaluate(() => (window as unknown as { e2gmmMoments: Required<Moments> }).e2gmmMoments);
}

const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(2);

async function measure(gaussians: number): Promise<void> {
  const [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
  try {
    const run = await ballRun(gaussians, lab.folder);
    const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    await watch(page);
    await lab.open(page);
    const from = await page.evaluate(() => performance.now());
    await command(page, "e2gmm:explore", { folder: path.relative(lab.folder, run), cwd: "" });
    // Nothing moves in a ball of Gaussians, and the verdict stands in place of the picture
    await page.getByRole("button", { name: "Show anyway" }).click({ timeout: 180_000 });
    const first = await moments(page);
    console.log(
      `${gaussians} Gaussians, opened with a new kernel, with a click on "Show anyway": scatter ${seconds(first.scatter - from)} s, molecule ${seconds(first.molecule - from)} s`,
    );
    for (let reload = 0; reload < reloads; reload++) {
      // JupyterLab saves its layout a moment after it has changed
      await page.waitForTimeout(2000);
      await page.reload();
      const { restored, scatter, molecule } = await moments(page);
      console.log(
        `${gaussians} Gaussians, reloaded: JupyterLab ${seconds(restored)} s, then scatter ${seconds(scatter - restored)} s, molecule ${seconds(molecule - restored)} s`,
      );
    }
  } finally {
    await browser.close();
    await lab.stop();
  }
}

async function main(): Promise<void> {
  await e2.useBackend("wasm");
  for (const gaussians of sizesGiven()) await measure(gaussians);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
