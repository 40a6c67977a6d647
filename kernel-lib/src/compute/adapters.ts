import { spawn } from "node:child_process";
import path from "node:path";
import { InputError } from "../errors";

/** GPUs as Dawn lists them: their order, their names, and which of them a computation uses. */

/** A GPU, or a program that imitates one, that Dawn can open. */
export interface GpuAdapter {
  /** Its number from 0, by which it is chosen. */
  index: number;
  /** Name, as its driver gives it. */
  name: string;
  /** How it is driven: `vulkan`, `metal`, `d3d12`. */
  api: string;
  /** Whether it is a program on the CPU, such as SwiftShader or llvmpipe; never chosen automatically. */
  software: boolean;
  /** Number of the adapter that Dawn opens in place of this one, because their names do not tell them apart. */
  hiddenBy?: number;
}

/** Environment variable with the number of the GPU. */
export const gpuVariable = "E2GMM_GPU";

/** Drivers of the systems; others that Dawn knows, such as OpenGL, cannot run our kernels. */
const apis = ["vulkan", "metal", "d3d12"];

const softwareName = /swiftshader|llvmpipe|lavapipe|software|basic render/i;

/** Whether a name is that of a software adapter. */
export const isSoftware = (name: string): boolean => softwareName.test(name);

/** No adapter has this name: Dawn then answers with the names of all. */
export const noAdapter = "list all adapters";

/** The adapters in Dawn's message. */
export function parseAdapters(message: string): GpuAdapter[] {
  const lines = [...message.matchAll(/^ \* backend: '([^']*)', name: '(.*)'$/gm)];
  const found: GpuAdapter[] = [];
  for (const [, api, name] of lines as unknown as [string, string, string][]) {
    if (!apis.includes(api)) continue;
    // Windows offers a card by D3D12 and by Vulkan.
    if (found.some((other) => other.name === name && other.api !== api)) continue;
    // Dawn opens the first adapter whose name contains the one that is asked for.
    const first = found.find((other) => other.api === api && other.name.includes(name));
    found.push({
      ...{ index: found.length, name, api, software: isSoftware(name) },
      ...(first && { hiddenBy: first.hiddenBy ?? first.index }),
    });
  }
  return found;
}

let listed: Promise<GpuAdapter[]> | undefined;

/**
 * The GPUs of this machine, found in a process of their own, so that a driver that crashes does not end this one. They are looked for
 * once.
 * @returns an empty list without Dawn, without a driver and without a GPU
 * @example
 * ```ts
 * for (const { index, name } of await e2.compute.listGpus()) console.log(`${index}: ${name}`);
 * ```
 */
export function listGpus(): Promise<GpuAdapter[]> {
  listed ??= readAdapters();
  return listed;
}

function readAdapters(): Promise<GpuAdapter[]> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(__dirname, "adapterList.js")], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (more) => {
      text += more;
    });
    child.on("error", () => resolve([]));
    child.on("close", () => resolve(parseAdapters(text)));
  });
}

/** The number of the GPU to use: the one given, else that of the environment variable `E2GMM_GPU`. @throws InputError for text */
export function chosenGpu(given: number | undefined): number | undefined {
  const text = process.env[gpuVariable];
  if (given !== undefined || text === undefined || text.trim() === "") return given;
  const expected = "the number of a GPU, see e2gmm backends";
  if (!/^\d+$/.test(text.trim())) throw new InputError(gpuVariable, expected, `"${text}"`);
  return Number(text);
}

/** The options with which Dawn opens a GPU. @throws InputError, with a list of those there are, for an unknown number */
export async function adapterOptions(gpu: number): Promise<string[]> {
  const all = await listGpus();
  const found = all[gpu];
  const list = all.map(({ index, name }) => `${index} (${name})`).join(", ");
  if (!found)
    throw new InputError("gpu", all.length > 0 ? `one of ${list}` : "a GPU, but none is found", String(gpu));
  if (found.hiddenBy !== undefined) {
    throw new InputError(
      "gpu",
      `${gpu} cannot be told from ${found.hiddenBy}, whose name is ${all[found.hiddenBy]!.name}, too: let its driver show ` +
        "only one of them, such as by NVIDIA_VISIBLE_DEVICES for a container or by the queue's --gres",
    );
  }
  return [`backend=${found.api}`, `adapter=${found.name}`];
}
