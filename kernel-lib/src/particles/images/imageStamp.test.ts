import assert from "node:assert/strict";
import { mkdirSync, renameSync, statSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { imageStamp } from "./imageStamp";

test("images that are written again are known as others, and files that were moved as the same", async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "a.mrcs");
  writeFileSync(file, "first");
  utimesSync(file, 1000, 1000);
  const first = await imageStamp([file]);
  const moved = path.join(folder, "moved", "a.mrcs");
  mkdirSync(path.dirname(moved));
  renameSync(file, moved);
  assert.equal(await imageStamp([moved]), first);
  writeFileSync(moved, "other");
  utimesSync(moved, 1000, 1001);
  assert.equal(statSync(moved).size, 5);
  const later = await imageStamp([moved]);
  writeFileSync(moved, "longer");
  utimesSync(moved, 1000, 1000);
  assert.equal(new Set([first, later, await imageStamp([moved])]).size, 3);
});
