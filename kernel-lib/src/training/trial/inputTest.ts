import type { ProjectionEngine } from "../../projection/engine";
import type { GpuEngine } from "../../projection/gpu/gpuEngine";
import { requireSame, testBatch } from "../../projection/gpu/testedGpu";
import { Random } from "../../random";
import { deviceOf } from "../device/deviceOf";
import type { GradientComponents } from "../features/components";
import { type GradientBatch, neutralGradients } from "../features/neutralGradients";

/** Particles and the neutral model of the tests of projections. */
function smallBatch(): { batch: GradientBatch; rings: number } {
  const { batch, request } = testBatch(3);
  const { rings, boxSize, ringWeights } = request;
  const { model, gaussians, ...loaded } = batch;
  const neutral = { count: gaussians, params: model.slice(0, 5 * gaussians), boxSize, apix: 1 };
  const weights = (last: number) =>
    Float32Array.from(
      { length: batch.count * (last + 1) },
      (_, i) => ringWeights[Math.floor(i / (last + 1)) * (rings + 1) + (i % (last + 1))]!,
    );
  const rows = Int32Array.from({ length: batch.count }, (_, row) => row);
  const particles = { particles: rows, rows, loaded: { ...loaded, gaussians } };
  return { batch: { context: { neutral }, particles, weights }, rings };
}

/** Gradients by the CPU's projections times their components, one number after another. */
async function expectedInput(
  cpu: ProjectionEngine,
  batch: GradientBatch,
  { rings, scale, basis, size }: GradientComponents,
): Promise<Float32Array> {
  const gradients = await neutralGradients(cpu, batch, rings);
  const inputs = scale.length;
  const input = new Float32Array((gradients.length / inputs) * size);
  for (const [i, gradient] of gradients.entries()) {
    const [row, from] = [Math.floor(i / inputs), i % inputs];
    for (let j = 0; j < size; j++)
      input[row * size + j]! += gradient * scale[from]! * basis[from * size + j]!;
  }
  return input;
}

/** Compares encoder input that a GPU makes with the CPU's. @throws GpuFailure if it fails or computes wrong */
export async function requireSameInput(gpu: GpuEngine, cpu: ProjectionEngine): Promise<void> {
  const { batch, rings } = smallBatch();
  const random = new Random(5);
  const [inputs, size] = [batch.context.neutral.params.length, 6];
  const of: GradientComponents = {
    // Further blocks, with fewer rings, would only take time for compiling the same kernels once more.
    ...{ rings: [rings], size },
    scale: Float32Array.from({ length: inputs }, () => 0.5 + random.uniform()),
    basis: Float32Array.from({ length: size * inputs }, () => random.normal()),
  };
  const { name } = await gpu.opened();
  const projector = deviceOf(gpu).components(of);
  try {
    requireSame(name, {
      ...{ name: "encoder input", tolerance: 1e-2 },
      found: await projector.project(batch),
      expected: await expectedInput(cpu, batch, of),
    });
  } finally {
    projector.dispose();
  }
}
