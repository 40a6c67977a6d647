import assert from "node:assert/strict";
import { test, vi } from "vitest";
import { WarmUp } from "./warmUp";

test("each step waits for a quiet moment, and a failed step does not stop the others", () => {
  vi.useFakeTimers();
  const done: number[] = [];
  const warmUp = new WarmUp(
    [
      () => done.push(1),
      () => {
        throw new Error("no such declarations");
      },
      () => done.push(3),
    ],
    100,
  );
  warmUp.postpone();
  vi.advanceTimersByTime(90);
  warmUp.postpone();
  vi.advanceTimersByTime(90);
  assert.deepEqual(done, [], "a request puts it off");
  vi.advanceTimersByTime(20);
  assert.deepEqual(done, [1]);
  warmUp.suspend();
  vi.advanceTimersByTime(1000);
  assert.deepEqual(done, [1], "nothing while a cell runs");
  warmUp.postpone();
  vi.advanceTimersByTime(100);
  vi.advanceTimersByTime(100);
  assert.deepEqual(done, [1, 3]);
  warmUp.postpone();
  vi.advanceTimersByTime(1000);
  assert.deepEqual(done, [1, 3], "each once");
  vi.useRealTimers();
});
