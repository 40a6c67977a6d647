import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import * as e2 from "e2gmm";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { fixture } from "./fixture";
import { artefacts, launchChromium, skip } from "./lab";

const hostile = "</script><img src=x onerror=\"window.hacked=1\"> & 'ring'";

/** What the program of the page leaves for tests. */
interface OpenPage {
  e2gmmPage: {
    kernel: { scatter: { probe: number[]; rows: Uint32Array }; viewer: { get(key: string): Float32Array } };
  };
  hacked?: number;
}

describe("an interactive page, opened from a file without a network", skipIf(skip), () => {
  let folder: string;
  let run: Awaited<ReturnType<typeof e2.openRun>>;
  let written: e2.explorer.ExportedPage;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];
  const requests: string[] = [];
  const shot = (name: string) =>
    page.screenshot({ path: path.join(artefacts, `page-${name}.png`), fullPage: true });

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "e2gmm-page-"));
    mkdirSync(artefacts, { recursive: true });
    const { run: runFolder, consensus } = fixture();
    run = await e2.openRun(runFolder);
    const explorer = await e2.explore(run, { title: `A domain that moves ${hostile}`, keep: false });
    explorer.sets.add(
      Array.from({ length: 100 }, (_, i) => i),
      { name: `open ${hostile}` },
    );
    explorer.sets.add(
      Array.from({ length: 120 }, (_, i) => 200 + i),
      { name: "closed" },
    );
    explorer.viewer.setMap(`consensus ${hostile}`, await e2.maps.read(consensus));
    written = await explorer.exportPage(path.join(folder, "motion.html"), { particles: 400 });
    explorer.close();
    browser = await launchChromium();
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, offline: true });
    page = await context.newPage();
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(written.file).href);
    await page.locator("#e2gmm-page[data-ready]").waitFor();
    await page.locator(".e2gmm-scatter[data-drawn]").waitFor();
    await page.waitForFunction(() => {
      const view = document.querySelector(".e2gmm-viewer") as unknown as { e2gmmView?: { drawing?: object } };
      return view?.e2gmmView?.drawing !== undefined;
    });
  });
  afterAll(async () => {
    await browser?.close();
    run?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Largest distance in Å between the Gaussians that are drawn and those that the kernel decodes at the page's probe. */
  const difference = async () => {
    const { probe, drawn } = await page.evaluate(() => {
      const { kernel } = (window as unknown as OpenPage).e2gmmPage;
      const view = document.querySelector(".e2gmm-viewer") as unknown as {
        e2gmmView: { drawing: { shown: Float32Array } };
      };
      return { probe: kernel.scatter.probe, drawn: [...view.e2gmmView.drawing.shown] };
    });
    const { params, count, boxSize, apix } = run.decode(probe);
    assert.equal(drawn.length, params.length);
    const distances = Array.from(
      { length: 3 * count },
      (_, i) => Math.abs(drawn[i]! - params[i]!) * boxSize * apix,
    );
    return { probe, drawn, most: Math.max(...distances) };
  };
  const box = async () => (await page.locator(".e2gmm-scatter-overlay").boundingBox())!;

  test("the Gaussians follow the dragged ring as the kernel decodes them, to 0.01 Å", async () => {
    const before = await difference();
    assert.ok(before.most < 0.01, `${before.most} Å`);
    const { x, y, width, height } = await box();
    const ring = (await page.locator(".e2gmm-scatter-probe").boundingBox())!;
    await page.mouse.move(ring.x + ring.width / 2, ring.y + ring.height / 2);
    await page.mouse.down();
    for (const [across, down] of [
      [0.3, 0.4],
      [0.15, 0.5],
      [0.8, 0.7],
    ] as const) {
      await page.mouse.move(x + across * width, y + down * height, { steps: 8 });
      // Drawn in the frame that follows
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
      const { most, probe } = await difference();
      assert.ok(Math.hypot(...probe) > 0.5, `the ring has not moved: ${probe}`);
      assert.ok(most < 0.01, `${most} Å at ${probe}`);
    }
    await page.mouse.up();
    const { drawn } = await difference();
    const { boxSize, apix, count } = run.neutral;
    const moved = drawn
      .slice(0, 3 * count)
      .map((value, i) => Math.abs(value - before.drawn[i]!) * boxSize * apix);
    assert.ok(Math.max(...moved) > 2, "the molecule has not moved");
    await shot("light");
  });

  test("particles can be selected, and the motion be played", async () => {
    await page.locator('.e2gmm-scatter-button[data-tool="box"]').click();
    const { x, y, width, height } = await box();
    await page.mouse.move(x + 0.02 * width, y + 0.02 * height);
    await page.mouse.down();
    await page.mouse.move(x + 0.98 * width, y + 0.98 * height, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction(
      () => (window as unknown as OpenPage).e2gmmPage.kernel.scatter.rows.length > 300,
    );
    await page.locator('.e2gmm-scatter-button[data-tool="probe"]').click();
    await page.getByRole("button", { name: "Play", exact: true }).first().click();
    await page.locator(".e2gmm-viewer").getByRole("slider").first().waitFor();
  });

  test("names in the file are shown as text, and the page neither loads nor sends anything", async () => {
    await page.getByText(hostile).first().waitFor();
    assert.equal(await page.title(), `A domain that moves ${hostile}`);
    assert.match(await page.locator(".e2gmm-page-sets").innerText(), /open <\/script>/);
    assert.match(await page.locator(".e2gmm-page-footer").innerText(), /432, 400 of them in this page/);
    await page.getByRole("button", { name: "Dark" }).click();
    await page.waitForTimeout(300);
    await shot("dark");
    assert.equal(await page.evaluate(() => (window as unknown as OpenPage).hacked), undefined);
    assert.deepEqual(
      requests.filter((url) => !/^(file|data|blob):/.test(url)),
      [],
    );
    assert.deepEqual(errors, []);
    const sent = await page.evaluate(() =>
      fetch("https://example.org/").then(
        () => "sent",
        (error) => String(error),
      ),
    );
    assert.match(sent, /TypeError/);
  });

  test("a page does not tell where the run lies", async () => {
    const data = await page.evaluate(() =>
      JSON.stringify((window as unknown as { e2gmmPage: { data: object } }).e2gmmPage.data),
    );
    assert.ok(!data.includes(tmpdir()), "a path of this machine");
    assert.equal(written.particles, 400);
  });
});
