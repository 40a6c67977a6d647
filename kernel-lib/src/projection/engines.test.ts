import assert from "node:assert/strict";
import { test } from "vitest";
import { InputError } from "../errors";
import { emptyResult } from "./batch";
import type { ProjectionBatch, ProjectionEngine, ProjectionRequest } from "./engine";
import { chooseEngine, createEngine, type EngineEnvironment, type EngineName } from "./engines";
import type { Workload } from "./trial";

const work: Workload = {
  model: { count: 2, params: Float32Array.from({ length: 10 }, (_, i) => 0.1 * i), boxSize: 8, apix: 1 },
  rings: 3,
  batchSize: 4,
};

interface Fake {
  /** Milliseconds per evaluation after the first, of one particle and of more. */
  alone?: number;
  together: number;
  /** Additional milliseconds of the first evaluation, as on a GPU that compiles. */
  warming?: number;
  /** The error of an evaluation of this many particles. */
  fails?: (count: number) => Error | undefined;
  /** All its numbers. Default 1. */
  value?: number;
}

/** Engines that only advance a clock, and a log of their calls. */
function fakes(
  engines: Partial<Record<EngineName, Fake>>,
  gpu: "CUDA" | "WebGPU" | undefined,
  passedOver?: string,
) {
  let clock = 0;
  const log: string[] = [];
  const batches: [ProjectionBatch, ProjectionRequest][] = [];
  const make = (name: EngineName): ProjectionEngine => {
    const fake = engines[name];
    assert.ok(fake, `${name} must not be made`);
    let warm = false;
    log.push(`make ${name}`);
    return {
      name,
      async evaluate(batch, request) {
        log.push(`${name} ${batch.count}`);
        batches.push([batch, request]);
        const error = fake.fails?.(batch.count);
        if (error) throw error;
        clock += batch.count === 1 ? (fake.alone ?? fake.together) : fake.together;
        if (!warm) clock += fake.warming ?? 0;
        warm = true;
        const result = emptyResult(batch, request);
        for (const array of Object.values(result)) array.fill(fake.value ?? 1);
        return result;
      },
      project: () => assert.fail("nothing is projected in a trial"),
      products: () => assert.fail("no products are made in a trial"),
      async dispose() {
        log.push(`dispose ${name}`);
        if (fake.fails) throw new Error("cannot be freed any more");
      },
    };
  };
  const engine = gpu === "WebGPU" ? ("webgpu" as const) : ("tensor" as const);
  const found = {
    ...(gpu && { gpu: { engine, title: `${engine} (${gpu})` } }),
    ...(passedOver && { passedOver }),
  };
  const environment: EngineEnvironment = { findGpu: async () => found, make, now: () => clock };
  return { environment, log, batches, clock: () => clock };
}

const ended = (log: string[]) => log.filter((line) => line.startsWith("dispose"));

test("on a GPU the faster engine is chosen, and the reason has both times", async () => {
  const fast = fakes({ wasm: { together: 12 }, tensor: { together: 3.14, alone: 1, warming: 500 } }, "CUDA");
  const gpu = await chooseEngine({}, work, fast.environment);
  assert.equal(gpu.engine.name, "tensor");
  assert.equal(gpu.gpuFailed, false);
  assert.equal(
    gpu.reason,
    "projections are computed by the engine tensor (CUDA): 3.1 ms for a step of 4 particles, wasm (1 thread) 12 ms",
  );
  assert.deepEqual(ended(fast.log), ["dispose wasm"]);
  const slow = fakes({ wasm: { together: 12 }, tensor: { together: 40, alone: 10 } }, "CUDA");
  const cpu = await chooseEngine({ engine: "auto" }, work, slow.environment);
  assert.equal(cpu.engine.name, "wasm");
  assert.equal(
    cpu.reason,
    "projections are computed by the engine wasm (1 thread): 12 ms for a step of 4 particles, tensor (CUDA) 40 ms",
  );
  assert.deepEqual(ended(slow.log), ["dispose tensor"]);
});

test("a trial evaluates the caller's workload with the gradient, after a warm-up, at least three times and not for long", async () => {
  const { environment, log, batches } = fakes(
    { wasm: { together: 1500 }, tensor: { together: 1000, alone: 600 } },
    "CUDA",
  );
  await chooseEngine({}, work, environment);
  const times = (line: string) => log.filter((l) => l === line).length;
  assert.equal(times("wasm 4"), 1 + 3);
  assert.equal(times("tensor 4"), 1 + 3);
  const [batch, request] = batches[0]!;
  assert.deepEqual(
    { count: batch.count, gaussians: batch.gaussians, targetRings: batch.targetRings },
    { count: 4, gaussians: 2, targetRings: 3 },
  );
  assert.deepEqual([request.boxSize, request.rings, request.gradient], [8, 3, { model: true }]);
  const { params } = work.model;
  assert.deepEqual(
    batch.model,
    Float32Array.from({ length: 40 }, (_, i) => params[i % 10]!),
  );
});

test("a GPU that is slower with one particle than the CPU with all is not tried further", async () => {
  const { environment, log } = fakes(
    { wasm: { together: 12 }, tensor: { together: 9e5, alone: 200 } },
    "CUDA",
  );
  const { engine, reason, gpuFailed } = await chooseEngine({}, work, environment);
  assert.equal(engine.name, "wasm");
  assert.equal(gpuFailed, false);
  assert.match(reason!, /12 ms for a step of 4 particles, tensor \(CUDA\) 200 ms for a single one$/);
  assert.ok(!log.includes("tensor 4"));
  assert.deepEqual(ended(log), ["dispose tensor"]);
});

