import type { GpuEngine } from "../../projection/gpu/gpuEngine";
import { WasmEngine } from "../../projection/wasm";
import { requireSameInput } from "./inputTest";
import { requireSameStep } from "./stepTest";
import { requireSameTeaching } from "./teachingTest";

/**
 * Compares everything of a training that a GPU computes, but for projections (`openTestedGpu`), with the CPU: a whole step, encoder input
 * and the teaching of the encoder, in small sizes. Takes about a second, most of it for kernels that the training compiles anyway.
 * @throws GpuFailure, with what was expected and found, if it fails or computes wrong
 */
export async function requireSameTraining(gpu: GpuEngine): Promise<void> {
  const cpu = new WasmEngine({ threads: 1 });
  try {
    await requireSameStep(gpu, cpu);
    await requireSameInput(gpu, cpu);
    await requireSameTeaching(gpu, cpu);
  } finally {
    await cpu.dispose();
  }
}
