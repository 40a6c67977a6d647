import assert from "node:assert/strict";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { recordAddress } from "e2gmm/dist/network/networkCompute";
import { NetworkThreads, control as network } from "e2gmm/dist/network/networkThreads";
import { sharedFloats } from "e2gmm/dist/particles/images/imageTransformer";
import { TransformThreads } from "e2gmm/dist/particles/images/transformThreads";
import { exampleBatch } from "e2gmm/dist/projection/examples";
import { WasmEngine } from "e2gmm/dist/projection/wasm";
import {
  control,
  instantiate,
  type KernelExports,
  kernelModule,
  newMemory,
  nextJob,
  pagesOf,
  type SharedWasmMemory,
  seeGrowth,
} from "e2gmm/dist/wasm/wasmMemory";
import { test } from "vitest";
import { growImages, growNetworks, growProjection } from "./growingPools";

const dist = path.dirname(require.resolve("e2gmm"));

test("a thread whose instance has an old size of the memory updates it, or fails", () => {
  const calls: number[] = [];
  let known = 3;
  const kernels = { memoryPages: () => known } as KernelExports;
  const memory = {
    grow(pages: number) {
      calls.push(pages);
      known = 5;
      return 5;
    },
  } as unknown as SharedWasmMemory;
  seeGrowth(kernels, memory, 3);
  assert.deepEqual(calls, []);
  seeGrowth(kernels, memory, 5);
  assert.deepEqual(calls, [0]);
  assert.throws(() => seeGrowth(kernels, memory, 6), /shared memory: expected 6 pages, found 5/);
  const real = newMemory();
  const own = instantiate(kernelModule(), real);
  real.grow(2);
  assert.equal(own.memoryPages(), pagesOf(real));
});

/**
 * Starts a worker of a pool slowly (with a large object as data), grows the memory meanwhile, and gives it a job. A thread's
 * data is copied at once, except the memory, which it attaches last.
 * @param growAfter milliseconds
 * @returns `done`, or the error
 */
async function startLate(
  file: string,
  growAfter: number,
  begin: (memory: SharedWasmMemory, words: Int32Array) => { data: object; done: () => boolean },
): Promise<string> {
  const memory = newMemory();
  const words = new Int32Array(new SharedArrayBuffer(1024));
  const ballast = Array.from({ length: 100_000 }, (_, i) => ({ i }));
  const { data, done } = begin(memory, words);
  const workerData = { ballast, module: kernelModule(), memory, ...data };
  const worker = new Worker(path.join(dist, file), { workerData });
  const died = new Promise<string>((resolve) => worker.once("error", (error) => resolve(error.message)));
  await new Promise((resolve) => setTimeout(resolve, growAfter));
  memory.grow(63);
  let over = false;
  const ended = (async () => {
    while (!over && !done()) await new Promise((resolve) => setTimeout(resolve, 2));
    return "done";
  })();
  const outcome = await Promise.race([died, ended]);
  over = true;
  await worker.terminate();
  return outcome;
}

const times = Array.from({ length: 12 }, (_, i) => 15 + 10 * i);

test("projection threads that start while the memory grows see its new size", async () => {
  const outcomes: string[] = [];
  for (const time of times) {
    const outcome = await startLate("projection/wasmWorker.js", time, (memory, words) => {
      let given = false;
      return {
        data: { words, index: 0 },
        done() {
          if (given) return Atomics.load(words, control.busy) === 0;
          given = true;
          // A projection without Gaussians fills its image, at the end of the memory, with zeros.
          const at = 1024;
          const job = new Int32Array(memory.buffer, at, 30);
          job.set([0, 1, 0, 16, 7, 7, 0, 0]);
          job[17] = 64 * 65536 - 8192;
          const images = new Int32Array(memory.buffer, job[17]!, 8 * 15 * 2);
          images.fill(1);
          Atomics.store(words, control.job, at);
          Atomics.store(words, control.scratch, 65536);
          Atomics.store(words, control.pages, pagesOf(memory));
          Atomics.store(words, control.busy, 1);
          Atomics.store(words, control.jobs, nextJob(0, 1));
          Atomics.notify(words, control.jobs);
          return false;
        },
      };
    });
    outcomes.push(outcome);
  }
  assert.deepEqual(
    outcomes,
    times.map(() => "done"),
  );
});

test("network threads that start while the memory grows see its new size", async () => {
  const outcomes: string[] = [];
  for (const time of times) {
    let said = "";
    const outcome = await startLate("network/networkWorker.js", time, (memory, words) => {
      let given = false;
      return {
        data: { control: words },
        done() {
          if (Atomics.load(words, network.ready) === 0) return false;
          const length = Atomics.load(words, network.failed);
          if (length > 0)
            said = Buffer.from(words.buffer.slice(4 * network.text, 4 * network.text + length)).toString();
          if (given) return Atomics.load(words, network.busy) === 0;
          given = true;
          // Backward through a layer of 8 inputs and outputs, the gradient of the inputs at the end of the memory.
          const task = new Int32Array(memory.buffer, recordAddress, 18);
          task.set([0, 1, 1, 4, 8, 8, 0, 64, 64, 4096, 8192, 12288, 16384, 64 * 65536 - 4096]);
          Atomics.store(words, network.pages, pagesOf(memory));
          Atomics.store(words, network.busy, 1);
          Atomics.store(words, network.job, nextJob(0, 1));
          Atomics.notify(words, network.job);
          return false;
        },
      };
    });
    outcomes.push(said || outcome);
  }
  assert.deepEqual(
    outcomes,
    times.map(() => "done"),
  );
});

const pools = { projection: growProjection, networks: growNetworks, images: growImages };
for (const [name, grow] of Object.entries(pools)) {
  test(`restarted pools that grow their memory at each job give correct results: ${name}`, async () => {
    let jobs = 0;
    for (let pool = 0; pool < 8; pool++) jobs += await grow(8);
    assert.equal(jobs, 64);
  });
}

interface Ends {
  terminate(): Promise<number>;
}

/** Ends an idle thread of each pool, then runs a job. */
const idle: Record<string, () => Promise<void>> = {
  async projection() {
    const engine = new WasmEngine({ threads: 2 });
    const { batch, request } = exampleBatch({ count: 2, gaussians: 10, boxSize: 16 });
    await engine.evaluate(batch, request);
    const { workers } = engine as unknown as { workers: Ends[] };
    await workers[1]!.terminate();
    try {
      await engine.evaluate(batch, request);
    } finally {
      await engine.dispose();
    }
  },
  async networks() {
    const pool = new NetworkThreads(2);
    const task = { words: [0], floats: [], work: 1e9 };
    pool.run(task);
    const { workers } = pool as unknown as { workers: Ends[] };
    await workers[0]!.terminate();
    pool.run(task);
  },
  async images() {
    const pool = new TransformThreads(5, 16, 2);
    const chunk = () => ({
      images: [{ size: 16, ratio: 1, flip: false, ctf: undefined }],
      power: sharedFloats(6),
    });
    await pool.run(chunk());
    const { clients } = pool as unknown as { clients: { worker: Ends }[] };
    await clients[1]!.worker.terminate();
    try {
      await pool.run(chunk());
    } finally {
      await pool.dispose();
    }
  },
};
for (const [name, run] of Object.entries(idle)) {
  test(`the death of an idle thread is reported at the next job: ${name}`, async () => {
    await assert.rejects(run(), /: a worker thread ended, exit code [01]$/);
  });
}
