import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { constants, existsSync, mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as e2 from "e2gmm";
import { afterAll, beforeAll, describe, test } from "vitest";
import { skipIf } from "../requirement";
import { launcher, repositoryRoot } from "./kernelProcess";

/** Jobs that a notebook starts in the background, when its kernel ends as JupyterLab's server ends kernels. */

const python = process.env["E2GMM_PYTHON"] ?? path.join(repositoryRoot, ".venv/bin/python");
const skip = existsSync(python) ? false : `no Python environment at ${python}`;
if (skip && process.env["CI"] === "true") throw new Error(`${skip}, and CI may not skip it`);

/** Runs a cell in a kernel, and waits until the kernel is gone. @returns what it printed, after the number of its process */
function endedKernel(how: string, { folder, code }: { folder: string; code: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = {
      ...process.env,
      JUPYTER_PATH: path.join(folder, "share/jupyter"),
      PYTHONWARNINGS: "ignore",
    };
    const script = path.join(repositoryRoot, "tests/kernel/endedKernel.py");
    const child = execFile(python, [script, how], { cwd: folder, env }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stdout}${stderr}`)) : resolve(stdout),
    );
    child.stdin!.end(code);
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Writes into a pipe as soon as something reads it. @param waits called as long as nothing does */
async function writeToReader(pipe: string, text: string, waits: () => Promise<void>): Promise<void> {
  for (;;) {
    const handle = await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK).catch((error) => {
      if (error.code !== "ENXIO") throw error;
    });
    if (handle) {
      await handle.writeFile(text);
      return handle.close();
    }
    await waits();
    await pause(50);
  }
}

describe("a job in the background goes on", skipIf(skip), () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "kernel-jobs-"));
    await e2.simulate.linearMotion({ folder, states: 2, particlesPerState: 4, boxSize: 16, apix: 4 });
    const { installKernelspec } = require(
      path.join(repositoryRoot, "kernel-lib/dist/jupyter/kernelspec"),
    ) as {
      installKernelspec(options: { prefix: string; launcher: string }): string;
    };
    installKernelspec({ prefix: folder, launcher });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const [how, when] of [
    ["shutdown", "its kernel is shut down"],
    ["killed", "its kernel is killed with all processes of its group"],
    ["culled", "the server shuts down its kernel because it is idle"],
  ] as const) {
    test(`when ${when}`, async () => {
      // The job reads a pipe, into which nothing is written before the kernel is gone.
      const pipe = path.join(folder, `${how}.txt`);
      execFileSync("mkfifo", [pipe]);
      const out = path.join(folder, `${how}.mrc`);
      const command = ["reconstruct", "--particles", "particles.star", "--select", pipe, "--out", out];
      const printed = await endedKernel(how, {
        folder,
        code: `import * as e2 from "e2gmm";
const [job] = await e2.jobs.submit(${JSON.stringify(command)}, { queue: "local" });
console.log("submitted", job!.name);`,
      });
      assert.match(printed, /^\d+\nsubmitted reconstruct\n/);
      assert.ok(!isAlive(Number.parseInt(printed, 10)), "the kernel has ended");
      const isOpen = async () => {
        const [job] = await e2.jobs.list(out);
        assert.ok(job!.state === "waiting" || job!.state === "running", `${job!.state}: ${job!.reason}`);
      };
      await isOpen();
      await writeToReader(pipe, "0\n1\n2\n3\n", isOpen);
      const ended = await e2.jobs.wait(out);
      assert.deepEqual(
        ended.map(({ state }) => state),
        ["complete"],
      );
      assert.ok(existsSync(out));
    });
  }
});
