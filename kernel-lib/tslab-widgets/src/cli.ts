import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import {
  installKernelspec,
  KernelspecError,
  type KernelspecPlace,
  kernelspecFolder,
  uninstallKernelspec,
} from "./kernel/kernelspec";

const help = `Makes a TypeScript kernel with live widgets known to Jupyter.

tslab-widgets install [options]      write a kernelspec and print its folder
tslab-widgets uninstall [options]    remove it

  --name NAME            name by which notebooks refer to the kernel (default: tslab-widgets)
  --display-name TEXT    name in launchers and menus (default: TypeScript)
  --logo FILE            SVG shown in launchers
  --package FOLDER       package that cells can import wherever the notebook lies; may be repeated
  --preload MODULE       module that is loaded before the first cell; may be repeated
  --user                 into the person's own Jupyter folder (the default)
  --sys-prefix           into the environment of the Python that is active
  --prefix FOLDER        into FOLDER/share/jupyter/kernels
`;

const options = {
  name: { type: "string", default: "tslab-widgets" },
  "display-name": { type: "string", default: "TypeScript" },
  logo: { type: "string" },
  package: { type: "string", multiple: true },
  preload: { type: "string", multiple: true },
  user: { type: "boolean" },
  "sys-prefix": { type: "boolean" },
  prefix: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** Text of a file that the command line names. */
function readLogo(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new KernelspecError(`--logo: ${(error as Error).message}`);
  }
}

function checkPackage(folder: string): void {
  if (existsSync(path.join(folder, "package.json"))) return;
  throw new KernelspecError(`--package ${folder}: expected the folder of a package, found no package.json`);
}

/** @returns what to print */
function run(args: readonly string[]): string {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [command, ...others] = positionals;
  if (values.help || command === undefined) return help.trimEnd();
  const { name, user, prefix } = values;
  const place: KernelspecPlace = {
    ...(user && { user }),
    ...(values["sys-prefix"] && { sysPrefix: true }),
    ...(prefix !== undefined && { prefix }),
  };
  if (others.length > 0 || (command !== "install" && command !== "uninstall")) {
    throw new KernelspecError(`expected install or uninstall, found ${positionals.join(" ")}; see --help`);
  }
  if (command === "install") {
    values.package?.forEach(checkPackage);
    return installKernelspec({
      ...place,
      name: name!,
      displayName: values["display-name"]!,
      packages: values.package ?? [],
      preload: values.preload ?? [],
      ...(values.logo !== undefined && { logo: readLogo(values.logo) }),
    });
  }
  const removed = uninstallKernelspec(name!, place);
  if (removed === undefined) throw new KernelspecError(`${kernelspecFolder(name!, place)}: no kernelspec`);
  return `${removed} is removed`;
}

/**
 * The command `tslab-widgets`.
 * @param args what follows the command's name
 * @returns exit status: 0, or 1 with one line on stderr
 */
export function main(args: readonly string[]): number {
  try {
    process.stdout.write(`${run(args)}\n`);
    return 0;
  } catch (error) {
    const isUsage = String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
    if (!isUsage && !(error instanceof KernelspecError)) throw error;
    process.stderr.write(`tslab-widgets: ${(error as Error).message}\n`);
    return 1;
  }
}
