import * as tf from "@tensorflow/tfjs-core";
import { chosenGpu, gpuVariable } from "../compute/adapters";
import { dawnAdapter, describe, isSoftwareAdapter, mayHaveGpu } from "../compute/dawn";
import { errorLine } from "../compute/optionalPackages";

/** The GPU that the automatic choice of an engine tries. */
export interface FoundGpu {
  /** The engine that uses it. */
  engine: "webgpu" | "tensor";
  /** Engine and GPU, for messages. */
  title: string;
}

/** What {@link findGpu} found. */
export interface GpuSearch {
  gpu?: FoundGpu;
  /** Why a GPU that may be there is not used, as a sentence without a full stop. */
  passedOver?: string;
}

/**
 * The GPU of this machine: by WebGPU, else that of the current TensorFlow.js backend. An adapter that is a program on the CPU counts
 * only if it is asked for by its number.
 * @param asked its number in `listGpus`. Default: that of `E2GMM_GPU`, else the one for high performance
 * @throws InputError if no GPU has that number
 */
export async function findGpu(asked?: number): Promise<GpuSearch> {
  const byNumber = chosenGpu(asked) !== undefined;
  const cuda = cudaGpu();
  if (!byNumber && !mayHaveGpu()) return { ...cuda };
  try {
    const adapter = await dawnAdapter(asked);
    if (byNumber || !isSoftwareAdapter(adapter)) {
      return { gpu: { engine: "webgpu", title: `webgpu (${describe(adapter)})` } };
    }
    const how = `to try it nevertheless, give its number (--gpu, ${gpuVariable})`;
    return cuda ?? { passedOver: `no GPU is used: ${describe(adapter)} is a program on the CPU; ${how}` };
  } catch (error) {
    if (byNumber) throw error;
    const { advice } = error as { advice?: string };
    return (
      cuda ?? { passedOver: `no GPU is used: ${errorLine(error)}${advice ? ` (needed: ${advice})` : ""}` }
    );
  }
}

/** The GPU of the current TensorFlow.js backend, if it is one that WebGPU may not reach. */
function cudaGpu(): GpuSearch | undefined {
  const uses =
    tf.getBackend() === "tensorflow" &&
    (tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
  return uses ? { gpu: { engine: "tensor", title: "tensor (CUDA)" } } : undefined;
}
