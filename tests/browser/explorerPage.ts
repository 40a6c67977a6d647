import { mkdirSync } from "node:fs";
import type { Browser, Page, ViewportSize } from "playwright-core";
import { copyRun } from "./fixture";
import { artefacts, Lab, type LabOptions, launchChromium, runAllCells } from "./lab";

/** A notebook that shows the explorer of a run, in JupyterLab. */
export interface ExplorerPage {
  lab: Lab;
  browser: Browser;
  page: Page;
  /** Errors of the page since it was opened. */
  errors: string[];
  /** Addresses of its requests and of its web sockets. */
  requests: string[];
}

/** Opens the explorer of a copy of the shared run, in the variable `explorer` of the notebook, and waits until its scatter is drawn. */
export async function openExplorer(
  run: string,
  viewport: ViewportSize,
  options: LabOptions = {},
): Promise<ExplorerPage> {
  mkdirSync(artefacts, { recursive: true });
  const [lab, browser] = await Promise.all([Lab.start(options), launchChromium()]);
  try {
    copyRun(lab.folder, run);
    const page = await browser.newPage({ viewport });
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("websocket", (socket) => requests.push(socket.url()));
    lab.writeNotebook("explorer.ipynb", [
      `import * as e2 from "e2gmm";\nconst explorer = await e2.explore(${JSON.stringify(run)});`,
      "explorer",
    ]);
    await lab.open(page, "explorer.ipynb");
    await runAllCells(page);
    await page.locator(".e2gmm-explorer .e2gmm-scatter[data-drawn]").first().waitFor();
    return { lab, browser, page, errors, requests };
  } catch (error) {
    await browser.close();
    await lab.stop();
    throw error;
  }
}
