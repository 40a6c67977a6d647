import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire, syncBuiltinESMExports } from "node:module";
import path from "node:path";
import * as threads from "node:worker_threads";
import { describe, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { train } from "./background";
import { smallTraining } from "./smallTraining.test.helper";
import { trainInThisThread } from "./train";

const { settings } = smallTraining();

/** Records the threads that are started during `work`; the training thread gets `limits`. */
async function watchingThreads<T>(
  work: (started: { file: string; worker: threads.Worker }[]) => Promise<T>,
  limits?: threads.ResourceLimits,
): Promise<T> {
  const started: { file: string; worker: threads.Worker }[] = [];
  const Original = threads.Worker;
  class Watched extends Original {
    constructor(file: string, options?: threads.WorkerOptions) {
      const limited = limits && file.endsWith("trainingThread.js") ? { resourceLimits: limits } : {};
      super(file, { ...options, ...limited });
      started.push({ file: path.basename(file), worker: this });
    }
  }
  const module = createRequire(__filename)("node:worker_threads") as { Worker: typeof Original };
  module.Worker = Watched;
  // Modules that import `Worker` as ES modules see the replacement only after this
  syncBuiltinESMExports();
  try {
    return await work(started);
  } finally {
    module.Worker = Original;
    syncBuiltinESMExports();
  }
}

describe("failures of threads", () => {
  const options = { epochs: 3, coarseEpochs: 1 };

  test("out of memory in the training thread fails the run with that message; the calling thread survives", async (t) => {
    const out = path.join(temporaryFolder(t), "run");
    await watchingThreads(
      () =>
        assert.rejects(
          train(settings(out, options)),
          /^Error: the training thread died, .*out of memory; (no epoch was finished|the last checkpoint is intact)/i,
        ),
      { maxOldGenerationSizeMb: 8 },
    );
    // With enough memory it trains.
    const begun = (await readdir(path.dirname(out))).length > 0;
    (await train({ ...settings(out, options), resume: begun })).close();
  });

  test("a training thread that dies leaves its checkpoint, from which the run ends with the same result", async (t) => {
    const folder = temporaryFolder(t);
    const whole = await train(settings(path.join(folder, "whole"), options));
    const broken = settings(path.join(folder, "broken"), options);
    await watchingThreads((started) =>
      assert.rejects(
        train({ ...broken, onEpoch: () => void started[0]!.worker.terminate() }),
        /the training thread died, it exited with code 1; the last checkpoint is intact: train with `resume` to continue/,
      ),
    );
    const resumed = await train({ ...broken, resume: true });
    assert.deepEqual(await resumed.latents(), await whole.latents());
    whole.close();
    resumed.close();
  });

  test("a run that died between its final weights and its record is completed on resuming, and not refined twice", async (t) => {
    const base = settings(path.join(temporaryFolder(t), "run"), { epochs: 1, coarseEpochs: 0 });
    const run = await train(base);
    run.close();
    const weights = await readFile(path.join(run.folder, "weights.safetensors"));
    const record = path.join(run.folder, "run.json");
    const text = await readFile(record, "utf8");
    await writeFile(record, text.replace('"status": "complete"', '"status": "training"'));
    const resumed = await train({ ...base, resume: true });
    assert.equal(resumed.record.status, "complete");
    assert.deepEqual(await resumed.latents(), await run.latents());
    assert.deepEqual(await readFile(path.join(run.folder, "weights.safetensors")), weights);
    resumed.close();
  });

  test("a projection thread that dies fails the run with that message; the checkpoint survives", async (t) => {
    const broken = settings(path.join(temporaryFolder(t), "run"), options);
    await watchingThreads((started) =>
      assert.rejects(
        trainInThisThread({
          ...broken,
          onEpoch: () => {
            void started.find(({ file }) => file === "wasmWorker.js")!.worker.terminate();
          },
        }),
        /projection engine: a worker thread ended, exit code \d/,
      ),
    );
    const resumed = await train({ ...broken, resume: true });
    assert.equal(resumed.history.length, 3);
    resumed.close();
  });
});
