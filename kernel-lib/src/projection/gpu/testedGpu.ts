import { GpuDevice } from "../../compute/gpu/gpuDevice";
import { GpuFailure } from "../../compute/gpu/gpuFailure";
import type { ProjectionBatch, ProjectionEngine, ProjectionRequest } from "../engine";
import { exampleBatch } from "../examples";
import { WasmEngine } from "../wasm";
import { GpuEngine } from "./gpuEngine";

/**
 * The test that a GPU has to pass before it is used. Drivers that miscompile a kernel, memory without error correction, and cards that
 * are overclocked give wrong numbers without an error.
 */

/** Numbers that a GPU computes in the test, with those of the CPU, and how far apart they may be. */
interface Compared {
  /** What they are, in the message of the error. */
  name: string;
  found: Float32Array;
  expected: Float32Array;
  /** Part of the largest expected number by which one may be off: a hundred times what sines of low accuracy change. */
  tolerance: number;
}

/** @throws GpuFailure, with what was expected and found, if numbers of the GPU are not those of the CPU */
export function requireSame(gpu: string, { name, found, expected, tolerance }: Compared): void {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    // NaN is not within any distance.
    if (Math.abs(found[i]! - expected[i]!) <= Math.abs(found[worst]! - expected[worst]!)) continue;
    worst = i;
    if (Number.isNaN(found[i]!)) break;
  }
  if (Math.abs(found[worst]! - expected[worst]!) <= tolerance * largest) return;
  const text = (value: number) => value.toPrecision(4);
  throw new GpuFailure(
    "wrong",
    `the GPU ${gpu} computes wrong and is not used: ${name}, number ${worst + 1} of ${expected.length}: expected ` +
      `${text(expected[worst]!)}, found ${text(found[worst]!)}`,
  );
}

/**
 * The batch of the tests: sizes that are no multiples of those of workgroups and tiles, and widths in a narrow range, which fit a grid.
 * @param count particles, with a model each
 */
export function testBatch(count: number): { batch: ProjectionBatch; request: ProjectionRequest } {
  const example = exampleBatch({ count, gaussians: 70, boxSize: 24, ownWeights: true });
  const { model, gaussians } = example.batch;
  for (let i = 0; i < model.length; i++) {
    if (Math.floor(i / gaussians) % 5 === 4) model[i] = 1 + 0.2 * (model[i]! - 0.8);
  }
  return example;
}

/** Compares projections, scores, gradients and products of a GPU with the CPU's. @throws GpuFailure if they differ */
export async function requireSameProjections(device: GpuDevice): Promise<void> {
  // Its buffers are small; they are freed with the device.
  const gpu = new GpuEngine({ open: async () => device });
  const cpu = new WasmEngine({ threads: 1 });
  try {
    await compare(gpu, cpu, device.name);
  } finally {
    await cpu.dispose();
  }
}

async function compare(gpu: ProjectionEngine, cpu: ProjectionEngine, name: string): Promise<void> {
  const { batch, request } = testBatch(3);
  const images = await gpu.project(batch, request);
  requireSame(name, {
    ...{ name: "projections", found: images, tolerance: 2e-3 },
    expected: await cpu.project(batch, request),
  });
  const found = await gpu.evaluate(batch, request);
  const expected = await cpu.evaluate(batch, request);
  const results = { frc: "FRC", score: "scores", modelGradient: "gradient in the Gaussians" } as const;
  for (const key of Object.keys(results) as (keyof typeof results)[]) {
    const numbers = { found: found[key]!, expected: expected[key]! };
    requireSame(name, { ...numbers, name: results[key], tolerance: 2e-3 });
  }
  const triple = threeModels(batch);
  requireSame(name, {
    ...{ name: "products of projections", tolerance: 5e-3 },
    found: await gpu.products(triple, request),
    expected: await cpu.products(triple, request),
  });
}

/** The first of three particles, with the models of all. */
function threeModels({ rotations, shifts, targets, ...batch }: ProjectionBatch): ProjectionBatch {
  const own = { rotations: rotations.subarray(0, 9), shifts: shifts.subarray(0, 2) };
  return { ...batch, ...own, count: 1, targets: targets.subarray(0, targets.length / batch.count) };
}

/**
 * Opens a GPU and tests it, in about a second.
 * @param gpu its number in `listGpus`. Default: that of `E2GMM_GPU`, else the one for high performance
 * @throws InputError without a GPU; GpuFailure if it fails or computes wrong
 */
export async function openTestedGpu(gpu?: number): Promise<GpuDevice> {
  const device = await GpuDevice.open(gpu);
  try {
    await requireSameProjections(device);
    return device;
  } catch (error) {
    device.dispose();
    throw error;
  }
}
