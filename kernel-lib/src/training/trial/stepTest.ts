import { GpuFailure } from "../../compute/gpu/gpuFailure";
import { GaussianHead } from "../../network/head";
import type { NamedArray } from "../../network/parameters";
import type { ProjectionEngine } from "../../projection/engine";
import type { GpuEngine } from "../../projection/gpu/gpuEngine";
import { requireSame, testBatch } from "../../projection/gpu/testedGpu";
import { UnitAssembly } from "../units/unitAssembly";
import { type SampleShape, SampleSteps } from "./sampleSteps";

/** A step with all kinds of kernels and without random numbers, on the model with which projections are tested. */
function smallShape(): SampleShape {
  const { batch, request } = testBatch(1);
  const { rings, boxSize } = request;
  const neutral = { count: batch.gaussians, params: batch.model, boxSize, apix: 1 };
  return {
    head: new GaussianHead(neutral, ["position", "amplitude", "width"]),
    units: new UnitAssembly(),
    ...{ rings, batchSize: 6, threads: 1, latentNoise: 0, strainPenalty: 1 },
    spec: { latent: 3, featureSize: 10, hidden: [40, 36], dropout: 0 },
  };
}

/** Weights, their change in a step, and moments after it. */
async function afterStep(engine: ProjectionEngine) {
  const sample = new SampleSteps(smallShape(), engine);
  try {
    const before = sample.numbers().weights;
    await sample.run(1);
    const { weights, moments } = sample.numbers();
    const changes = weights.map(({ name, data }, k) => ({
      name,
      data: data.map((value, i) => value - before[k]!.data[i]!),
    }));
    return { changes, moments };
  } finally {
    sample.dispose();
  }
}

/** Part of its length by which the change of an array of weights may differ: the sign of a gradient near 0 decides on a whole change. */
const changeTolerance = 0.2;

/**
 * Compares a whole training step on a GPU, projection, networks, their gradients and Adam, with the CPU's.
 * @throws GpuFailure if it fails or computes wrong
 */
export async function requireSameStep(gpu: GpuEngine, cpu: ProjectionEngine): Promise<void> {
  const { name } = await gpu.opened();
  const found = await afterStep(gpu);
  const expected = await afterStep(cpu);
  for (const [i, { name: array, data }] of expected.moments.entries()) {
    const what = `training step, gradients (Adam's ${array})`;
    requireSame(name, { name: what, found: found.moments[i]!.data, expected: data, tolerance: 1e-2 });
  }
  for (const [i, change] of expected.changes.entries()) requireSameChange(name, found.changes[i]!, change);
}

function requireSameChange(
  gpu: string,
  { data: found }: Pick<NamedArray, "data">,
  { name, data: expected }: Pick<NamedArray, "name" | "data">,
): void {
  const size = Math.hypot(...expected);
  const difference = Math.hypot(...expected.map((value, i) => value - found[i]!));
  if (difference <= changeTolerance * size) return;
  throw new GpuFailure(
    "wrong",
    `the GPU ${gpu} computes wrong and is not used: training step, ${name}: expected a change of ${size.toPrecision(4)}, ` +
      `found one that differs from it by ${difference.toPrecision(4)}`,
  );
}
