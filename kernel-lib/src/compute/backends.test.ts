import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { test } from "vitest";
import { softwareGpu } from "../../../tests/testing";
import { InputError } from "../errors";
import { type BackendName, backendNames, listBackends, useBackend } from "./backends";

const reports = listBackends();

test("every backend is reported with device and speed, or with the reason why it is not available", async () => {
  const found = await reports;
  assert.deepEqual(
    found.map(({ name }) => name),
    [...backendNames],
  );
  for (const { name, available, reason, device, gflops } of found) {
    if (available) {
      assert.ok(device, name);
      assert.ok(gflops! > 0, name);
    } else {
      assert.ok(reason, name);
    }
  }
  for (const name of ["wasm", "cpu"])
    assert.ok(found.find((report) => report.name === name)?.available, name);
});

test("testing backends does not change the current one", async () => {
  await useBackend("cpu");
  await reports;
  assert.equal(tf.getBackend(), "cpu");
});

test("the backend wasm finds its files and multiplies correctly", async () => {
  const { name, device } = await useBackend("wasm");
  assert.equal(name, "wasm");
  assert.ok(device.length > 0);
  const product = tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2]));
  assert.deepEqual([...(await product.data())], [19, 22, 43, 50]);
});

test("auto uses the first available backend and reports why faster ones were not", async () => {
  const { name, passedOver } = await useBackend();
  const order = backendNames.slice(0, backendNames.indexOf(name));
  assert.deepEqual(
    passedOver.map((report) => report.name),
    order,
  );
  for (const report of passedOver) assert.ok(report.reason);
});

test("an unavailable backend is an error with reason and advice", async () => {
  const missing = (await reports).filter(({ available }) => !available);
  for (const { name } of missing) {
    await assert.rejects(useBackend(name), (error: Error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, new RegExp(`^backend ${name}: not available, .+; needed: .+`));
      return true;
    });
  }
  await assert.rejects(useBackend("quantum" as BackendName), /backend: expected auto, .*found quantum/);
});

/** Checks the tensor engine against the reference on a backend, in a separate process. */
function agreesOn(
  backend: BackendName,
  env: Record<string, string>,
): { status: number | null; text: string } {
  const at = (file: string) => JSON.stringify(path.join(__dirname, "..", file));
  const script = `
    const { useBackend } = require(${at("compute/backends.js")});
    const { TensorEngine } = require(${at("projection/tensor.js")});
    const { examples, expectAgreement } = require(${at("projection/agreement.js")});
    useBackend(${JSON.stringify(backend)}).then(async () => {
      const engine = new TensorEngine();
      for (const example of examples.filter(({ gaussians }) => gaussians < 400)) await expectAgreement(engine, example);
    }).then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });`;
  const { status, stderr } = spawnSync(process.execPath, ["-e", script], {
    encoding: "utf8",
    timeout: 120000,
    env: { ...process.env, ...env },
  });
  return { status, text: stderr };
}

test("the tensor engine agrees with the reference on TensorFlow's own kernels", async (t) => {
  const report = (await reports).find(({ name }) => name === "tensorflow");
  if (!report?.available) {
    t.skip(`no tensorflow: ${report?.reason}`);
    return;
  }
  const { status, text } = agreesOn("tensorflow", {});
  assert.equal(status, 0, text);
});

test("the tensor engine agrees with the reference on WebGPU, here on SwiftShader", async (t) => {
  const env = softwareGpu(t, ["webgpu", "@tensorflow/tfjs-backend-webgpu"]);
  if (!env) return;
  const { status, text } = agreesOn("webgpu", env);
  assert.equal(status, 0, text);
});

test("signals during TensorFlow's matrix products do no harm", async (t) => {
  const report = (await reports).find(({ name }) => name === "tensorflow");
  if (!report?.available) {
    t.skip(`no tensorflow: ${report?.reason}`);
    return;
  }
  const script = `
    const tf = require("@tensorflow/tfjs-core");
    const { Worker } = require("node:worker_threads");
    const { useBackend } = require(${JSON.stringify(path.join(__dirname, "backends.js"))});
    process.on("SIGINT", () => {});
    new Worker("setInterval(() => process.kill(process.pid, 'SIGINT'), 1)", { eval: true }).unref();
    useBackend("tensorflow").then(async () => {
      const weights = tf.randomNormal([1280, 256]);
      for (const end = performance.now() + 2000; performance.now() < end; ) {
        tf.tidy(() => tf.matMul(tf.ones([32, 1280]), weights).dataSync());
        await new Promise((resolve) => setImmediate(resolve));
      }
      process.exit(0);
    });`;
  for (const oneDnn of ["0", "1"]) {
    const { status, signal, stderr } = spawnSync(process.execPath, ["-e", script], {
      cwd: __dirname,
      encoding: "utf8",
      timeout: 60000,
      env: { ...process.env, TF_ENABLE_ONEDNN_OPTS: oneDnn },
    });
    assert.equal(status, 0, `oneDNN ${oneDnn}: ${signal} ${stderr}`);
  }
});
