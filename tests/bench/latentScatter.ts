/**
 * A million particles in the latent scatter: `node tests/dist/bench/latentScatter.js [particles]`. Prints, in a real
 * JupyterLab and Chromium, the times from running the cell to the first picture and from the end of a lasso to the rows in
 * the kernel and to the selection on the screen, and the sizes of the messages.
 */
import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { artefacts, Lab, launchChromium, runAllCells, runCell, skip } from "../browser/lab";

const count = Number(process.argv[2] ?? 1_000_000);

const data = `
import * as e2 from "e2gmm";
const random = new e2.Random(1);
const latents = new Float32Array(${count} * 4);
for (let i = 0; i < ${count}; i++) {
  for (let d = 0; d < 4; d++) latents[4 * i + d] = random.normal() * 0.3 + (d < 2 ? ((i >> d) & 1) : 0);
}
let started = 0;
let chosenAt = 0;
`;
const shown = `
started = Date.now();
const scatter = new e2.explorer.LatentScatter({ latents, latent: 4 });
scatter.onSelect(() => { chosenAt = Date.now(); });
scatter
`;

/** Sizes of messages received by the page, in bytes. */
function listen(page: Page): number[] {
  const sizes: number[] = [];
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => {
      sizes.push(typeof payload === "string" ? payload.length : payload.byteLength);
    });
  });
  return sizes;
}

async function main(): Promise<void> {
  if (skip) throw new Error(skip);
  const lab = await Lab.start();
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    const sizes = listen(page);
    lab.writeNotebook("million.ipynb", [data]);
    await lab.open(page, "million.ipynb");
    await runAllCells(page);
    const drawn = () =>
      page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            const look = () => {
              if (document.querySelector(".e2gmm-scatter[data-drawn]")) resolve(Date.now());
              else requestAnimationFrame(look);
            };
            look();
          }),
      );
    const before = Date.now();
    const [seen] = await Promise.all([drawn(), runCell(page, shown)]);
    const inKernel = Number(await runCell(page, "console.log(started)"));
    console.log(`${count} particles`);
    console.log(
      `first picture      ${seen - before} ms after the cell was run (${seen - inKernel} ms after its first line)`,
    );

    await page.locator(".e2gmm-scatter").scrollIntoViewIfNeeded();
    await page.locator('.e2gmm-scatter-button[data-tool="lasso"]').click();
    for (let round = 0; round < 3; round++) {
      const box = (await page.locator(".e2gmm-scatter-overlay").boundingBox())!;
      const at = (fx: number, fy: number) => [box.x + fx * box.width, box.y + fy * box.height] as const;
      await page.mouse.move(...at(0.3, 0.2));
      await page.mouse.down();
      for (let i = 1; i <= 60; i++) {
        const angle = (2 * Math.PI * i) / 60;
        await page.mouse.move(
          ...at(0.3 + (0.15 + 0.03 * round) * Math.sin(angle), 0.4 - 0.2 * Math.cos(angle)),
        );
      }
      await page.evaluate(() => {
        const text = () => document.querySelector(".e2gmm-scatter-status")!.textContent;
        const old = text();
        document.querySelector(".e2gmm-scatter-overlay")!.addEventListener(
          "pointerup",
          () => {
            const times = { released: Date.now(), shown: 0 };
            Object.assign(window, { times });
            const look = () => {
              if (text() !== old) times.shown = Date.now();
              else requestAnimationFrame(look);
            };
            look();
          },
          { capture: true, once: true },
        );
      });
      await page.mouse.up();
      await page.waitForFunction(() => (window as unknown as { times?: { shown: number } }).times?.shown);
      const times = await page.evaluate(
        () => (window as unknown as { times: { released: number; shown: number } }).times,
      );
      const [rows, chosen] = JSON.parse(
        await runCell(page, "console.log(JSON.stringify([scatter.rows.length, chosenAt]))"),
      );
      await page.locator(".e2gmm-scatter").scrollIntoViewIfNeeded();
      console.log(
        `lasso              ${chosen - times.released} ms from its end to ${rows} rows in the kernel, ${times.shown - times.released} ms to the page`,
      );
    }
    mkdirSync(artefacts, { recursive: true });
    await page
      .locator(".e2gmm-scatter")
      .screenshot({ path: path.join(artefacts, "latentScatter-million.png") });
    sizes.sort((a, b) => b - a);
    console.log(
      `largest messages   ${sizes
        .slice(0, 3)
        .map((size) => `${(size / 1e6).toFixed(2)} MB`)
        .join(", ")}`,
    );
  } finally {
    await browser.close();
    await lab.stop();
  }
}

void main();
