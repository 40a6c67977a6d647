import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
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

test("a process that has ended is dead, even if its parent has not asked how it ended", async (t) => {
  if (process.platform !== "linux") return t.skip("needs /proc");
  // The shell becomes a program that does not know of the child that the shell started; then the child ends.
  const parent = spawn("sh", ["-c", "cat <&3 & echo $!; exec sleep 600 3<&-"], {
    stdio: ["ignore", "pipe", "ignore", "pipe"],
  });
  t.onTestFinished(() => void parent.kill("SIGKILL"));
  const [printed] = (await once(parent.stdout!, "data")) as [Buffer];
  const pid = Number(printed.toString());
  const stat = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
  const child = { ...thisProcess(), pid, processStarted: stat()[19]! };
  assert.equal(lifeOf(child), "alive");
  while (readFileSync(`/proc/${parent.pid}/comm`, "utf8") !== "sleep\n") await pause(10);
  (parent.stdio[3] as Writable).end();
  while (stat()[0] !== "Z") await pause(10);
  assert.equal(lifeOf(child), "dead");
});
