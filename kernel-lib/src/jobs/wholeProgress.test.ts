import assert from "node:assert/strict";
import { test } from "vitest";
import { WholeProgress } from "./wholeProgress";

/** Tells the tasks of a training to the estimate: name, part that is done, seconds since the start. */
function follow(tasks: readonly (readonly [task: string, part: number, seconds: number])[]) {
  let now = 0;
  const whole = new WholeProgress(() => 1000 * now);
  return tasks.map(([task, part, seconds]) => {
    now = seconds;
    return whole.follow({ task, done: 1000 * part, total: 1000 });
  });
}

test("the whole grows over the course of a training and does not begin anew with each epoch", () => {
  const reports = follow([
    ["reading particles", 0.5, 0],
    ["encoder input", 1, 10],
    ["poses, check: round 1, half 1: refining poses", 0.5, 20],
    ["survey of the latent space, epoch 1 of 7", 1, 30],
    ["survey of the latent space, evidence", 0.5, 50],
    ...Array.from({ length: 30 }, (_, i) => [`epoch ${i + 1} of 30, rings to 9`, 0.5, 60 + i] as const),
    ["refining latents", 0.5, 100],
    ["evidence", 1, 120],
    ["comparing particles with the models at their places", 1, 130],
  ]);
  const whole = reports.map((report) => report.whole!);
  for (let i = 1; i < whole.length; i++) assert.ok(whole[i]! >= whole[i - 1]!, `${i}: ${whole}`);
  assert.equal(whole.at(-1), 1);
  assert.equal(reports.at(-1)!.secondsLeft, 0);
});

test("stages that a training does not have are not counted as done", () => {
  const [first, last] = follow([
    ["epoch 1 of 10, rings to 9", 0, 0],
    ["epoch 5 of 10, rings to 9", 1, 50],
  ]);
  assert.equal(first!.whole, 0);
  // Ten seconds an epoch: five epochs, and what comes after them, 59 times as long as one
  assert.equal(Math.round(last!.secondsLeft!), 640);
});

test("a training that is resumed is judged by what it has done since", () => {
  const [, second] = follow([
    ["epoch 9 of 10, rings to 9", 0, 0],
    ["epoch 9 of 10, rings to 9", 1, 10],
  ]);
  assert.equal(Math.round(second!.secondsLeft!), 600);
});

test("what is no training has its own progress only", () => {
  const [report] = follow([["growing Gaussians", 0.25, 5]]);
  assert.equal(report!.whole, undefined);
  assert.deepEqual([report!.done, report!.total, report!.at], [250, 1000, "1970-01-01T00:00:05.000Z"]);
});

test("a training that is a part of a study is followed as one by itself", () => {
  const tasks = [
    ["reading particles", 1, 0],
    ["epoch 2 of 4, rings to 9", 0.5, 10],
    ["evidence", 0.5, 20],
  ] as const;
  const whole = (prefix: string) =>
    follow(tasks.map(([task, part, seconds]) => [`${prefix}${task}`, part, seconds] as const)).map(
      (report) => report.whole,
    );
  for (const prefix of ["half1: ", "seed_3: ", "options_two.axes: "])
    assert.deepEqual(whole(prefix), whole(""));
  assert.deepEqual(whole("other: "), [undefined, undefined, undefined]);
});
