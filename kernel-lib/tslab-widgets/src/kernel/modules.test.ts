import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "vitest";
import { installResolution } from "./modules";

test("a notebook finds host packages and their dependencies; an unknown package is an error at once", (t) => {
  const internals = Module as unknown as { _resolveFilename: unknown };
  const original = internals._resolveFilename;
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "modules-")));
  t.onTestFinished(() => {
    internals._resolveFilename = original;
    rmSync(folder, { recursive: true, force: true });
  });
  const hosts = ["one", "two"].map((name) => {
    const host = path.join(folder, "hosts", name);
    const dependency = path.join(host, "node_modules", `of-${name}`);
    mkdirSync(dependency, { recursive: true });
    for (const [where, called] of [
      [host, name],
      [dependency, `of-${name}`],
    ] as const) {
      writeFileSync(path.join(where, "package.json"), JSON.stringify({ name: called, main: "main.js" }));
      writeFileSync(path.join(where, "main.js"), `module.exports = ${JSON.stringify(called)};`);
    }
    return { name, folder: host, types: path.join(host, "main.d.ts"), hasExports: false };
  });
  installResolution(hosts);
  const notebook = path.join(folder, "notebooks");
  mkdirSync(notebook);
  const require = createRequire(path.join(notebook, "cell.js"));
  for (const name of ["one", "two", "of-one", "of-two"]) assert.equal(require(name), name);
  // A search that enters itself for every host would not end.
  assert.throws(() => require("no-such-package"), { code: "MODULE_NOT_FOUND" });
});
