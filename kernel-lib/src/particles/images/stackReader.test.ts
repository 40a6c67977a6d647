import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
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
