import assert from "node:assert/strict";
import { test } from "vitest";
import { lifeOf, thisProcess } from "./processIdentity";

/** Runs `work` as a job of Slurm. */
function inJob<T>(id: string, restarts: string, work: () => T): T {
  const before = { ...process.env };
  Object.assign(process.env, { SLURM_JOB_ID: id, SLURM_CLUSTER_NAME: "test", SLURM_RESTART_COUNT: restarts });
  try {
    return work();
  } finally {
    process.env = before;
  }
}

test("a job that Slurm starts again on another host knows that its earlier process is dead, and no other", () => {
  const first = inJob("17", "0", thisProcess);
  const elsewhere = { ...first, host: "a.host.that.is.gone" };
  assert.equal(lifeOf(elsewhere), "elsewhere");
  const again = (id: string, restarts: string) => inJob(id, restarts, () => lifeOf(elsewhere));
  assert.equal(again("17", "1"), "dead");
  assert.equal(again("17", "0"), "elsewhere");
  assert.equal(again("18", "1"), "elsewhere");
  assert.equal(lifeOf(thisProcess()), "alive");
  assert.equal(
    inJob("17", "1", () => lifeOf(first)),
    "alive",
    "one that the cluster has left on this host",
  );
});
