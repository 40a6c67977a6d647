import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { StackReader } from "./stackReader";

test("a missing stack is found after it has appeared", async (t) => {
  const folder = temporaryFolder(t);
  const stack = path.join(folder, "particles.mrcs");
  const reader = new StackReader(path.join(folder, "particles.star"), undefined);
  await assert.rejects(reader.resolve("particles.mrcs"), /expected the image stack particles\.mrcs/);
  writeFileSync(stack, "");
  assert.equal(await reader.resolve("particles.mrcs"), stack);
});

test("a stack named without a folder and found above the particle file is reported", async (t) => {
  const folder = temporaryFolder(t);
  const below = path.join(folder, "below");
  mkdirSync(below);
  const stack = path.join(folder, "particles.mrcs");
  writeFileSync(stack, "");
  const reader = new StackReader(path.join(below, "particles.star"), undefined);
  assert.equal(await reader.resolve("particles.mrcs"), stack);
  assert.deepEqual(reader.warnings, [
    `${path.join(below, "particles.star")}: the image stack particles.mrcs is not in its folder; ${stack} is used ` +
      "(--data-folder, in a notebook `dataFolder`, names another folder)",
  ]);
});

test("a stack named from the project folder is found above the particle file without a warning", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(path.join(folder, "Refine3D/job021"), { recursive: true });
  mkdirSync(path.join(folder, "Extract"));
  const stack = path.join(folder, "Extract/particles.mrcs");
  writeFileSync(stack, "");
  const reader = new StackReader(path.join(folder, "Refine3D/job021/run_data.star"), undefined);
  assert.equal(await reader.resolve("Extract/particles.mrcs"), stack);
  assert.deepEqual(reader.warnings, []);
});
