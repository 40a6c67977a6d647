import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import type { Browser } from "playwright-core";
import { openWidgets } from "tslab-widgets";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { importBinder, root } from "../workspace/repository";
import { artefacts, launchChromium, skip } from "./lab";

/**
 * The widget classes as VS Code, Colab, nbviewer and exported HTML pages load them: as one AMD module, by RequireJS, with
 * ipywidgets' base as the only other module. A few lines stand in for the widget manager of such a page.
 */

interface Bundler {
  bundleAmd(options: { entry: string; output: string }): Promise<void>;
  bundleWidgetModule(output: string): Promise<void>;
}

const { name, version, jsdelivr, unpkg } = JSON.parse(
  readFileSync(path.join(root, "labextension/package.json"), "utf8"),
) as Record<"name" | "version" | "jsdelivr" | "unpkg", string>;

/** A widget as saved in a notebook file: the state, with arrays separate and in base64. */
function savedState(wire: Record<string, unknown>) {
  const entries = Object.entries(wire);
  const isArray = (value: unknown): value is NodeJS.TypedArray => ArrayBuffer.isView(value);
  return {
    state: Object.fromEntries(entries.filter(([, value]) => !isArray(value))),
    buffers: entries.flatMap(([key, value]) =>
      isArray(value)
        ? [[key, Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")] as const]
        : [],
    ),
  };
}

type Saved = Record<string, ReturnType<typeof savedState>>;

/** Page that shows saved widgets by `show(id)`, as a widget manager does, and changes their state by `change(id, state)`. */
const page = (saved: Saved) => `<!doctype html><meta charset="utf-8"><title>${name}</title>
<script src="/require.js"></script>
<script type="module">
const saved = ${JSON.stringify(saved)};
requirejs.config({ paths: {
  "@jupyter-widgets/base": "/base/index",
  // Like the CDN URLs of ipywidgets' HTML manager
  ${JSON.stringify(name)}: "/npm/${name}@${version}/dist/index",
} });
const load = (module) => new Promise((resolve, reject) => requirejs([module], resolve, reject));
const models = new Map();
const manager = {
  callbacks: () => ({}),
  inline_sanitize: (text) => text,
  get_model(id) {
    if (!models.has(id)) models.set(id, makeModel(id));
    return models.get(id);
  },
};
async function makeModel(id) {
  const { state, buffers } = saved[id];
  const wire = { ...state };
  for (const [key, text] of buffers) {
    wire[key] = new DataView(Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0)).buffer);
  }
  const Model = (await load(state._model_module))[state._model_name];
  const own = await Model._deserialize_state(wire, manager);
  return new Model(own, { model_id: id, widget_manager: manager });
}
window.change = async (id, state) => (await manager.get_model(id)).set(state);
window.show = async (id) => {
  const model = await manager.get_model(id);
  const View = (await load(model.get("_view_module")))[model.get("_view_name")];
  const view = new View({ model, options: {} });
  await view.render();
  const place = document.body.appendChild(document.createElement("div"));
  place.appendChild(view.el);
  for (const type of ["before-attach", "after-attach"]) view.luminoWidget.processMessage({ type });
};
</script>`;

describe("the widget module under RequireJS", skipIf(skip), () => {
  let folder: string;
  let server: Server;
  let browser: Browser;

  /** Served to the page, by path. */
  const served = new Map<string, { type: string; body: string | Buffer }>();

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "e2gmm-widget-module-"));
    const { bundleAmd, bundleWidgetModule } = await importBinder<Bundler>("../labextension/widgetModule.mjs");
    await bundleWidgetModule(path.join(folder, "dist"));
    await bundleAmd({ entry: "@jupyter-widgets/base", output: path.join(folder, "base") });
    const script = (file: string) => ({ type: "text/javascript", body: readFileSync(file) });
    served.set("/require.js", script(require.resolve("requirejs/require.js")));
    served.set("/base/index.js", script(path.join(folder, "base/index.js")));
    served.set(`/npm/${name}@${version}/dist/index.js`, script(path.join(folder, "dist/index.js")));
    server = createServer((request, response) => {
      const found = served.get(request.url ?? "");
      response.writeHead(found ? 200 : 404, { "Content-Type": found?.type ?? "text/plain" });
      response.end(found?.body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  test("is the file that CDNs serve for the package", () => {
    assert.equal(jsdelivr, "dist/index.js");
    assert.equal(unpkg, "dist/index.js");
  });

  test("includes the licence of every bundled package", () => {
    const { packages } = JSON.parse(
      readFileSync(path.join(folder, "dist/third-party-licenses.json"), "utf8"),
    ) as { packages: { name: string }[] };
    const names = packages.map((bundled) => bundled.name);
    for (const needed of ["plotly.js", "ngl"]) assert.ok(names.includes(needed), needed);
  });

  test("shows latent scatter and Gaussians from their saved state", async () => {
    const scatter = new e2.explorer.LatentScatter({
      latents: Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * 1.7)),
      latent: 2,
    });
    const viewer = new e2.explorer.GaussianViewer({
      neutral: {
        count: 20,
        // Blocks of x, y, z, amplitude and sigma
        params: Float32Array.from({ length: 100 }, (_, i) => (i < 60 ? Math.sin(i * 1.7) / 3 : 1)),
        boxSize: 32,
        apix: 4,
      },
    });
    const saved: Saved = {};
    for (const [id, widget] of openWidgets()) saved[id] = savedState(widget.wireState());
    served.set("/", { type: "text/html", body: page(saved) });

    const opened = await browser.newPage();
    const errors: string[] = [];
    opened.on("pageerror", (error) => errors.push(error.stack ?? error.message));
    await opened.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    for (const { id } of [scatter, viewer]) {
      await opened.evaluate((shown) => (window as unknown as { show(id: string): void }).show(shown), id);
    }
    await opened.locator(".e2gmm-scatter .js-plotly-plot").waitFor();
    await opened.locator(".e2gmm-viewer canvas").first().waitFor();
    mkdirSync(artefacts, { recursive: true });
    await opened.screenshot({ path: path.join(artefacts, "widget-module.png"), fullPage: true });
    assert.deepEqual(errors, []);
    await opened.close();
  });

  test("rendering again keeps focus, elements and typed text", async () => {
    const scatter = new e2.explorer.LatentScatter({
      latents: Float32Array.from({ length: 40 }, (_, i) => Math.sin(i * 1.7)),
      latent: 2,
      columns: [{ name: "class", values: Array.from({ length: 20 }, (_, i) => ["open", "closed"][i % 2]!) }],
    });
    scatter.colour = "class";
    const { id } = scatter;
    const saved: Saved = {};
    for (const [of, widget] of openWidgets()) if (of === id) saved[of] = savedState(widget.wireState());
    served.set("/", { type: "text/html", body: page(saved) });
    const opened = await browser.newPage();
    await opened.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await opened.evaluate((shown) => (window as unknown as { show(id: string): void }).show(shown), id);
    await opened.locator(".e2gmm-scatter .js-plotly-plot").waitFor();
    const change = (state: object) =>
      opened.evaluate(
        ([of, next]) =>
          (window as unknown as { change(id: string, state: object): Promise<void> }).change(of, next),
        [id, state] as const,
      );
    const isFocused = (selector: string) =>
      opened.locator(selector).evaluate((element) => element === document.activeElement);

    await opened.locator('[data-tool="path"]').click();
    const stations = opened.getByLabel("Stations");
    await stations.fill("");
    await change({ stationCount: 8, selectedCount: 3 });
    await opened.locator(".e2gmm-scatter-status", { hasText: "3 of 20 particles selected" }).waitFor();
    assert.equal(await stations.inputValue(), "");
    assert.equal(await isFocused('[aria-label="Stations"]'), true);
    await stations.blur();
    assert.equal(await stations.inputValue(), "8");

    const category = opened.locator(".e2gmm-scatter-category", { hasText: "closed" });
    await category.focus();
    await opened.keyboard.press("Enter");
    await opened.locator('.e2gmm-scatter-category[aria-pressed="false"]', { hasText: "closed" }).waitFor();
    assert.equal(await isFocused('.e2gmm-scatter-category[aria-pressed="false"]'), true);
    await change({ hidden: [] });
    await opened.waitForFunction(
      () => !document.querySelector('.e2gmm-scatter-category[aria-pressed="false"]'),
    );
    assert.match((await opened.evaluate(() => document.activeElement?.textContent)) ?? "", /^closed/);

    await opened.getByLabel("Vertical axis").focus();
    await change({ y: "z1", title: "Other axes" });
    await opened.waitForFunction(() => (document.activeElement as HTMLSelectElement | null)?.value === "z1");
    assert.equal(await isFocused('[aria-label="Vertical axis"]'), true);
    await opened.close();
  });
});
