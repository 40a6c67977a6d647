import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { placeBelow } from "./workFolder";

test("a file is placed below the folder, and its folders are made", async (t) => {
  const folder = temporaryFolder(t);
  assert.equal(await placeBelow(folder, "a.star", [".star"]), path.join(folder, "a.star"));
  const deep = await placeBelow(folder, "new/deep/Map.MRC", [".mrc"]);
  assert.equal(deep, path.join(folder, "new/deep/Map.MRC"));
  assert.ok(existsSync(path.dirname(deep)));
  assert.equal(await placeBelow(folder, "..a..star", [".star"]), path.join(folder, "..a..star"));
});

test("names that lead elsewhere, also through links, and unusable names are refused, and nothing is made", async (t) => {
  const folder = temporaryFolder(t);
  const outside = temporaryFolder(t);
  symlinkSync(outside, path.join(folder, "link"));
  symlinkSync(path.join(outside, "file.star"), path.join(folder, "file.star"));
  writeFileSync(path.join(outside, "file.star"), "data");
  const refused = (name: string, problem: RegExp, options = {}) =>
    assert.rejects(placeBelow(folder, name, [".star"], options), problem);
  for (const name of [
    "../a.star",
    "a/../../b.star",
    "..\\a.star",
    "/etc/a.star",
    "C:\\a.star",
    "a/../b.star",
  ]) {
    await refused(name, /Files can be written only in the notebook's folder or below; .* is outside\./);
  }
  await refused("link/a.star", /leads to/);
  await refused("link/new/a.star", /leads to/);
  await refused("file.star", /leads to/, { overwrite: true });
  for (const name of ["", "  ", "a//b.star", "a.star\u0000.png", "a\n.star", " /a.star"]) {
    await refused(name, /is not a valid file name/);
  }
  await refused("a.mrc", /must end in \.star/);
  await refused("dir/.star", /must end in \.star/);
  assert.deepEqual(readdirSync(outside), ["file.star"]);
  assert.deepEqual(readdirSync(folder).sort(), ["file.star", "link"]);
});

test("an existing file is replaced only with `overwrite`", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(path.join(folder, "sets"));
  writeFileSync(path.join(folder, "sets/a.star"), "data");
  await assert.rejects(
    placeBelow(folder, "sets/a.star", [".star"]),
    /The file sets\/a\.star already exists; tick Overwrite/,
  );
  const target = await placeBelow(folder, "sets/a.star", [".star"], { overwrite: true });
  assert.equal(target, path.join(folder, "sets/a.star"));
});
