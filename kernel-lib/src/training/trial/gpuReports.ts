import { spawn } from "node:child_process";
import path from "node:path";
import { type GpuAdapter, listGpus } from "../../compute/adapters";
import { errorLine } from "../../compute/optionalPackages";
import { largestProduct, productRate } from "../../network/gpu/productRate";
import { GaussianHead } from "../../network/head";
import type { ProjectionEngine } from "../../projection/engine";
import { exampleBatch } from "../../projection/examples";
import { GpuEngine } from "../../projection/gpu/gpuEngine";
import { openTestedGpu } from "../../projection/gpu/testedGpu";
import { WasmEngine } from "../../projection/wasm";
import { UnitAssembly } from "../units/unitAssembly";
import type { SampleShape } from "./sampleSteps";
import { requireSameTraining } from "./selfTest";
import { stepMilliseconds } from "./stepTime";

/** A GPU, whether it computes correctly, and how fast. */
export interface GpuReport extends GpuAdapter {
  /** Why it cannot be used: it fails, computes wrong, or is not measured. */
  reason?: string;
  /** Measured rate of the largest product of a training step, 32 × 512 by 512 × 15,410, in 10⁹ operations a second. */
  gflops?: number;
  /** Milliseconds of a training step of 32 particles with 512 Gaussians in a box of 64 pixels and networks of 3 × 256. */
  stepMilliseconds?: number;
}

/** The training step by which GPUs and the CPU are compared. */
export function standardStep(): SampleShape {
  const [gaussians, boxSize, rings] = [512, 64, 31];
  const { batch } = exampleBatch({ count: 1, gaussians, boxSize, rings: 1, shared: true });
  const neutral = { count: gaussians, params: batch.model, boxSize, apix: 1 };
  return {
    head: new GaussianHead(neutral, ["position", "amplitude", "width"]),
    units: new UnitAssembly(),
    ...{ rings, batchSize: 32, latentNoise: 0.2, strainPenalty: 0.3 },
    spec: { latent: 4, featureSize: 128, hidden: [256, 256, 256], dropout: 0.3 },
  };
}

/**
 * The GPUs of this machine, each tested and measured in a process of its own, so that a driver that crashes does not end this one.
 * Programs that imitate a GPU are listed but not measured. Takes some seconds per GPU.
 * @example
 * ```ts
 * for (const { index, name, gflops } of await e2.training.measureGpus()) console.log(index, name, gflops);
 * ```
 */
export async function measureGpus(): Promise<GpuReport[]> {
  const reports: GpuReport[] = [];
  for (const adapter of await listGpus()) {
    const how = adapter.software
      ? { reason: "a program on the CPU, not measured and never chosen automatically" }
      : await measured(adapter.index);
    reports.push({ ...adapter, ...how });
  }
  return reports;
}

/**
 * Milliseconds of the standard step on all cores of the CPU: the one that `measureGpus` measures. Takes a second.
 * @example
 * ```ts no-run
 * console.log(`${(await e2.training.measureCpuStep()).toFixed(1)} ms`);
 * ```
 */
export async function measureCpuStep(): Promise<number> {
  const engine = new WasmEngine();
  try {
    return await stepMilliseconds(standardStep(), engine);
  } finally {
    await engine.dispose();
  }
}

type Measured = Pick<GpuReport, "reason" | "gflops" | "stepMilliseconds">;

/** What `gpuProbe.ts` finds about a GPU. */
function measured(gpu: number): Promise<Measured> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(__dirname, "gpuProbe.js"), String(gpu)], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (more) => {
      text += more;
    });
    child.on("error", (error) => resolve({ reason: errorLine(error) }));
    child.on("close", (code, signal) => {
      const last = text.trim().split("\n").at(-1) ?? "";
      const died = { reason: `its process ended with ${signal ?? `exit status ${code}`}` };
      resolve(last.startsWith("{") ? (JSON.parse(last) as Measured) : died);
    });
  });
}

/** Tests and measures a GPU in this process; used by `gpuProbe.ts`. @internal */
export async function measureGpuHere(
  gpu: number,
  step = standardStep(),
  product = largestProduct,
): Promise<Measured> {
  const engine: GpuEngine & ProjectionEngine = new GpuEngine({ open: () => openTestedGpu(gpu) });
  try {
    await requireSameTraining(engine);
    const gflops = await productRate(await engine.opened(), product);
    return { gflops, stepMilliseconds: await stepMilliseconds(step, engine) };
  } catch (error) {
    return { reason: errorLine(error) };
  } finally {
    await engine.dispose();
  }
}
