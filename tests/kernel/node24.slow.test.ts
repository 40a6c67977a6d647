import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../requirement";
import { repositoryRoot } from "./kernelProcess";

/**
 * The wire tests once more, with the kernel on Node 24. Its binary comes from npm, where it is called after system
 * and processor; `E2GMM_NODE24` names another.
 */
function findNode24(): string | undefined {
  const given = process.env["E2GMM_NODE24"];
  if (given) return given;
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  try {
    const manifest = createRequire(path.join(repositoryRoot, "package.json")).resolve(`${name}/package.json`);
    return path.join(path.dirname(manifest), "bin/node");
  } catch {
    return undefined;
  }
}

const node24 = findNode24();
const own = Number(process.versions.node.split(".")[0]);
if (!node24 && own < 24 && process.env["CI"] === "true") {
  throw new Error("no Node 24 is installed, and CI may not skip it");
}

const files = ["cells", "display", "errors", "lifecycle", "comms", "widgets", "interrupt"];

for (const file of files) {
  test(`the ${file} tests pass on Node 24`, skipIf(node24 ? false : "no Node 24 is installed"), async () => {
    const vitest = path.join(repositoryRoot, "node_modules/vitest/vitest.mjs");
    const args = [vitest, "run", "--config", "tests/vitest.config.mts", `tests/kernel/${file}.test.ts`];
    const child = spawn(process.execPath, args, {
      cwd: repositoryRoot,
      env: { ...process.env, NO_COLOR: "1", E2GMM_KERNEL_NODE: node24! },
    });
    let output = "";
    const keep = (chunk: Buffer) => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const status = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(status, 0, output);
    assert.match(output, /Tests +[1-9]\d* passed/, "tests ran");
  });
}
