import assert from "node:assert/strict";
import { test } from "vitest";
import { emptyModel } from "../model/gaussianModel";
import type { Run } from "../training/runs/run";
import { ExploredRun } from "./exploredRun";

const neutral = emptyModel(3, 32, 2);

function explored(run?: Run): ExploredRun {
  return new ExploredRun({
    folder: "run",
    latent: 2,
    neutral,
    free: undefined,
    run,
    latents: new Float32Array(0),
    particles: undefined,
    withoutParticles: "no particle file",
    owned: [],
  });
}

/** A run that records when it is closed. */
function fakeRun(name: string, closed: string[]): Run {
  return { close: () => closed.push(name), decode: () => ({ ...neutral, apix: 7 }) } as unknown as Run;
}

test("before the first epoch the neutral model is shown, and what is missing is reported", () => {
  const data = explored();
  assert.equal(data.decode([0, 0]), neutral);
  assert.equal(data.count, 0);
  assert.throws(
    () => data.requireRun("motion to show"),
    /not finished its first epoch yet, so there is no motion to show/,
  );
  assert.throws(() => data.requireParticles(), /^InputError: no particle file$/);
});

test("a checkpoint closes the previous one; listeners are called after each change", () => {
  const closed: string[] = [];
  const told: unknown[] = [];
  const data = explored();
  data.onRun((first) => told.push(first ? "first run" : "run"));
  data.onLatents((previousCount) => told.push(previousCount));
  data.setRun(fakeRun("epoch 1", closed), { owned: true });
  data.setLatents(new Float32Array(20));
  data.setRun(fakeRun("epoch 2", closed), { owned: true });
  data.setLatents(new Float32Array(20));
  assert.deepEqual(told, ["first run", 0, "run", 10]);
  assert.deepEqual(closed, ["epoch 1"]);
  assert.equal(data.decode([0, 0]).apix, 7);
  data.close();
  assert.deepEqual(closed, ["epoch 1", "epoch 2"]);
});

test("closing keeps the caller's run open, and closes a checkpoint that arrives later", () => {
  const closed: string[] = [];
  const data = explored(fakeRun("caller's", closed));
  data.own([{ close: () => closed.push("particles") }]);
  data.onRun(() => assert.fail("told after closing"));
  data.close();
  assert.deepEqual(closed, ["particles"]);
  data.setRun(fakeRun("late", closed), { owned: true });
  assert.deepEqual(closed, ["particles", "late"]);
});
