import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "vitest";
import { installKernelspec, kernelspec, kernelspecFolder, uninstallKernelspec } from "./kernelspec";

let prefix: string;
beforeEach(() => {
  prefix = mkdtempSync(path.join(tmpdir(), "tslab-widgets-spec-"));
});
afterEach(() => rmSync(prefix, { recursive: true, force: true }));

test("a kernelspec has the caller's name, display name and logo", () => {
  const folder = installKernelspec({ name: "mine", displayName: "My lab", logo: "<svg/>", prefix });
  assert.equal(folder, path.join(prefix, "share/jupyter/kernels/mine"));
  assert.equal(JSON.parse(readFileSync(path.join(folder, "kernel.json"), "utf8")).display_name, "My lab");
  assert.equal(readFileSync(path.join(folder, "logo-svg.svg"), "utf8"), "<svg/>");
  assert.deepEqual(readdirSync(path.dirname(folder)), ["mine"], "nothing temporary is left beside it");
  assert.equal(statSync(folder).mode & 0o755, 0o755);
});

test("without a logo there is a default one, and a kernelspec of the same name is replaced", () => {
  installKernelspec({ name: "mine", displayName: "First", logo: "<svg/>", prefix });
  const folder = installKernelspec({ name: "mine", displayName: "Second", prefix });
  assert.match(readFileSync(path.join(folder, "kernel.json"), "utf8"), /"Second"/);
  assert.match(readFileSync(path.join(folder, "logo-svg.svg"), "utf8"), /^<svg xmlns/);
  assert.equal(uninstallKernelspec("mine", { prefix }), folder);
  assert.equal(existsSync(folder), false);
  assert.equal(uninstallKernelspec("mine", { prefix }), undefined);
});

test("packages are passed to the launcher by absolute path, modules as they are", () => {
  const { argv } = kernelspec({
    name: "mine",
    displayName: "Mine",
    packages: ["one", "/two"],
    preload: ["one/setup"],
    node: "/some/node",
    launcher: "/some/launcher.js",
  });
  assert.equal(argv[0], "/some/node");
  assert.deepEqual(argv.slice(argv.indexOf("/some/launcher.js") + 1), [
    ...["--package", path.resolve("one"), "--package", "/two", "--preload", "one/setup"],
    "{connection_file}",
  ]);
});

test("the default launcher exists", () => {
  const { argv } = kernelspec({ name: "mine", displayName: "Mine" });
  assert.ok(existsSync(argv.at(-2)!), argv.join(" "));
});

test("a name that cannot be a folder is refused", () => {
  for (const name of ["", "a b", "../a", "a/b"])
    assert.throws(() => kernelspecFolder(name), /name of the kernel/);
});
