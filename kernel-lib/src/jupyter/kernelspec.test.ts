import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { installKernelspec, kernelspecFolder, uninstallKernelspec } from "./kernelspec";

test("the kernelspec is installed below a prefix, replaced by a second installation, and removed", (t) => {
  const prefix = temporaryFolder(t);
  const folder = installKernelspec({ prefix });
  assert.equal(folder, path.join(prefix, "share/jupyter/kernels/e2gmm"));
  installKernelspec({ prefix, node: "/some/node" });
  const spec = JSON.parse(readFileSync(path.join(folder, "kernel.json"), "utf8"));
  assert.equal(spec.display_name, "TypeScript (e2gmm)");
  assert.equal(spec.language, "typescript");
  assert.equal(spec.interrupt_mode, "message");
  assert.equal(spec.argv[0], "/some/node");
  assert.ok(existsSync(spec.argv.at(-2)), "the launcher is where the kernelspec says");
  assert.equal(spec.argv.at(-1), "{connection_file}");
  const flags = spawnSync(process.execPath, [...spec.argv.slice(1, -2), "-e", "0"], { encoding: "utf8" });
  assert.equal(flags.status, 0, `Node knows the flags: ${flags.stderr}`);
  assert.deepEqual(readdirSync(path.dirname(folder)), ["e2gmm"], "nothing temporary is left beside it");
  assert.equal(statSync(folder).mode & 0o755, 0o755);
  assert.equal(uninstallKernelspec({ prefix }), folder);
  assert.equal(existsSync(folder), false);
  assert.equal(uninstallKernelspec({ prefix }), undefined);
});

test("the user's own folder is the one that JUPYTER_DATA_DIR names", (t) => {
  const folder = temporaryFolder(t);
  const { JUPYTER_DATA_DIR: before } = process.env;
  t.onTestFinished(() => {
    if (before === undefined) delete process.env["JUPYTER_DATA_DIR"];
    else process.env["JUPYTER_DATA_DIR"] = before;
  });
  process.env["JUPYTER_DATA_DIR"] = folder;
  assert.equal(kernelspecFolder({ user: true }), path.join(folder, "kernels/e2gmm"));
  assert.equal(kernelspecFolder(), kernelspecFolder({ user: true }));
});

test("two places at once and a folder that cannot be written are refused in one sentence", (t) => {
  assert.throws(() => installKernelspec({ user: true, prefix: "/x" }), InputError);
  const file = path.join(temporaryFolder(t), "file");
  writeFileSync(file, "");
  assert.throws(() => installKernelspec({ prefix: file }), /the kernelspec cannot be written/);
});
