import assert from "node:assert/strict";
import { test } from "vitest";
import { ThreadLog } from "./threadLog";

test("a million events of one kind make a few dozen lines: the first in full, then their number", () => {
  const lines: string[] = [];
  const log = new ThreadLog((line) => lines.push(line));
  for (let n = 1; n <= 1e6; n++) log.event("a message was dropped", `reason ${n}`);
  assert.ok(lines.length < 50, `${lines.length} lines`);
  assert.equal(lines[0], "a message was dropped: reason 1");
  assert.equal(lines.at(-1), "a message was dropped: 655360 so far, the last: reason 655360");
  log.event("another kind", "first");
  assert.equal(lines.at(-1), "another kind: first");
});
