import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { fixture } from "../browser/fixture";
import { command, Lab, launchChromium, runAllCells, runCell } from "../browser/lab";

/**
 * Latency from a pointer event to new Gaussians in the page, and number of messages per second of dragging, for N = 3,082,
 * latent 4 and a network trained for one epoch. Measured with an idle kernel and during a training.
 *
 *     node tests/dist/bench/probe.js
 */

const N = 3082;
const DRAGS = 5;

/** 3,082 Gaussians in a ball, a run of one epoch with them, and the explorer. */
const cells = (particles: string) => [
  `import * as e2 from "e2gmm";
await e2.useBackend("wasm");
const model = e2.model.empty(${N}, 32, 4);
const random = new e2.Random(1);
for (let i = 0; i < ${N}; i++) {
  for (let axis = 0; axis < 3; axis++) model.params[axis * ${N} + i] = 0.08 * random.normal();
  model.params[3 * ${N} + i] = 0.1;
  model.params[4 * ${N} + i] = 0.9;
}
await e2.model.writeText("large.txt", model);
const few = await e2.simulate.linearMotion({ folder: "few", states: 4, particlesPerState: 16, boxSize: 32, apix: 4 });
const settings = { particles: ${JSON.stringify(particles)}, model: "large.txt", options: { latent: 4, batchSize: 8 } };
const run = await e2.train({ ...settings, particles: few.star, out: "large", options: { ...settings.options, epochs: 1 } });
const explorer = await e2.explore(run);
let training: AbortController | undefined;`,
  "explorer",
];

interface Times {
  /** Pointer events of the drag. */
  pointer: number[];
  /** Times of the comm messages sent by the page. */
  sent: number[];
  /** Times of new Gaussians in the state of the page's model. */
  changed: number[];
}

/** Records the traffic of the page's sockets; must be called before the page loads. */
async function watch(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const times = { pointer: [] as number[], sent: [] as number[], changed: [] as number[] };
    Object.assign(window, { e2gmmTimes: times });
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (this: WebSocket, data) {
      const bytes =
        typeof data === "string"
          ? data
          : new TextDecoder("latin1").decode(data instanceof ArrayBuffer ? data : (data as ArrayBufferView));
      if (bytes.includes('"comm_msg"') && bytes.includes("probeTo")) times.sent.push(performance.now());
      send.call(this, data);
    };
    addEventListener("pointermove", (event) => event.buttons && times.pointer.push(event.timeStamp), true);
  });
}

/** Position of the ring once it is stable: a busy page scrolls and draws late. */
async function restingRing(page: Page): Promise<{ x: number; y: number; width: number; height: number }> {
  const place = async () => (await page.locator(".e2gmm-scatter-probe-ring").boundingBox())!;
  let before = await place();
  for (;;) {
    await page.waitForTimeout(500);
    const now = await place();
    if (now.x === before.x && now.y === before.y) return now;
    before = now;
  }
}

async function drag(page: Page): Promise<Times & { seconds: number }> {
  const ring = await restingRing(page);
  const from = [ring.x + ring.width / 2, ring.y + ring.height / 2] as const;
  await page.evaluate(() => {
    const { e2gmmTimes } = window as unknown as { e2gmmTimes: Times };
    for (const list of Object.values(e2gmmTimes)) list.length = 0;
  });
  await page.mouse.move(...from);
  await page.mouse.down();
  const began = performance.now();
  // One second of a 60 Hz pointer
  for (let step = 1; performance.now() - began < 1000; step++) {
    await page.mouse.move(from[0] + 60 * Math.sin(step / 8), from[1] + 40 * Math.sin(step / 11));
    const due = began + (1000 * step) / 60;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  }
  const seconds = (performance.now() - began) / 1000;
  // Return to the start, or repeated drags would leave the plot.
  await page.mouse.move(...from);
  await page.mouse.up();
  await page.waitForTimeout(500);
  const times = await page.evaluate(() => (window as unknown as { e2gmmTimes: Times }).e2gmmTimes);
  return { ...times, seconds };
}

function quantile(values: readonly number[], part: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0
    ? "–"
    : sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!.toFixed(1);
}

function report(name: string, drags: readonly (Times & { seconds: number })[]): void {
  // Each message is answered by one change, in order
  const roundTrips = drags.flatMap(({ sent, changed }) =>
    sent.flatMap((time, i) => (changed[i] === undefined ? [] : [changed[i]! - time])),
  );
  // A pointer step is in the first message sent after it
  const steps = drags.flatMap(({ pointer, sent, changed }) =>
    pointer.flatMap((time) => {
      const i = sent.findIndex((at) => at >= time);
      return i >= 0 && changed[i] !== undefined ? [changed[i]! - time] : [];
    }),
  );
  const perSecond = (key: "pointer" | "sent") =>
    drags.reduce((sum, times) => sum + times[key].length / times.seconds, 0) / drags.length;
  console.log(
    `${name}: kernel round trip p50 ${quantile(roundTrips, 0.5)} ms, p95 ${quantile(roundTrips, 0.95)} ms (${roundTrips.length}); ` +
      `pointer to Gaussians p50 ${quantile(steps, 0.5)} ms, p95 ${quantile(steps, 0.95)} ms; ` +
      `${perSecond("sent").toFixed(0)} messages for ${perSecond("pointer").toFixed(0)} pointer steps a second`,
  );
}

async function main(): Promise<void> {
  const { particles } = fixture();
  const [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 1100 } });
    await watch(page);
    mkdirSync(path.join(lab.folder, "work"));
    lab.writeNotebook("work/bench.ipynb", cells(particles));
    await lab.open(page, "work/bench.ipynb");
    await runAllCells(page);
    await page.locator(".e2gmm-scatter[data-drawn]").waitFor();
    await page.locator(".e2gmm-scatter-area").scrollIntoViewIfNeeded();
    await page.evaluate(() => {
      const { e2gmmView } = document.querySelector(".e2gmm-viewer") as unknown as {
        e2gmmView: { model: { on(event: string, call: () => void): void } };
      };
      const { e2gmmTimes } = window as unknown as { e2gmmTimes: Times };
      e2gmmView.model.on("change:gaussians", () => e2gmmTimes.changed.push(performance.now()));
    });
    const measure = async (name: string) => {
      const drags = [];
      for (let i = 0; i < DRAGS; i++) drags.push(await drag(page));
      report(name, drags);
    };
    await measure("at rest");
    await runCell(
      page,
      `training = new AbortController();
void e2.train({ ...settings, out: "second", options: { ...settings.options, epochs: 500 }, signal: training.signal }).catch(() => {});
await new Promise((resolve) => setTimeout(resolve, 8000));`,
    );
    await page.locator(".e2gmm-scatter-area").scrollIntoViewIfNeeded();
    await measure("while training");
    await runCell(page, "training?.abort()");
    await command(page, "kernelmenu:shutdown");
  } finally {
    await browser.close();
    await lab.stop();
  }
}

void main();
