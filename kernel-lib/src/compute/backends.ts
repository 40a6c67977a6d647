import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import util from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { InputError } from "../errors";
import { addressLimit, gigabytes, memoryLimit, raiseAddressLimit } from "../memoryLimit";
import { readAndDispose } from "./tensors";

/**
 * TensorFlow.js backends: which of them this machine can run, and bringing one up. `wasm` and `cpu` come with the
 * package; the native ones are looked for beside it and in the folder `native/` that `npm run native` fills.
 */

/** From fastest to slowest; the order in which `auto` tries them. `cpu` is for tests and never chosen by itself. */
export const backendNames = ["tensorflow-gpu", "webgpu", "tensorflow", "wasm", "cpu"] as const;
export type BackendName = (typeof backendNames)[number];

export interface BackendReport {
  name: BackendName;
  available: boolean;
  /** Why it is not available. */
  reason?: string;
  /** What brings it: a command, mostly. */
  advice?: string;
  /** What it computes on. */
  device?: string;
  /** Measured rate of a float32 matrix product, 10⁹ operations a second. */
  gflops?: number;
}

export interface BackendInUse {
  name: BackendName;
  device: string;
  /** Why faster ones were passed over, in the order in which they were tried. */
  passedOver: BackendReport[];
}

/** A backend that cannot be had here: why, and what brings it. */
class Unavailable extends Error {
  constructor(
    reason: string,
    readonly advice?: string,
  ) {
    super(reason);
  }
}

/** Folders from which optional packages are resolved: the package's own, the caller's, and each `native/` above. */
function searchFolders(): string[] {
  const folders = [__dirname, process.cwd()];
  for (const start of [__dirname, process.cwd()]) {
    for (let folder = start; path.dirname(folder) !== folder; folder = path.dirname(folder)) {
      const native = path.join(folder, "native");
      if (existsSync(path.join(native, "node_modules"))) folders.push(native);
    }
  }
  return folders;
}

/** Path of an optional package's main file. @throws Unavailable */
function find(name: string, advice: string): string {
  try {
    return require.resolve(name, { paths: searchFolders() });
  } catch {
    throw new Unavailable(`${name} is not installed`, advice);
  }
}

/** Loads a package that brings a TensorFlow.js core of its own, which finds the first one's platform in place and warns. */
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

/** Starts a backend without its own remarks on a failure, which is reported. */
async function startsQuietly(name: string): Promise<boolean> {
  const { warn, error } = console;
  console.warn = console.error = () => undefined;
  try {
    return await tf.setBackend(name);
  } finally {
    Object.assign(console, { warn, error });
  }
}

function firstLine(error: unknown): string {
  return String((error as Error)?.message ?? error)
    .split("\n")[0]!
    .trim();
}

