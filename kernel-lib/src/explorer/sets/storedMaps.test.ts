import assert from "node:assert/strict";
import { test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { StoredMaps } from "./storedMaps";

test("a map of the same particles that was made from something else is not named again with every change", async (t) => {
  const rows = Uint32Array.of(1, 4, 7);
  const map = { data: new Float32Array(8), size: [2, 2, 2] as [number, number, number], apix: 1 };
  const workbench = { folder: temporaryFolder(t), touch: () => {} };
  let named = 0;
  let name = "before";
  const stored = new StoredMaps(workbench as never, async () => {
    named++;
    return name;
  });
  await stored.write(rows, { map, leftOut: [] });
  name = "now";
  named = 0;
  const asked = await Promise.all([stored.find(rows), stored.find(rows)]);
  assert.deepEqual([...asked, await stored.find(rows)], [undefined, undefined, undefined]);
  assert.equal(named, 1);
  await stored.write(rows, { map, leftOut: [] });
  const both = await Promise.all([stored.find(rows), stored.find(rows)]);
  assert.deepEqual(
    both,
    [{ fsc: null }, { fsc: null }],
    "another map is looked for, also for two sets at a time",
  );
});
