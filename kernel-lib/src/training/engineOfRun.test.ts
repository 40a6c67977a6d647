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
  return { gpu, make, now: () => clock };
}

const begun = (engine: string, backend: string) => ({ e2gmm: "0", node: "0", engine, backend });

test("a new run on a GPU has the engine of the trial, and why is said once and returned for the record", async () => {
  const said: string[] = [];
  const { engine, reason } = await engineOfRun(
    {},
    work,
    undefined,
    (s) => said.push(s),
    environment("GPU", []),
  );
  assert.equal(engine.name, "tensor");
  assert.deepEqual(said, [reason]);
});

test("a run that goes on keeps its engine without a trial, unless another one is asked for", async () => {
  await useBackend("cpu");
  for (const [asked, recorded, taken] of [
    [undefined, begun("wasm", "webgpu"), "wasm"],
    ["auto", begun("tensor", "cpu"), "tensor"],
    ["auto", begun("reference", "wasm"), "reference"],
    ["wasm", begun("tensor", "cpu"), "wasm"],
  ] as const) {
    const evaluated: string[] = [];
    const said: string[] = [];
    const { engine } = await engineOfRun(
      asked ? { engine: asked } : {},
      work,
      recorded,
      (s) => said.push(s),
      environment("GPU", evaluated),
    );
    assert.equal(engine.name, taken);
    assert.deepEqual([evaluated, said], [[], []]);
  }
});

test("a run begun on a backend that is not there now goes on with what is there, and says so", async () => {
  await useBackend("cpu");
  const said: string[] = [];
  const { engine } = await engineOfRun(
    {},
    work,
    begun("tensor", "webgpu"),
    (s) => said.push(s),
    environment(undefined, []),
  );
  assert.equal(engine.name, "wasm");
  assert.deepEqual(said, [
    "the run was begun with the engine tensor on the backend webgpu; it goes on with wasm, on the backend cpu",
  ]);
});

test("a GPU that failed in the trial computes nothing else of the training either", async () => {
  await useBackend("cpu");
  const said: string[] = [];
  const chosen = await engineOfRun({}, work, undefined, (s) => said.push(s), environment("GPU", [], true));
  assert.equal(chosen.engine.name, "wasm");
  assert.equal(tf.getBackend(), "wasm");
  assert.match(said[0]!, /failed, Device lost$/);
});
