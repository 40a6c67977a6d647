import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { test } from "vitest";
import { useBackend } from "../compute/backends";
import { emptyResult } from "../projection/batch";
import type { ProjectionEngine } from "../projection/engine";
import type { EngineEnvironment, EngineName } from "../projection/engines";
import { engineOfRun } from "./engineOfRun";

const work = {
  model: { count: 1, params: new Float32Array(5), boxSize: 8, apix: 1 },
  rings: 3,
  batchSize: 2,
};

/** A GPU whose engine takes no time, or throws; `wasm` takes a second. */
function environment(gpu: string | undefined, evaluated: string[], broken = false): EngineEnvironment {
  let clock = 0;
  const make = (name: EngineName) =>
    ({
      name,
      async evaluate(batch, request) {
        evaluated.push(name);
        if (name === "tensor" && broken) throw new Error("Device lost");
        if (name === "wasm") clock += 1000;
        const result = emptyResult(batch, request);
        for (const array of Object.values(result)) array.fill(1);
        return result;
      },
      dispose: async () => undefined,
    }) as ProjectionEngine;
  const found = gpu === undefined ? {} : { gpu: { engine: "tensor" as const, title: `tensor (${gpu})` } };
  return { findGpu: async () => found, make, now: () => clock };
}

const started = (engine: string, backend: string) => ({ e2gmm: "0", node: "0", engine, backend });

test("a new run on a GPU uses the engine that won the trial, and reports the reason once", async () => {
  const said: string[] = [];
  const { engine, reason } = await engineOfRun({}, work, {
    onWarning: (s) => said.push(s),
    environment: environment("GPU", []),
  });
  assert.equal(engine.name, "tensor");
  assert.deepEqual(said, [reason]);
});

test("a resumed run keeps its engine without a trial, unless another one is requested", async () => {
  await useBackend("cpu");
  for (const [asked, recorded, taken] of [
    [undefined, started("wasm", "webgpu"), "wasm"],
    ["auto", started("tensor", "cpu"), "tensor"],
    ["auto", started("reference", "wasm"), "reference"],
    ["wasm", started("tensor", "cpu"), "wasm"],
  ] as const) {
    const evaluated: string[] = [];
    const said: string[] = [];
    const { engine } = await engineOfRun(asked ? { engine: asked } : {}, work, {
      recorded,
      onWarning: (s) => said.push(s),
      environment: environment("GPU", evaluated),
    });
    assert.equal(engine.name, taken);
    assert.deepEqual([evaluated, said], [[], []]);
  }
});

test("a run started on a backend that is not available now continues with another one and reports it", async () => {
  await useBackend("cpu");
  const said: string[] = [];
  const { engine } = await engineOfRun({}, work, {
    recorded: started("tensor", "webgpu"),
    onWarning: (s) => said.push(s),
    environment: environment(undefined, []),
  });
  assert.equal(engine.name, "wasm");
  assert.deepEqual(said, [
    "the run was started with the engine tensor on the backend webgpu; it continues with wasm on the backend cpu",
  ]);
});

test("a GPU that failed in the trial is not used for the rest of the training", async () => {
  await useBackend("cpu");
  const said: string[] = [];
  const chosen = await engineOfRun({}, work, {
    onWarning: (s) => said.push(s),
    environment: environment("GPU", [], true),
  });
  assert.equal(chosen.engine.name, "wasm");
  assert.equal(tf.getBackend(), "wasm");
  assert.match(said[0]!, /failed, Device lost$/);
});