test("an engine that throws in the trial loses, with one particle or many, and its error is reported", async () => {
  for (const least of [1, 4]) {
    const fails = (count: number) => (count >= least ? new Error("Device lost\n  somewhere") : undefined);
    const { environment, log } = fakes({ wasm: { together: 12 }, tensor: { together: 3, fails } }, "CUDA");
    const { engine, reason, gpuFailed } = await chooseEngine({}, work, environment);
    assert.equal(engine.name, "wasm");
    assert.equal(gpuFailed, true);
    assert.equal(
      reason,
      "projections are computed by the engine wasm (1 thread): tensor (CUDA) failed, Device lost",
    );
    assert.deepEqual(ended(log), ["dispose tensor"]);
  }
});

test("a fast engine with wrong results loses, and that is reported", async () => {
  for (const [value, reported] of [
    [0.5, "the FRC from tensor (CUDA) is wrong by 50 %"],
    [Number.NaN, "the FRC from tensor (CUDA) is not finite"],
  ] as const) {
    const { environment } = fakes({ wasm: { together: 12 }, tensor: { together: 3, value } }, "CUDA");
    const { engine, reason, gpuFailed } = await chooseEngine({}, work, environment);
    assert.equal(engine.name, "wasm");
    assert.equal(gpuFailed, true);
    assert.ok(reason!.endsWith(reported), reason);
  }
});

test("an error of the CPU's engine is thrown, and both engines are disposed of", async () => {
  const fails = () => new Error("a worker thread ended");
  const { environment, log } = fakes({ wasm: { together: 12, fails }, tensor: { together: 3 } }, "CUDA");
  await assert.rejects(chooseEngine({}, work, environment), /^Error: a worker thread ended$/);
  assert.deepEqual(ended(log).sort(), ["dispose tensor", "dispose wasm"]);
});

test("an engine asked for by name is used without a trial, and so is wasm on a CPU", async () => {
  for (const [asked, gpu, taken] of [
    ["wasm", "CUDA", "wasm"],
    ["tensor", "CUDA", "tensor"],
    ["tensor", undefined, "tensor"],
    ["reference", "CUDA", "reference"],
    ["auto", undefined, "wasm"],
  ] as const) {
    const { environment, log } = fakes({ [taken]: { together: 1 } }, gpu);
    const { engine, reason } = await chooseEngine({ engine: asked }, work, environment);
    assert.equal(engine.name, taken);
    assert.equal(reason, undefined);
    assert.deepEqual(log, [`make ${taken}`]);
  }
});

test("an unknown engine is an error that lists the known ones", async () => {
  await assert.rejects(createEngine({ engine: "quantum" as EngineName }), (error: Error) => {
    assert.ok(error instanceof InputError);
    assert.equal(error.message, "engine: expected auto, wasm, webgpu, tensor, reference, found quantum");
    return true;
  });
});

test("a GPU that Dawn uses is tried with the engine webgpu", async () => {
  const { environment, log } = fakes(
    { wasm: { together: 12 }, webgpu: { together: 3.14, alone: 1 } },
    "WebGPU",
  );
  const { engine, reason } = await chooseEngine({}, work, environment);
  assert.equal(engine.name, "webgpu");
  assert.equal(
    reason,
    "projections are computed by the engine webgpu (WebGPU): 3.1 ms for a step of 4 particles, wasm (1 thread) 12 ms",
  );
  assert.deepEqual(ended(log), ["dispose wasm"]);
});

test("a GPU that is there but cannot be used is reported, and the CPU is used", async () => {
  const why = "no GPU is used: the Vulkan loader is missing";
  const { environment, log } = fakes({ wasm: { together: 12 } }, undefined, why);
  const { engine, reason } = await chooseEngine({}, work, environment);
  assert.deepEqual([engine.name, reason, log], ["wasm", why, ["make wasm"]]);
});

test("a trial times the work it is given, and both times are in the reason and the result", async () => {
  const { environment, log } = fakes({ wasm: { together: 12 }, webgpu: { together: 3, alone: 1 } }, "WebGPU");
  const timed = {
    name: "steps",
    milliseconds: async ({ name }: ProjectionEngine) => (name === "wasm" ? 50 : 20),
  };
  const chosen = await chooseEngine({}, { ...work, timed }, environment);
  assert.equal(chosen.engine.name, "webgpu");
  assert.deepEqual(chosen.milliseconds, { cpu: 50, gpu: 20 });
  assert.equal(
    chosen.reason,
    "steps are computed by the engine webgpu (WebGPU): 20 ms for a step of 4 particles, wasm (1 thread) 50 ms",
  );
  const broken = {
    name: "steps",
    milliseconds: async ({ name }: ProjectionEngine) => {
      if (name === "webgpu") throw new Error("it computes wrong");
      return 50;
    },
  };
  const without = await chooseEngine({}, { ...work, timed: broken }, environment);
  assert.deepEqual(
    [without.engine.name, without.gpuFailed, without.milliseconds],
    ["wasm", true, { cpu: 50 }],
  );
  assert.match(without.reason!, /webgpu \(WebGPU\) failed, it computes wrong$/);
  assert.deepEqual(ended(log), ["dispose wasm", "dispose webgpu"]);
});
