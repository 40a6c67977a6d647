import assert from "node:assert/strict";
import { test } from "vitest";
import { StepProgress } from "./stepProgress";

/** Time that is left of the step of a command whose course is not known. */

test("what is left of a step takes as long as what was done; a new step begins anew", () => {
  let now = 0;
  const progress = new StepProgress(() => now);
  const at = (seconds: number, task: string, done: number) => {
    now = 1000 * seconds;
    return progress.follow({ task, done, total: 100 }).stepSecondsLeft;
  };
  assert.equal(at(0, "images", 10), undefined);
  assert.equal(at(1, "images", 20), undefined, "a second says nothing");
  assert.equal(at(10, "images", 30), 35);
  assert.equal(at(12, "maps", 1), undefined);
  assert.equal(at(22, "maps", 51), 9.8);
  assert.equal(at(23, "maps", 1), undefined, "the same step again");
});
