import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { freePort } from "../freePorts";
import { notebookOf } from "../notebookFile";

/** A real JupyterLab in a real Chromium, for end-to-end tests. */

const root = path.resolve(__dirname, "../../..");
const ownProgram = path.join(root, ".venv/bin/jupyter-lab");
const chromiumPath = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (file) => file !== undefined && existsSync(file),
);

/** Why browser tests cannot run here, or false. With CI=true this is an error. */
export const skip: string | false = !chromiumPath
  ? "Chromium is not installed (Debian: apt install chromium)"
  : existsSync(ownProgram)
    ? false
    : "JupyterLab is not set up (npm test does that)";
if (skip && process.env["CI"] === "true") throw new Error(`${skip}, and CI may not skip it`);

/** Folder for screenshots. */
export const artefacts = path.join(root, "tests/artefacts");

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    ...(chromiumPath ? { executablePath: chromiumPath } : {}),
    args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  });
}

export interface LabOptions {
  /** The JupyterLab to start. Default: that of `.venv`. */
  program?: string;
  /** Environment variables. */
  env?: NodeJS.ProcessEnv;
  /** Path prefix of every URL, as with JupyterHub and Open OnDemand. Default: `/`. */
  baseUrl?: string;
}

/** A JupyterLab server with its own folder and without the user's settings. */
export class Lab {
  private constructor(
    readonly folder: string,
    /** URL of the server with its base path, without a trailing slash. */
    readonly origin: string,
    readonly token: string,
    private readonly server: ChildProcess,
    private readonly printed: () => string,
  ) {}

  static async start({
    program = ownProgram,
    env = process.env,
    baseUrl = "/",
  }: LabOptions = {}): Promise<Lab> {
    const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-lab-"));
    const home = path.join(folder, ".home");
    mkdirSync(home);
    const port = await freePort();
    const token = randomUUID();
    const server = spawn(
      program,
      [
        "--no-browser",
        "--allow-root",
        `--ServerApp.root_dir=${folder}`,
        `--ServerApp.port=${port}`,
        `--ServerApp.base_url=${baseUrl}`,
        "--ServerApp.port_retries=0",
        `--IdentityProvider.token=${token}`,
        "--LabApp.expose_app_in_browser=True",
        "--ContentsManager.allow_hidden=False",
      ],
      {
        cwd: folder,
        // A separate process group, so that its kernels are killed with it
        detached: true,
        env: {
          ...env,
          HOME: home,
          JUPYTER_CONFIG_DIR: path.join(home, "config"),
          JUPYTER_DATA_DIR: path.join(home, "data"),
          JUPYTER_RUNTIME_DIR: path.join(home, "runtime"),
          JUPYTERLAB_SETTINGS_DIR: path.join(home, "settings"),
          JUPYTERLAB_WORKSPACES_DIR: path.join(home, "workspaces"),
          JUPYTER_PREFER_ENV_PATH: "1",
        },
      },
    );
    let printed = "";
    for (const stream of [server.stdout, server.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        printed += chunk.toString("utf8");
      });
    }
    const lab = new Lab(
      folder,
      `http://127.0.0.1:${port}${baseUrl.replace(/\/$/, "")}`,
      token,
      server,
      () => printed,
    );
    for (let tries = 0; ; tries++) {
      const up = await lab.fetch("/api/status").catch(() => undefined);
      if (up?.ok) return lab;
      if (tries > 300 || server.exitCode !== null) {
        await lab.stop();
        throw new Error(`JupyterLab did not start:\n${printed}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Output of the server and its kernels. */
  get log(): string {
    return this.printed();
  }

  fetch(route: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.origin}${route}`, {
      ...init,
      headers: { Authorization: `token ${this.token}`, ...init.headers },
    });
  }

  /** Writes a notebook with the given cells into the served folder. */
  writeNotebook(name: string, cells: readonly string[]): void {
    writeFileSync(path.join(this.folder, name), JSON.stringify(notebookOf(cells)));
  }

  /** Opens a file by its URL in a separate workspace and waits until JupyterLab has loaded. */
  async open(page: Page, file = "", workspace = randomUUID()): Promise<void> {
    const tree = file === "" ? "" : `/tree/${file.split("/").map(encodeURIComponent).join("/")}`;
    await page.goto(`${this.origin}/lab/workspaces/${workspace}${tree}?token=${this.token}`);
    await page.waitForFunction(() => "jupyterapp" in window);
    await page.evaluate(
      () => (window as unknown as { jupyterapp: { restored: Promise<void> } }).jupyterapp.restored,
    );
    if (file.endsWith(".ipynb")) {
      await page.locator(".jp-Notebook .jp-Cell").first().waitFor();
      await kernelReady(page);
    }
  }

  async stop(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      if (this.server.exitCode !== null || this.server.signalCode !== null) resolve();
      else this.server.once("exit", () => resolve());
    });
    const signal = (name: NodeJS.Signals) => {
      try {
        process.kill(-this.server.pid!, name);
      } catch {
        // gone already
      }
    };
    signal("SIGTERM");
    const late = setTimeout(() => signal("SIGKILL"), 10_000);
    await ended;
    clearTimeout(late);
    signal("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Adds a time limit, which evaluations in a page do not have. */
async function inTime<T>(work: Promise<T>, what: string, seconds = 60): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not end within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until the kernel of the active notebook answers; cells run before that are silently dropped. */
export function kernelReady(page: Page): Promise<void> {
  const ready = page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: JupyterLab's own objects, which have no types in a page
    const { sessionContext } = (window as any).jupyterapp.shell.currentWidget;
    await sessionContext.ready;
    await sessionContext.session.kernel.info;
  });
  return inTime(ready, "the kernel's start");
}

