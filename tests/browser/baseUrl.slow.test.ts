import assert from "node:assert/strict";
import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { type ExplorerPage, openExplorer } from "./explorerPage";
import { artefacts, runCell, skip } from "./lab";

/** The explorer in a JupyterLab behind a path prefix, as with JupyterHub and Open OnDemand. */

describe("the explorer behind a path prefix", skipIf(skip), () => {
  let opened: ExplorerPage;
  beforeAll(async () => {
    const viewport = { width: 1280, height: 900 };
    opened = await openExplorer("adk run", viewport, { baseUrl: "/user/jo%40lab.org/" });
  });
  afterAll(async () => {
    await opened?.browser.close();
    await opened?.lab.stop();
  });

  test("is drawn, and the molecule follows the ring, with no request outside of the prefix and no other port", async () => {
    const { page, lab, errors, requests } = opened;
    const explorer = page.locator(".e2gmm-explorer").first();
    await explorer.locator(".e2gmm-stage canvas").waitFor();
    const field = explorer.getByRole("spinbutton", { name: "z1 of the ring" });
    await field.fill("1.25");
    await field.press("Enter");
    await explorer
      .locator(".e2gmm-scatter-note")
      .filter({ hasText: /Å RMS from the mean/ })
      .waitFor();
    assert.match(await runCell(page, "console.log(explorer.scatter.probe[0])"), /^1\.25\n$/);
    await page.screenshot({ path: path.join(artefacts, "base-url-explorer.png") });

    const isLocal = (url: string) => /^(data|blob):/.test(url);
    const origins = [lab.origin, lab.origin.replace(/^http/, "ws")];
    const outside = requests.filter(
      (url) => !isLocal(url) && !origins.some((origin) => url.startsWith(`${origin}/`)),
    );
    assert.deepEqual(outside, []);
    const sockets = requests.filter((url) => url.startsWith("ws"));
    assert.ok(
      sockets.some((url) => /\/api\/kernels\/[^/]+\/channels/.test(url)),
      sockets.join(" "),
    );
    assert.deepEqual(errors, []);
  });
});
