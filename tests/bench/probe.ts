import path from "node:path";
import * as e2 from "e2gmm";
import { fixture } from "../browser/fixture";
import { command, Lab, launchChromium, runAllCells, runCell } from "../browser/lab";
import { ballRun, sizesGiven } from "./ballRun";
import { described, dragRing } from "./dragTimes";

/**
 * Time from a pointer event to new Gaussians in the explorer of a notebook, whose page decodes by itself, for 512 and 3,082
 * Gaussians, latent 4 and networks of 3 × 512. Measured with an idle kernel and while it trains.
 *
 *     node tests/dist/bench/probe.js [GAUSSIANS …]
 */

const cells = (run: string, particles: string) => [
  `import * as e2 from "e2gmm";
await e2.useBackend("wasm");
const explorer = await e2.explore(${JSON.stringify(run)});
explorer.set({ shownAnyway: true }); // nothing moves in a ball of Gaussians
const training = new AbortController();
const settings = { particles: ${JSON.stringify(particles)}, model: "model.txt", out: "second" };`,
  "explorer",
];

async function measure(gaussians: number): Promise<void> {
  const { particles } = fixture();
  const [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 1100 } });
    const run = await ballRun(gaussians, lab.folder);
    lab.writeNotebook("bench.ipynb", cells(path.relative(lab.folder, run), particles));
    await lab.open(page, "bench.ipynb");
    await runAllCells(page);
    await page.locator(".e2gmm-scatter[data-drawn]").waitFor();
    await page.locator('.e2gmm-explorer[data-live="true"]').waitFor({ timeout: 60_000 });
    await page.waitForFunction(
      () =>
        (document.querySelector(".e2gmm-viewer") as unknown as { e2gmmView?: { drawing?: object } })
          ?.e2gmmView?.drawing,
    );
    const tell = async (state: string) => {
      await page.locator(".e2gmm-scatter-area").scrollIntoViewIfNeeded();
      await page.waitForTimeout(1000);
      console.log(`${gaussians} Gaussians, ${state}: ${described(await dragRing(page))}`);
    };
    await tell("kernel idle");
    await runCell(
      page,
      `let first = () => {};
const begun = new Promise<void>((resolve) => (first = resolve));
const options = { latent: 4, batchSize: 8, epochs: 500 };
void e2.train({ ...settings, options, signal: training.signal, onProgress: () => first() }).catch(() => {});
await begun;`,
    );
    await tell("while it trains");
    await runCell(page, "training.abort()");
    await command(page, "kernelmenu:shutdown");
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
