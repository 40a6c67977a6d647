import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { countRepeats, firstRowsOfImages } from "./imageIdentity";

test("an image is identified by its file (links resolved) and section", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, "a.mrcs"), "");
  symlinkSync("a.mrcs", path.join(folder, "b.mrcs"));
  const find = async (name: string) => (name === "gone.mrcs" ? undefined : path.join(folder, name));
  const stacks = ["a.mrcs", "b.mrcs", "gone.mrcs"];
  const first = await firstRowsOfImages({ stacks, stack: [0, 1, 2, 1, 2], section: [3, 4, 3, 3, 4] }, find);
  assert.deepEqual([...first!], [0, 1, 2, 0, 4]);
  assert.equal(countRepeats(first!), 1);
  // Missing files are identified by their names.
  const gone = await firstRowsOfImages({ stacks, stack: [2, 0, 2], section: [1, 1, 1] }, find);
  assert.deepEqual([...gone!], [0, 1, 0]);
});

test("without repeated images there is no table, and sections may be sparse", async () => {
  const find = async (name: string) => name;
  const stacks = ["a", "b"];
  const once = { stacks, stack: [0, 1, 1], section: [5, 5, 2 ** 31 - 1] };
  assert.equal(await firstRowsOfImages(once, find), undefined);
  const far = { stacks, stack: [1, 0, 1], section: [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1] };
  assert.deepEqual([...(await firstRowsOfImages(far, find))!], [0, 1, 0]);
});