/** Loads tfjs-node or tfjs-node-gpu, which registers itself as `tensorflow`, and returns the backend. */
function loadNative(name: string, bring: string): { isUsingGpuDevice?: boolean } {
  const main = find(name, bring);
  const folder = path.resolve(path.dirname(main), "..");
  if (!existsSync(path.join(folder, "lib"))) {
    throw new Unavailable(`${name} is there, but its addon has not been built`, bring);
  }
  // tfjs-node 4.22 calls these two, which Node 23 removed.
  const old = util as unknown as Record<string, unknown>;
  old["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  old["isArray"] ??= Array.isArray;
  // Without TensorFlow's remarks on the processor; its errors still show.
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  // A signal (Ctrl-C, a kernel's interrupt, a profiler) that arrives in the product of oneDNN's older AVX-512 code, which
  // Eigen calls, overwrites the heap: "corrupted size vs. prev_size", seen within a second with TensorFlow 2.21. oneDNN's own
  // operations do not use that code and are faster; where they are turned off, AVX2 code takes its place.
  process.env["TF_ENABLE_ONEDNN_OPTS"] ??= "1";
  if (process.env["TF_ENABLE_ONEDNN_OPTS"] === "0") process.env["ONEDNN_MAX_CPU_ISA"] ??= "AVX2";
  try {
    requireQuietly(main);
  } catch (error) {
    throw new Unavailable(`${name} does not load: ${firstLine(error)}`, bring);
  }
  return tf.findBackend("tensorflow") as { isUsingGpuDevice?: boolean };
}

async function loadTensorflowGpu(): Promise<string> {
  // NVIDIA's libraries would take 10 of 23 bits of the numbers in a matrix product (TF32): too few for positions.
  process.env["NVIDIA_TF32_OVERRIDE"] ??= "0";
  const backend = loadNative("@tensorflow/tfjs-node-gpu", "npm run native -- gpu");
  if (!backend.isUsingGpuDevice) throw new Unavailable("TensorFlow finds no CUDA device", "an NVIDIA driver");
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
    if (by !== addressLimit) throw new Unavailable(reason);
    throw new Unavailable(
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

/** What is used of WebGPU's interface. */
interface Adapter {
  readonly info?: { vendor?: string; architecture?: string; device?: string; description?: string };
}

const noGpu =
  "a GPU driver with Vulkan, and Debian's libvulkan1 (sudo apt install libvulkan1); for an adapter in software, its " +
  "description in VK_DRIVER_FILES";
const bringWebgpu = "npm run native -- webgpu";

/** Puts Dawn's WebGPU where TensorFlow.js looks for a browser's, and returns its adapter. */
async function webgpuAdapter(): Promise<Adapter> {
  const dawn = find("webgpu", bringWebgpu);
  find("@tensorflow/tfjs-backend-webgpu", bringWebgpu);
  if (!mayHaveGpu()) throw new Unavailable("no GPU is found", noGpu);
  let gpu: { requestAdapter(options?: object): Promise<Adapter | null> };
  try {
    const { create, globals } = require(dawn) as {
      create(options: string[]): typeof gpu;
      globals: Record<string, unknown>;
    };
    Object.assign(globalThis, globals);
    gpu = create([]);
  } catch (error) {
    throw new Unavailable(`Dawn does not load: ${firstLine(error)}`, bringWebgpu);
  }
  const scope = globalThis as { navigator?: object };
  if (scope.navigator === undefined)
    Object.defineProperty(scope, "navigator", { value: {}, configurable: true });
  Object.defineProperty(scope.navigator, "gpu", { value: gpu, configurable: true });
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new Unavailable("no GPU adapter is found", noGpu);
  }
  return adapter;
}

function describe(adapter: Adapter): string {
  const { vendor, architecture, device, description } = adapter.info ?? {};
  return description || [vendor, architecture, device].filter(Boolean).join(" ") || "GPU";
}

/** Whether a search for a GPU makes sense: on Linux, drivers make device files. Dawn and Vulkan are loud where there are none. */
function mayHaveGpu(): boolean {
  if (process.platform !== "linux" || process.env["VK_DRIVER_FILES"]) return true;
  return ["/dev/dri", "/dev/nvidia0", "/dev/dxg"].some((file) => existsSync(file));
}

const software = /swiftshader|llvmpipe|lavapipe|software|basic render/i;

async function loadWebgpu(automatic: boolean): Promise<string> {
  const adapter = await webgpuAdapter();
  const device = describe(adapter);
  if (automatic && software.test(`${device} ${adapter.info?.architecture ?? ""}`)) {
    throw new Unavailable(`the only adapter is a program, not a GPU: ${device}`, "a GPU driver with Vulkan");
  }
  try {
    requireQuietly(find("@tensorflow/tfjs-backend-webgpu", bringWebgpu));
    if (!(await tf.setBackend("webgpu"))) throw new Error("it does not initialise");
  } catch (error) {
    throw new Unavailable(`TensorFlow.js has no WebGPU: ${firstLine(error)}`);
  }
  return device;
}

function load(name: BackendName, automatic: boolean): Promise<string> {
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

function report(name: BackendName, error: unknown): BackendReport {
  const advice = error instanceof Unavailable ? error.advice : undefined;
  return { name, available: false, reason: firstLine(error), ...(advice ? { advice } : {}) };
}

/**
 * Brings up a backend in this process and makes it the current one.
 *
 * @param name default `auto`: the first that comes up of tensorflow-gpu, webgpu on a real GPU, tensorflow, wasm
 * @throws InputError when the named one cannot be had: with the reason and what brings it
 */
export async function useBackend(name: BackendName | "auto" = "auto"): Promise<BackendInUse> {
  if (name !== "auto") {
    if (!backendNames.includes(name)) {
      throw new InputError("backend", `auto, ${backendNames.join(", ")}`, String(name));
    }
    try {
      return { name, device: await load(name, false), passedOver: [] };
    } catch (error) {
      const { reason, advice } = report(name, error);
      throw new InputError(
        `backend ${name}`,
        `not available, ${reason}${advice ? `; needed: ${advice}` : ""}`,
      );
    }
  }
  const passedOver: BackendReport[] = [];
  for (const candidate of backendNames.slice(0, -1)) {
    try {
      return { name: candidate, device: await load(candidate, true), passedOver };
    } catch (error) {
      passedOver.push(report(candidate, error));
    }
  }
  throw new InputError("backend", passedOver.map((tried) => `${tried.name}: ${tried.reason}`).join("; "));
}

/** Rate of a float32 matrix product on the current backend, 10⁹ operations a second; takes some tenths of a second. */
export async function measureMatmul(): Promise<number> {
  let size = 256;
  let best = 0;
  const deadline = performance.now() + 400;
  // Grown until one product takes long enough for a clock, and kept small for slow backends.
  while (performance.now() < deadline) {
    const a = tf.randomUniform([size, size]);
    const b = tf.randomUniform([size, size]);
    let seconds: number;
    try {
      await readAndDispose(tf.matMul(a, b));
      const start = performance.now();
      // Reading one number waits for the device without moving the whole product.
      await readAndDispose(tf.tidy(() => tf.slice(tf.matMul(a, b), [0, 0], [1, 1])));
      seconds = (performance.now() - start) / 1000;
    } finally {
      tf.dispose([a, b]);
    }
    best = Math.max(best, (2 * size ** 3) / seconds / 1e9);
    if (seconds < 0.02 && size < 4096) size *= 2;
  }
  return best;
}

/**
 * Every backend: available, on what and how fast, or why not. Each is tried in a process of its own, so that neither a
 * crash of a driver nor the choice of a backend reaches this one. Takes a few seconds.
 */
export async function listBackends(): Promise<BackendReport[]> {
  const reports: BackendReport[] = [];
  for (const name of backendNames) reports.push(await probe(name));
  return reports;
}

function probe(name: BackendName): Promise<BackendReport> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(__dirname, "probe.js"), name], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" },
    });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      err += text;
    });
    child.on("error", (error) => resolve(report(name, error)));
    child.on("close", (code, signal) => {
      const line = out.trim().split("\n").at(-1) ?? "";
      try {
        resolve(JSON.parse(line) as BackendReport);
      } catch {
        const last = err.trim().split("\n").at(-1);
        resolve(
          report(name, `its process ended with ${signal ?? `exit status ${code}`}${last ? `: ${last}` : ""}`),
        );
      }
    });
  });
}

/** What `probe.ts` prints: the report of one backend, tried in this process. @internal */
export async function probeHere(name: BackendName): Promise<BackendReport> {
  try {
    const device = await load(name, false);
    return { name, available: true, device, gflops: await measureMatmul() };
  } catch (error) {
    return report(name, error);
  }
}
