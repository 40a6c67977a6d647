import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import v8 from "node:v8";
import { Kernel } from "./kernel";
import { readHostPackage } from "./moduleTypes";
import type { ConnectionInfo } from "./wire";

/**
 * Percentage by which the heap may grow after a collection before the next one. Every cell leaves a compiler program of tens
 * of megabytes behind, and by default V8 lets the heap grow to four times the live data. Over 2,000 cells the resident memory
 * stays at about 300 MB instead of 570 MB, for the same processor time.
 */
const heapGrowthPercent = 60;

const ownFolder = path.resolve(__dirname, "../..");

/** Options of {@link launchKernel}. */
export interface LaunchOptions {
  /**
   * Folders of packages that cells can import in any folder, with their dependencies. The first gives the
   * kernel its name and version. Default: none but this package, which always comes last.
   */
  packages?: readonly string[];
  /** Modules that are loaded before the first cell, by path or by name as the first package would import them. */
  preload?: readonly string[];
}

/**
 * Starts the kernel for one front end. It owns the process from then on: output, signals and `process.exit` go through it.
 * @param connectionFile the file that the front end wrote, JSON
 * @throws Error if a file or package cannot be read or a port not be bound
 */
export async function launchKernel(connectionFile: string, options: LaunchOptions = {}): Promise<void> {
  v8.setFlagsFromString(`--heap-growing-percent=${heapGrowthPercent}`);
  const connection = JSON.parse(readFileSync(connectionFile, "utf8")) as ConnectionInfo;
  const folders = [...(options.packages ?? []).map((folder) => path.resolve(folder)), ownFolder];
  const first = path.join(folders[0]!, "package.json");
  const { name, version } = JSON.parse(readFileSync(first, "utf8")) as { name: string; version: string };
  const kernel = new Kernel({
    connection,
    hosts: [...new Set(folders)].map(readHostPackage),
    implementation: name,
    version,
  });
  await kernel.start();
  const fromFirst = createRequire(first);
  for (const module of options.preload ?? []) fromFirst(module);
}
