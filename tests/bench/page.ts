import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import * as e2 from "e2gmm";
import type { Browser } from "playwright-core";
import { launchChromium } from "../browser/lab";
import { ballRun } from "./ballRun";

/**
 * Size of an interactive page, and the time in it from a pointer event to Gaussians, for 512 and 3,082 Gaussians, latent 4 and
 * networks of 3 × 512: the part of the page itself, and with the wait for software rendering, which takes most of both cores.
 *
 *     node tests/dist/bench/page.js [GAUSSIANS …]
 */

const drags = 4;

interface View {
  drawing: { shown: Float32Array; frame(gaussians: Float32Array | undefined): void };
}
interface Times {
  /** From the start of the event's handlers to Gaussians handed to the renderer, ms. */
  own: number[];
  /** From the event to the same moment. */
  whole: number[];
}

async function measure(browser: Browser, file: string): Promise<Times> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, offline: true });
  const page = await context.newPage();
  await page.goto(pathToFileURL(file).href);
  await page.locator(".e2gmm-scatter[data-drawn]").waitFor();
  await page.waitForFunction(
    () => (document.querySelector(".e2gmm-viewer") as unknown as { e2gmmView?: View })?.e2gmmView?.drawing,
  );
  await page.evaluate(() => {
    const times: Times = { own: [], whole: [] };
    Object.assign(window, { times });
    const { drawing } = (document.querySelector(".e2gmm-viewer") as unknown as { e2gmmView: View }).e2gmmView;
    let event: { begun: number; stamp: number } | undefined;
    addEventListener(
      "pointermove",
      ({ timeStamp, buttons }) => {
        if (buttons) event = { begun: performance.now(), stamp: timeStamp };
      },
      true,
    );
    const frame = drawing.frame.bind(drawing);
    drawing.frame = (gaussians) => {
      frame(gaussians);
      if (!event) return;
      times.own.push(performance.now() - event.begun);
      times.whole.push(performance.now() - event.stamp);
      event = undefined;
    };
  });
  const ring = (await page.locator(".e2gmm-scatter-probe-ring").boundingBox())!;
  const [x, y] = [ring.x + ring.width / 2, ring.y + ring.height / 2];
  for (let drag = 0; drag < drags; drag++) {
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (let step = 1; step <= 50; step++) {
      await page.mouse.move(x + 60 * Math.sin(step / 8), y + 40 * Math.sin(step / 11));
      await new Promise((resolve) => setTimeout(resolve, 16));
    }
    await page.mouse.move(x, y);
    await page.mouse.up();
  }
  const times = await page.evaluate(() => (window as unknown as { times: Times }).times);
  await context.close();
  return times;
}

function quantiles(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(part * sorted.length)]!.toFixed(1);
  return `p50 ${at(0.5)}, p95 ${at(0.95)} ms`;
}

async function main(): Promise<void> {
  await e2.useBackend("wasm");
  const browser = await launchChromium();
  try {
    const given = process.argv.slice(2).filter((word) => /^\d+$/.test(word));
    for (const gaussians of given.length > 0 ? given.map(Number) : [512, 3082]) {
      const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-page-"));
      const run = await ballRun(gaussians, folder);
      const page = await e2.exportPage(run, path.join(folder, "page.html"));
      const { own, whole } = await measure(browser, page.file);
      const size = `${(page.bytes / 1e6).toFixed(1)} MB`;
      console.log(
        `${gaussians} Gaussians: ${size}; ${own.length} moves; own ${quantiles(own)}; from the event ${quantiles(whole)}`,
      );
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
