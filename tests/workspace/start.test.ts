import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, type TestContext, test } from "vitest";
import { freePort } from "../freePorts";
import { notebookOf } from "../notebookFile";
import { skipIf } from "../requirement";
import { root } from "./repository";

// A test must not run the set-up: a build would disturb concurrent tests
const inPlace = spawnSync(process.execPath, [path.join(root, "binder/setup.mjs"), "--check"]).status === 0;
const skip = inPlace
  ? false
  : "JupyterLab is not set up, or the build is not up to date (npm test does both)";

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-start-"));
  t.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a notebook of TypeScript cells. @returns its path and text */
function writeNotebook(folder: string, cells: string[], kernel = "tslab") {
  const file = path.join(folder, "example.ipynb");
  const text = JSON.stringify(notebookOf(cells, { kernel }));
  writeFileSync(file, text);
  return { file, text };
}

/** The program that `npm start -- --execute` runs after the set-up. */
function execute(notebook: string, output: string, variables: NodeJS.ProcessEnv = {}) {
  const args = [path.join(root, "binder/execute.py"), notebook, output];
  return spawnSync(path.join(root, ".venv/bin/python"), args, {
    encoding: "utf8",
    env: { ...process.env, JUPYTER_PREFER_ENV_PATH: "1", ...variables },
  });
}

describe("executing a notebook", skipIf(skip), () => {
  test("writes the executed notebook and a page, and does not change the notebook", (t) => {
    const folder = temporaryFolder(t);
    const output = path.join(folder, "output");
    const { file, text } = writeNotebook(folder, [
      `console.log("particles from", process.env.E2GMM_PARTICLES);`,
      `console.log(6 * 7);`,
    ]);
    const { status, stdout, stderr } = execute(file, output, { E2GMM_PARTICLES: "mine.star" });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /cell 1 of 2: console\.log\("particles from"/);
    assert.match(stdout, /cell 2 of 2/);
    assert.equal(readFileSync(file, "utf8"), text);
    assert.deepEqual(readdirSync(output).sort(), ["example.html", "example.ipynb"]);
    for (const name of readdirSync(output)) {
      assert.match(readFileSync(path.join(output, name), "utf8"), /particles from mine\.star/);
    }
  });

  test("exits with status 1 and the error of the failed cell, and keeps the last good results", (t) => {
    const folder = temporaryFolder(t);
    const output = path.join(folder, "output");
    execute(writeNotebook(folder, [`console.log("good");`]).file, output);
    const good = readFileSync(path.join(output, "example.ipynb"), "utf8");
    const { status, stderr } = execute(
      writeNotebook(folder, [`throw new Error("no such stack")`]).file,
      output,
    );
    assert.equal(status, 1);
    assert.match(stderr, /no such stack/);
    assert.match(stderr, /example\.ipynb: a cell failed; nothing was written/);
    assert.equal(readFileSync(path.join(output, "example.ipynb"), "utf8"), good);
    assert.deepEqual(readdirSync(output).sort(), ["example.html", "example.ipynb"]);
  });

  test("reports in one line a file that is not a notebook or a kernel that is not installed", (t) => {
    const folder = temporaryFolder(t);
    const page = path.join(folder, "page.ipynb");
    writeFileSync(page, "<html></html>");
    const noNotebook = execute(page, folder);
    assert.equal(noNotebook.status, 1);
    assert.match(noNotebook.stderr, /^\S*page\.ipynb: not a notebook: .*\n$/);
    const noKernel = execute(writeNotebook(folder, ["1"], "fortran").file, folder);
    assert.equal(noKernel.status, 1);
    assert.match(noKernel.stderr, /^example\.ipynb: No such kernel named fortran; nothing was written\n$/);
  });
});

test(
  "npm start serves the notebook in JupyterLab at the printed address and stops on a signal",
  skipIf(skip),
  async (t) => {
    const folder = temporaryFolder(t);
    const { file } = writeNotebook(folder, ["1 + 1"]);
    const options = ["--no-browser", "--port", String(await freePort()), "--ServerApp.port_retries=0"];
    const lab = spawn(process.execPath, [path.join(root, "binder/start.mjs"), file, ...options], {
      env: { ...process.env, HOME: folder, JUPYTER_RUNTIME_DIR: folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    t.onTestFinished(() => void lab.kill("SIGTERM"));
    const ended = once(lab, "close");
    let printed = "";
    const address = await new Promise<string>((resolve, reject) => {
      for (const stream of [lab.stdout, lab.stderr]) {
        stream.setEncoding("utf8").on("data", (text) => {
          printed += text;
          const found = printed.match(/http:\/\/127\.0\.0\.1:\d+\/lab\/tree\/\S+(?=\s)/);
          if (found) resolve(found[0]);
        });
      }
      lab.on("close", () => reject(new Error(`JupyterLab ended:\n${printed}`)));
    });

    const { origin, pathname, searchParams } = new URL(address);
    assert.equal(pathname, "/lab/tree/example.ipynb");
    const page = await fetch(address);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<title>JupyterLab/);
    const headers = { Authorization: `token ${searchParams.get("token")}` };
    const notebook = await fetch(`${origin}/api/contents/example.ipynb?content=0`, { headers });
    assert.equal(((await notebook.json()) as { type: string }).type, "notebook");
    const kernels = await fetch(`${origin}/api/kernelspecs`, { headers });
    const specs = (await kernels.json()) as { kernelspecs: Record<string, unknown> };
    assert.ok("tslab" in specs.kernelspecs, "the TypeScript kernel is not offered");

    lab.kill("SIGTERM");
    await ended;
    await assert.rejects(fetch(address));
  },
);
