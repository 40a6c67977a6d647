import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, test } from "vitest";
import { StoppedError } from "../errors";
import { BackgroundJobs } from "./backgroundJobs";

const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-jobs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A thread that answers with the number of its jobs so far, and then runs `then`. */
function program(name: string, then: string): string {
  const file = path.join(folder, name);
  writeFileSync(
    file,
    `const { serveCalls } = require(${JSON.stringify(path.join(__dirname, "../workerCalls.js"))});
     let count = 0;
     serveCalls(({ given }) => {
       if (given.dies) {
         setImmediate(() => { throw new Error("it was told to"); });
         return new Promise(() => {});
       }
       ${then}
       return [++count];
     });`,
  );
  return file;
}
const work = {
  points: new Float32Array(0),
  dimensions: 1,
  clustering: { method: "kmeans", count: 2 },
} as const;

for (const [name, then] of [
  ["throws", 'setTimeout(() => { throw new Error("idle accident"); }, 10);'],
  ["exits", "setTimeout(() => process.exit(3), 10);"],
] as const) {
  test(`an idle thread that ${name} is replaced`, async () => {
    const jobs = new BackgroundJobs(program(`${name}.js`, then));
    assert.deepEqual(await jobs.run("clusters", work), [1]);
    await setTimeout(300);
    assert.deepEqual(await jobs.run("clusters", work), [1]);
    await jobs.close();
  });
}

test("a thread that dies during a job is reported, and the next job gets another", async () => {
  const jobs = new BackgroundJobs(program("dies.js", ""));
  assert.deepEqual(await jobs.run("clusters", work), [1]);
  const dies = { ...work, dies: true };
  await assert.rejects(
    jobs.run("clusters", dies),
    /background task ended before it was finished: it was told to/,
  );
  assert.deepEqual(await jobs.run("clusters", work), [1]);
  await jobs.close();
  await assert.rejects(jobs.run("clusters", work), StoppedError);
});
