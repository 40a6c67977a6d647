import assert from "node:assert/strict";
import { test } from "vitest";
import { inParallel } from "./parallel";

const pause = () => new Promise((resolve) => setImmediate(resolve));

test("every item is processed once, at most `limit` at a time", async () => {
  const seen: number[] = [];
  let running = 0;
  let most = 0;
  await inParallel([5, 6, 7, 8, 9], 2, async (item, index) => {
    most = Math.max(most, ++running);
    await pause();
    seen.push(10 * item + index);
    running--;
  });
  assert.deepEqual(seen.sort(), [50, 61, 72, 83, 94]);
  assert.equal(most, 2);
});

test("the error of the earliest failed item is thrown after started items have ended, and no further ones are started", async () => {
  const begun: number[] = [];
  let ended = 0;
  const work = inParallel([0, 1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    begun.push(item);
    if (item === 1) for (let i = 0; i < 5; i++) await pause();
    ended++;
    if (item === 1 || item === 2) throw new Error(`item ${item}`);
  });
  await assert.rejects(work, /item 1/);
  assert.equal(ended, begun.length);
  assert.ok(begun.length < 8);
});
