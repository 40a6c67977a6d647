import { existsSync } from "node:fs";
import { BackendUnavailable, errorLine, find } from "./optionalPackages";

/** Dawn's WebGPU: the GPU of this machine by Vulkan, Metal or D3D12. */

const noGpu =
  "a GPU driver with Vulkan, and Debian's libvulkan1 (sudo apt install libvulkan1); for a software adapter, its ICD file in " +
  "VK_DRIVER_FILES";
/** The command that installs Dawn. */
export const installWebgpu = "npm run native -- webgpu";

/**
 * Features of Dawn that are switched off. SwiftShader takes ten times as long to compile kernels whose workgroup memory the driver
 * sets to zeros; Dawn then does so in the kernel. Times of kernels would be rounded to 0.1 ms.
 */
const withoutFeatures = ["use_vulkan_zero_initialize_workgroup_memory_extension", "timestamp_quantization"];

/** One instance for all devices of a thread: with several, Dawn ends the process. */
let dawn: GPU | undefined;

/**
 * Installs Dawn as `navigator.gpu`, where TensorFlow.js expects the browser's, and returns its adapter.
 * @throws BackendUnavailable without Dawn or a GPU
 */
export async function dawnAdapter(): Promise<GPUAdapter> {
  dawn ??= loadDawn();
  const scope = globalThis as { navigator?: object };
  if (scope.navigator === undefined)
    Object.defineProperty(scope, "navigator", { value: {}, configurable: true });
  Object.defineProperty(scope.navigator, "gpu", { value: dawn, configurable: true });
  const adapter = await dawn.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new BackendUnavailable("no GPU adapter is found", noGpu);
  }
  return adapter;
}

function loadDawn(): GPU {
  const main = find("webgpu", installWebgpu);
  if (!mayHaveGpu()) throw new BackendUnavailable("no GPU is found", noGpu);
  try {
    const { create, globals } = require(main) as {
      create(options: string[]): GPU;
      globals: Record<string, unknown>;
    };
    Object.assign(globalThis, globals);
    return create([`disable-dawn-features=${withoutFeatures.join()}`]);
  } catch (error) {
    throw new BackendUnavailable(`Dawn does not load: ${errorLine(error)}`, installWebgpu);
  }
}

/** What an adapter calls itself. */
export function describe(adapter: GPUAdapter): string {
  const { vendor, architecture, device, description } = infoOf(adapter);
  return description || [vendor, architecture, device].filter(Boolean).join(" ") || "GPU";
}

/** An adapter's information, some or all of which may be missing. */
export function infoOf(
  adapter: GPUAdapter,
): Partial<Record<"vendor" | "architecture" | "device" | "description", string>> {
  return (adapter as { info?: Partial<GPUAdapterInfo> }).info ?? {};
}

/** Whether there may be a GPU: on Linux, drivers create device files. Without one, Dawn and Vulkan print errors. */
function mayHaveGpu(): boolean {
  if (process.platform !== "linux" || process.env["VK_DRIVER_FILES"]) return true;
  return ["/dev/dri", "/dev/nvidia0", "/dev/dxg"].some((file) => existsSync(file));
}