/** Runs a JupyterLab command by its id. */
export function command(page: Page, id: string, args: object = {}): Promise<unknown> {
  const done = page.evaluate(
    async ([name, given]) => {
      const app = (
        window as unknown as {
          jupyterapp: { commands: { execute(id: string, args: object): Promise<unknown> } };
        }
      ).jupyterapp;
      await app.commands.execute(name as string, given as object);
    },
    [id, args] as const,
  );
  return inTime(done, id);
}

/** Whether each of the extension's plugins is active: widgets, explorer, file viewers and project. */
export function pluginsActive(page: Page): Promise<boolean[]> {
  return page.evaluate(() => {
    // biome-ignore lint/suspicious/noExplicitAny: JupyterLab's own objects, which have no types in a page
    const app = (window as any).jupyterapp;
    return ["widgets", "explorer", "file-viewers", "project"].map((name) =>
      app.isPluginActivated(`e2gmm-labextension:${name}`),
    );
  });
}

/** Runs all cells of the active notebook and waits until the last one has finished. */
export async function runAllCells(page: Page): Promise<void> {
  await command(page, "notebook:run-all-cells");
  await page.waitForFunction(() =>
    [...document.querySelectorAll(".jp-Notebook .jp-CodeCell .jp-InputArea-prompt")].every((prompt) =>
      /\[\d+\]/.test(prompt.textContent ?? ""),
    ),
  );
}

/** Adds a cell below the last one, runs it, and returns its output. */
export async function runCell(page: Page, source: string): Promise<string> {
  const printed = page.evaluate(async (text) => {
    // biome-ignore lint/suspicious/noExplicitAny: JupyterLab's own objects, which have no types in a page
    const app = (window as any).jupyterapp;
    const panel = app.shell.currentWidget;
    const { model } = panel.content;
    const at = model.cells.length;
    model.sharedModel.insertCell(at, { cell_type: "code", source: text });
    panel.content.activeCellIndex = at;
    await app.commands.execute("notebook:run-cell");
    const outputs = model.cells.get(at).outputs.toJSON();
    return (
      outputs
        // biome-ignore lint/suspicious/noExplicitAny: as above
        .flatMap((output: any) => output.text ?? output.data?.["text/plain"] ?? output.evalue ?? "")
        .join("")
    );
  }, source);
  return inTime(printed, source);
}
