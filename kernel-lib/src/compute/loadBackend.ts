import { existsSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import util from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { addressLimit, gigabytes, memoryLimit, raiseAddressLimit } from "../memoryLimit";
import { dawnAdapter, describe, installWebgpu, isSoftwareAdapter } from "./dawn";
import { BackendUnavailable, errorLine, find } from "./optionalPackages";

/** Loading of TensorFlow.js backends. `wasm` and `cpu` are dependencies of the package; native ones are optional packages. */

/**
 * The backends from fastest to slowest, the order in which `auto` tries them. `cpu` is for tests and never chosen
 * automatically.
 * @example
 * ```ts
 * console.log(e2.compute.backendNames.join(", "));
 * ```
 */
export const backendNames = ["tensorflow-gpu", "webgpu", "tensorflow", "wasm", "cpu"] as const;

/** Name of a TensorFlow.js backend. */
export type BackendName = (typeof backendNames)[number];

/** Loads a package with its own TensorFlow.js core, without its warning that a platform is already set. */
function requireQuietly(main: string): unknown {
  const warn = console.warn;
  console.warn = (...args) => {
    if (!/^Platform node has already been set/.test(String(args[0]))) warn(...args);
  };
  try {
    return require(main);
  } finally {
    console.warn = warn;
  }
}

/** Starts a backend without its console messages; failures are reported by the caller. */
async function startsQuietly(name: string): Promise<boolean> {
  const { warn, error } = console;
  console.warn = console.error = () => undefined;
  try {
    return await tf.setBackend(name);
  } finally {
    Object.assign(console, { warn, error });
  }
}

/** Loads tfjs-node or tfjs-node-gpu, which registers itself as `tensorflow`, and returns the backend. */
function loadNative(name: string, install: string): { isUsingGpuDevice?: boolean } {
  const main = find(name, install);
  const folder = path.resolve(path.dirname(main), "..");
  if (!existsSync(path.join(folder, "lib"))) {
    throw new BackendUnavailable(`${name} is installed, but its addon has not been built`, install);
  }
  // tfjs-node 4.22 calls these functions, which Node 23 removed.
  const old = util as unknown as Record<string, unknown>;
  old["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  old["isArray"] ??= Array.isArray;
  // Suppress TensorFlow's messages about the processor; errors still show.
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  // With TensorFlow 2.21, a signal (Ctrl-C, a kernel interrupt, a profiler) during matrix products of oneDNN's older AVX-512
  // code, which Eigen calls, corrupts the heap within seconds ("corrupted size vs. prev_size"). oneDNN's own operations avoid
  // that code and are faster; if the user has disabled them, fall back to AVX2.
  process.env["TF_ENABLE_ONEDNN_OPTS"] ??= "1";
  if (process.env["TF_ENABLE_ONEDNN_OPTS"] === "0") process.env["ONEDNN_MAX_CPU_ISA"] ??= "AVX2";
  try {
    requireQuietly(main);
  } catch (error) {
    throw new BackendUnavailable(`${name} does not load: ${errorLine(error)}`, install);
  }
  return tf.findBackend("tensorflow") as { isUsingGpuDevice?: boolean };
}

async function loadTensorflowGpu(): Promise<string> {
  // TF32 matrix products keep 10 of 23 mantissa bits, too few for positions.
  process.env["NVIDIA_TF32_OVERRIDE"] ??= "0";
  const backend = loadNative("@tensorflow/tfjs-node-gpu", "npm run native -- gpu");
  if (!backend.isUsingGpuDevice)
    throw new BackendUnavailable("TensorFlow finds no CUDA device", "an NVIDIA driver");
  await tf.setBackend("tensorflow");
  return "CUDA";
}

async function loadTensorflow(): Promise<string> {
  loadNative("@tensorflow/tfjs-node", "npm run native");
  await tf.setBackend("tensorflow");
  return processor();
}

async function loadWasm(): Promise<string> {
  const wasm = require("@tensorflow/tfjs-backend-wasm") as { setWasmPaths(folder: string): void };
  const main = require.resolve("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${path.dirname(main)}${path.sep}`);
  if (!(await startsQuietly("wasm"))) {
    const { bytes, by } = memoryLimit();
    const reason = "its WebAssembly module does not start";
    if (by !== addressLimit) throw new BackendUnavailable(reason);
    throw new BackendUnavailable(
      `${reason}: ${addressLimit} leaves addresses for ${gigabytes(bytes)}`,
      raiseAddressLimit,
    );
  }
  return `${processor()}, one thread`;
}

async function loadCpu(): Promise<string> {
  require("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
  return `${processor()}, plain JavaScript, one thread`;
}

function processor(): string {
  const processors = cpus();
  return `${processors[0]?.model.trim() ?? "CPU"}, ${processors.length} cores`;
}

async function loadWebgpu(automatic: boolean): Promise<string> {
  find("@tensorflow/tfjs-backend-webgpu", installWebgpu);
  const adapter = await dawnAdapter();
  const device = describe(adapter);
  if (automatic && isSoftwareAdapter(adapter)) {
    throw new BackendUnavailable(
      `the only adapter is software, not a GPU: ${device}`,
      "a GPU driver with Vulkan",
    );
  }
  try {
    requireQuietly(find("@tensorflow/tfjs-backend-webgpu", installWebgpu));
    if (!(await tf.setBackend("webgpu"))) throw new Error("it does not start");
  } catch (error) {
    throw new BackendUnavailable(`TensorFlow.js has no WebGPU: ${errorLine(error)}`);
  }
  return device;
}

/**
 * Starts a backend, makes it the current one, and returns its device.
 * @param automatic whether the user did not ask for it by name: software GPUs are then refused
 * @throws BackendUnavailable, mostly
 */
export function loadBackend(name: BackendName, automatic: boolean): Promise<string> {
  switch (name) {
    case "tensorflow-gpu":
      return loadTensorflowGpu();
    case "webgpu":
      return loadWebgpu(automatic);
    case "tensorflow":
      return loadTensorflow();
    case "wasm":
      return loadWasm();
    case "cpu":
      return loadCpu();
  }
}
