import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { adapterOptions, chosenGpu, isSoftware } from "./adapters";
import { BackendUnavailable, errorLine, find } from "./optionalPackages";

/** Dawn's WebGPU: the GPU of this machine by Vulkan, Metal or D3D12. */

const noGpu =
  "a GPU driver with Vulkan, and Debian's libvulkan1 (sudo apt install libvulkan1); for a software adapter, its ICD file in " +
  "VK_DRIVER_FILES";
/** How Dawn is installed. */
export const installWebgpu = "npm install webgpu@0.6.2, in a checkout npm run native -- webgpu";

/**
 * Features of Dawn that are switched off. SwiftShader takes ten times as long to compile kernels whose workgroup memory the driver
 * sets to zeros; Dawn then does so in the kernel. Times of kernels would be rounded to 0.1 ms.
 */
const withoutFeatures = ["use_vulkan_zero_initialize_workgroup_memory_extension", "timestamp_quantization"];

/** An instance for each selection of an adapter, kept: Dawn ends the process if one is freed while its devices are in use. */
const instances = new Map<string, GPU>();

/**
 * Installs Dawn as `navigator.gpu`, where TensorFlow.js expects the browser's, and returns an adapter.
 * @param gpu its number in `listGpus`. Default: that of `E2GMM_GPU`, else the one for high performance
 * @throws BackendUnavailable without Dawn or a GPU; InputError for a number that no GPU has
 */
export async function dawnAdapter(gpu?: number): Promise<GPUAdapter> {
  const chosen = chosenGpu(gpu);
  const options = chosen === undefined ? [] : await adapterOptions(chosen);
  const key = options.join();
  const dawn = instances.get(key) ?? openDawn(options);
  instances.set(key, dawn);
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

/** A new instance of Dawn. @throws BackendUnavailable if it is not installed, does not load, or there is no GPU */
export function openDawn(options: string[]): GPU {
  const main = find("webgpu", installWebgpu);
  if (!mayHaveGpu()) throw new BackendUnavailable("no GPU is found", noGpu);
  try {
    const { create, globals } = loadDawn(main);
    Object.assign(globalThis, globals);
    return create([...options, `disable-dawn-features=${withoutFeatures.join()}`]);
  } catch (error) {
    throw new BackendUnavailable(`Dawn does not load: ${errorLine(error)}`, installWebgpu);
  }
}

interface Dawn {
  create(options: string[]): GPU;
  globals: Record<string, unknown>;
}

/** Loads the package `webgpu`, an ES module, or without its additions the addon in it, where Node cannot require such modules. */
function loadDawn(main: string): Dawn {
  try {
    return require(main) as Dawn;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_REQUIRE_ESM") throw error;
    const system = `${process.platform}-${process.platform === "darwin" ? "universal" : process.arch}`;
    return require(path.join(path.dirname(main), "dist", system, "dawn.node")) as Dawn;
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

/** Whether an adapter is a program on the CPU. */
export function isSoftwareAdapter(adapter: GPUAdapter): boolean {
  const { architecture, device } = infoOf(adapter);
  const { isFallbackAdapter } = infoOf(adapter) as { isFallbackAdapter?: boolean };
  return isFallbackAdapter === true || isSoftware([describe(adapter), architecture, device].join(" "));
}

/**
 * Whether there may be a GPU: on Linux, drivers create device files. Without one, Dawn and Vulkan print errors. (The graphics of a
 * server's management controller have a card there but no render node.)
 */
export function mayHaveGpu(): boolean {
  if (process.platform !== "linux" || process.env["VK_DRIVER_FILES"]) return true;
  if (["/dev/nvidia0", "/dev/dxg"].some((file) => existsSync(file))) return true;
  try {
    return readdirSync("/dev/dri").some((name) => name.startsWith("renderD"));
  } catch {
    return false;
  }
}
