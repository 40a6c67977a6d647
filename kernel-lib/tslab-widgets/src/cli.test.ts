import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test, vi } from "vitest";
import { main } from "./cli";

let folder: string;
let out: string;
let err: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "tslab-widgets-cli-"));
  out = "";
  err = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    err += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const spec = (name: string) => path.join(folder, "share/jupyter/kernels", name);

test("install writes a kernelspec with the given name, packages and modules, and prints its folder", () => {
  const given = ["--name", "mine", "--display-name", "Mine", "--package", ".", "--preload", "a/b"];
  assert.equal(main(["install", "--prefix", folder, ...given]), 0);
  assert.equal(out, `${spec("mine")}\n`);
  const { argv, display_name } = JSON.parse(readFileSync(path.join(spec("mine"), "kernel.json"), "utf8"));
  assert.equal(display_name, "Mine");
  assert.deepEqual(argv.slice(-5), ["--package", process.cwd(), "--preload", "a/b", "{connection_file}"]);
});

test("install and uninstall agree on the default name", () => {
  assert.equal(main(["install", "--prefix", folder]), 0);
  assert.ok(existsSync(spec("tslab-widgets")));
  assert.equal(main(["uninstall", "--prefix", folder]), 0);
  assert.equal(existsSync(spec("tslab-widgets")), false);
});

test("without a command, and with --help, the options are listed", () => {
  assert.equal(main([]), 0);
  assert.equal(main(["install", "--help"]), 0);
  assert.match(out, /--sys-prefix[\s\S]*--sys-prefix/);
});

for (const [what, args, expected] of [
  [
    "an unknown command",
    ["remove"],
    /^tslab-widgets: expected install or uninstall, found remove; see --help$/,
  ],
  ["a second command", ["install", "twice"], /found install twice/],
  ["an unknown option", ["install", "--frobnicate"], /--frobnicate/],
  [
    "a name with a slash",
    ["install", "--name", "a/b"],
    /^tslab-widgets: name of the kernel: expected letters.*"a\/b"$/,
  ],
  ["two places", ["install", "--user", "--prefix", "x"], /expected one place, found user and prefix/],
  [
    "a folder without a package",
    ["install", "--package", "/nowhere"],
    /--package \/nowhere: .*found no package\.json/,
  ],
  ["a logo that is missing", ["install", "--logo", "/nowhere.svg"], /--logo: ENOENT/],
  [
    "a kernelspec that is missing",
    ["uninstall", "--name", "none", "--prefix", "/nowhere"],
    /kernels\/none: no kernelspec/,
  ],
] as const) {
  test(`${what} is refused in one line`, () => {
    assert.equal(main(args), 1);
    assert.equal(out, "");
    assert.equal(err.trimEnd().split("\n").length, 1);
    assert.match(err.trimEnd(), expected);
  });
}
