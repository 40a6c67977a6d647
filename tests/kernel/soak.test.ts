import assert from "node:assert/strict";
import { test } from "vitest";
import { soak, soakTable } from "./soak";

test("cells and comm messages by the hundred leave the kernel as large as it was", async () => {
  const result = await soak(150, 1500);
  console.log(`\n${soakTable(result)}`);
  const first = result.cells[0]!;
  const last = result.messages.at(-1)!;
  // The compiler's caches fill for a while; a leak of a parent header or a program per cell would go far beyond.
  assert.ok(last.residentMb < first.residentMb + 250, soakTable(result));
});
