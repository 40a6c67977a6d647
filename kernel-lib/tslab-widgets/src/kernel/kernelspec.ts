import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { KernelspecError } from "../errors";

/** Location and content of Jupyter's kernelspecs. */

export { KernelspecError };

/** Default logo in launchers: a slider. */
const defaultLogo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
<rect width="64" height="64" rx="8" fill="#3178c6"/>
<g stroke="#fff" stroke-width="4" stroke-linecap="round"><path d="M12 22H52M12 42H52" stroke-opacity=".5"/></g>
<g fill="#fff"><circle cx="24" cy="22" r="7"/><circle cx="42" cy="42" r="7"/></g></svg>
`;

/** At most one of these; none means the person's own kernels. */
export interface KernelspecPlace {
  /** The person's own Jupyter data folder. */
  user?: boolean;
  /** The environment of the Python that is active. */
  sysPrefix?: boolean;
  /** `{prefix}/share/jupyter/kernels`. */
  prefix?: string;
}

/** Content of a kernelspec. */
export interface KernelspecOptions {
  /** Name by which notebooks and programs refer to the kernel: letters, digits, `.`, `_` and `-`. */
  name: string;
  /** Name in launchers and menus. */
  displayName: string;
  /** Folders of packages that cells can import in any folder. Default: only tslab-widgets. */
  packages?: readonly string[];
  /** Modules that are loaded before the first cell, by path or by name as the first package would import them. */
  preload?: readonly string[];
  /** The Node that runs the kernel. Default: the one that runs now. */
  node?: string;
  /** Script that starts the kernel; it gets `packages` and `preload` as options. Default: that of tslab-widgets. */
  launcher?: string;
}

/** Options of {@link installKernelspec}. */
export interface InstallOptions extends KernelspecOptions, KernelspecPlace {
  /** The logo, SVG. Default: a slider. */
  logo?: string;
}

function userDataFolder(): string {
  const { JUPYTER_DATA_DIR, XDG_DATA_HOME, APPDATA } = process.env;
  if (JUPYTER_DATA_DIR) return JUPYTER_DATA_DIR;
  if (process.platform === "darwin") return path.join(homedir(), "Library/Jupyter");
  if (process.platform === "win32" && APPDATA) return path.join(APPDATA, "jupyter");
  return path.join(XDG_DATA_HOME || path.join(homedir(), ".local/share"), "jupyter");
}

/** `sys.prefix` of the active Python: of an environment that is switched on, or of the first Python there is. */
function pythonPrefix(): string {
  const { VIRTUAL_ENV, CONDA_PREFIX } = process.env;
  const active = VIRTUAL_ENV || CONDA_PREFIX;
  if (active) return active;
  for (const python of ["python3", "python"]) {
    const { status, stdout } = spawnSync(python, ["-c", "import sys; print(sys.prefix)"], {
      encoding: "utf8",
    });
    if (status === 0) return stdout.trim();
  }
  throw new KernelspecError(
    "--sys-prefix: a Python on the PATH or an active environment is expected; give --prefix instead",
  );
}

/**
 * Folder of a kernelspec.
 * @throws KernelspecError if the name is invalid, or more than one place is named
 */
export function kernelspecFolder(name: string, place: KernelspecPlace = {}): string {
  if (!/^[\w.-]+$/.test(name)) {
    throw new KernelspecError(
      `name of the kernel: expected letters, digits, ".", "_" and "-", found ${JSON.stringify(name)}`,
    );
  }
  const given = (["user", "sysPrefix", "prefix"] as const).filter((key) => place[key]);
  if (given.length > 1) {
    throw new KernelspecError(`kernel install: expected one place, found ${given.join(" and ")}`);
  }
  const data = place.prefix
    ? path.join(path.resolve(place.prefix), "share/jupyter")
    : place.sysPrefix
      ? path.join(pythonPrefix(), "share/jupyter")
      : userDataFolder();
  return path.join(data, "kernels", name);
}

/**
 * Checking a cell allocates much that is soon garbage. In the small young generation that Node begins with, the
 * collector takes as long as the compiler.
 */
const nodeFlags = ["--min-semi-space-size=16", "--max-semi-space-size=32"];

/** Content of `kernel.json`. */
export interface Kernelspec {
  /** Command line that starts the kernel; `{connection_file}` stands for the path of the connection file. */
  argv: string[];
  /** Name in launchers and menus. */
  display_name: string;
  /** Name of the language, by which front ends find kernels. */
  language: string;
  /** How front ends interrupt the kernel: `message`. */
  interrupt_mode: string;
  /** What front ends may ask about the kernel. */
  metadata: Record<string, unknown>;
}

/** The kernelspec, as Jupyter reads it. */
export function kernelspec(options: KernelspecOptions): Kernelspec {
  const { node = process.execPath, launcher = path.resolve(__dirname, "../../bin/kernel.js") } = options;
  const packages = (options.packages ?? []).flatMap((folder) => ["--package", path.resolve(folder)]);
  const preload = (options.preload ?? []).flatMap((module) => ["--preload", module]);
  return {
    argv: [node, ...nodeFlags, launcher, ...packages, ...preload, "{connection_file}"],
    display_name: options.displayName,
    language: "typescript",
    interrupt_mode: "message",
    metadata: { debugger: false },
  };
}

/**
 * Makes a kernel known to Jupyter.
 * @returns folder of the kernelspec
 * @throws KernelspecError if more than one place is named or the folder cannot be written
 */
export function installKernelspec(options: InstallOptions): string {
  const folder = kernelspecFolder(options.name, options);
  try {
    mkdirSync(path.dirname(folder), { recursive: true });
    const fresh = mkdtempSync(path.join(path.dirname(folder), `.${options.name}-`));
    // Temporary folders are private; a kernel of an environment is for everybody who may use that.
    chmodSync(fresh, 0o755);
    writeFileSync(path.join(fresh, "kernel.json"), `${JSON.stringify(kernelspec(options), null, 2)}\n`);
    writeFileSync(path.join(fresh, "logo-svg.svg"), options.logo ?? defaultLogo);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } catch (error) {
    throw new KernelspecError(`${folder}: the kernelspec cannot be written: ${(error as Error).message}`);
  }
  return folder;
}

/** @returns folder of the kernelspec that was removed, or undefined if there was none */
export function uninstallKernelspec(name: string, place: KernelspecPlace = {}): string | undefined {
  const folder = kernelspecFolder(name, place);
  if (!existsSync(path.join(folder, "kernel.json"))) return undefined;
  rmSync(folder, { recursive: true });
  return folder;
}
