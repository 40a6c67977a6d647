import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { WarmUp } from "./warmUp";

test("steps wait for quiet moments, one for each, and go on after one that fails", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
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
  mock.timers.tick(90);
  warmUp.postpone();
  mock.timers.tick(90);
  assert.deepEqual(done, [], "a request puts it off");
  mock.timers.tick(20);
  assert.deepEqual(done, [1]);
  warmUp.suspend();
  mock.timers.tick(1000);
  assert.deepEqual(done, [1], "nothing while a cell runs");
  warmUp.postpone();
  mock.timers.tick(100);
  mock.timers.tick(100);
  assert.deepEqual(done, [1, 3]);
  warmUp.postpone();
  mock.timers.tick(1000);
  assert.deepEqual(done, [1, 3], "each once");
  mock.timers.reset();
});
