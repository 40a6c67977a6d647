import { readFileSync } from "node:fs";
import path from "node:path";
import { readHostPackage } from "./compiler";
import { Kernel } from "./kernel";
import type { ConnectionInfo } from "./wire";

/**
 * Starts the kernel for one front end.
 * @param connectionFile the file that the front end wrote, JSON
 * @param hostFolder     folder of the package that brings the kernel and that cells can import from anywhere
 */
export async function launchKernel(connectionFile: string, hostFolder: string): Promise<void> {
  const connection = JSON.parse(readFileSync(connectionFile, "utf8")) as ConnectionInfo;
  const manifest = JSON.parse(readFileSync(path.join(hostFolder, "package.json"), "utf8")) as {
    name: string;
    version: string;
  };
  await new Kernel({
    connection,
    host: readHostPackage(hostFolder),
    implementation: manifest.name,
    version: manifest.version,
  }).start();
}
