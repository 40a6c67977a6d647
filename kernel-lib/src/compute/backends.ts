import { spawn } from "node:child_process";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { InputError } from "../errors";
import { type BackendName, backendNames, loadBackend } from "./loadBackend";
import { BackendUnavailable, errorLine, notAvailable } from "./optionalPackages";
import { readAndDispose } from "./tensors";

export { type BackendName, backendNames } from "./loadBackend";

/** TensorFlow.js backends: which of them this machine can run, and starting one. */

/** Whether a backend is available, and how fast it is. */
export interface BackendReport {
  /** The backend. */
  name: BackendName;
  /** Whether it can be used on this machine. */
  available: boolean;
  /** Why it is not available. */
  reason?: string;
  /** How to get it: a command, mostly. */
  advice?: string;
  /** The processor or GPU. */
  device?: string;
  /** Measured rate of a float32 matrix product in 10⁹ operations per second. */
  gflops?: number;
}

/** The backend started by {@link useBackend}. */
export interface BackendInUse {
  /** The backend. */
  name: BackendName;
  /** The processor or GPU. */
  device: string;
  /** Faster backends that are not available, in the order in which they were tried. */
  passedOver: BackendReport[];
}

function unavailable(name: BackendName, error: unknown): BackendReport {
  const advice = error instanceof BackendUnavailable ? error.advice : undefined;
  return { name, available: false, reason: errorLine(error), ...(advice ? { advice } : {}) };
}

/**
 * Starts a TensorFlow.js backend in this process and makes it the current one.
 *
 * @param name default `auto`: the first available of tensorflow-gpu, webgpu (on a hardware GPU), tensorflow, wasm
 * @throws InputError, with reason and advice, if the backend is not available
 * @example
 * ```ts
 * const { name, device } = await e2.useBackend("cpu");
 * console.log(`${name} on ${device}`);
 * ```
 */
export async function useBackend(name: BackendName | "auto" = "auto"): Promise<BackendInUse> {
  if (name !== "auto") {
    if (!backendNames.includes(name)) {
      throw new InputError("backend", `auto, ${backendNames.join(", ")}`, String(name));
    }
    try {
      return { name, device: await loadBackend(name, false), passedOver: [] };
    } catch (error) {
      throw notAvailable(`backend ${name}`, error);
    }
  }
  const passedOver: BackendReport[] = [];
  for (const candidate of backendNames.slice(0, -1)) {
    try {
      return { name: candidate, device: await loadBackend(candidate, true), passedOver };
    } catch (error) {
      passedOver.push(unavailable(candidate, error));
    }
  }
  throw new InputError("backend", passedOver.map((tried) => `${tried.name}: ${tried.reason}`).join("; "));
}

/**
 * Measures the rate of float32 matrix products on the current backend for 0.4 s.
 * @returns 10⁹ operations per second
 * @example
 * ```ts
 * await e2.useBackend("cpu");
 * console.log(`${(await e2.compute.measureMatmul()).toFixed(1)} Gflop/s`);
 * ```
 */
export async function measureMatmul(): Promise<number> {
  let size = 256;
  let best = 0;
  const deadline = performance.now() + 400;
  // The size grows until one product takes long enough to be timed.
  while (performance.now() < deadline) {
    const a = tf.randomUniform([size, size]);
    const b = tf.randomUniform([size, size]);
    let seconds: number;
    try {
      await readAndDispose(tf.matMul(a, b));
      const start = performance.now();
      // Reading a single number waits for the device without transferring the product.
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
 * Tests every backend for availability and speed. Each runs in its own process, so that a driver crash does not affect this
 * one, whose backend is not changed. Takes a few seconds.
 * @example
 * ```ts no-run
 * const reports = await e2.compute.listBackends();
 * console.log(reports.map(({ name, available }) => `${name}: ${available}`).join("\n"));
 * ```
 */
export async function listBackends(): Promise<BackendReport[]> {
  const reports: BackendReport[] = [];
  for (const name of backendNames) reports.push(await probe(name));
  return reports;
}

/** The report of a backend from a process that runs `probe.ts`. */
async function probe(name: BackendName): Promise<BackendReport> {
  try {
    const { stdout, stderr, ended } = await runProbe(name);
    try {
      return JSON.parse(lastLine(stdout)) as BackendReport;
    } catch {
      const message = lastLine(stderr);
      return unavailable(name, `its process ended with ${ended}${message ? `: ${message}` : ""}`);
    }
  } catch (error) {
    return unavailable(name, error);
  }
}

function runProbe(name: BackendName): Promise<{ stdout: string; stderr: string; ended: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(__dirname, "probe.js"), name], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ stdout, stderr, ended: signal ?? `exit status ${code}` }));
  });
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

/** The report of one backend, tested in this process; used by `probe.ts`. @internal */
export async function probeHere(name: BackendName): Promise<BackendReport> {
  try {
    const device = await loadBackend(name, false);
    return { name, available: true, device, gflops: await measureMatmul() };
  } catch (error) {
    return unavailable(name, error);
  }
}
