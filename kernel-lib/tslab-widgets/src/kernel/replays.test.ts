import assert from "node:assert/strict";
import { test } from "vitest";
import { SeenSignatures } from "./replays";

const signature = (n: number) => Buffer.from(n.toString(16).padStart(64, "0"), "latin1");

test("a signature is new once", () => {
  const seen = new SeenSignatures();
  assert.equal(seen.add(signature(1)), true);
  assert.equal(seen.add(signature(2)), true);
  assert.equal(seen.add(signature(1)), false);
});

test("the record is bounded: the oldest signatures are forgotten first", () => {
  const seen = new SeenSignatures(100);
  for (let n = 0; n < 1000; n++) assert.equal(seen.add(signature(n)), true);
  for (let n = 900; n < 1000; n++) assert.equal(seen.add(signature(n)), false, `signature ${n}`);
  assert.equal(seen.add(signature(0)), true);
});
