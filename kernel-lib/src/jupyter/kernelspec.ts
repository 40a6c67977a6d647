import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { InputError } from "../errors";

/** Where Jupyter looks for kernels, and what it must find there. */

export const KERNEL_NAME = "e2gmm";
export const KERNEL_DISPLAY_NAME = "TypeScript (e2gmm)";

/** Shown beside the name in launchers: Gaussians along a path. */
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
<rect width="64" height="64" rx="8" fill="#3178c6"/>
<path d="M12 46C24 46 24 18 52 18" fill="none" stroke="#fff" stroke-opacity=".5" stroke-width="3"/>
<g fill="#fff"><circle cx="12" cy="46" r="7"/><circle cx="24" cy="40" r="6" fill-opacity=".85"/>
<circle cx="31" cy="29" r="5" fill-opacity=".7"/><circle cx="40" cy="20" r="6" fill-opacity=".85"/>
<circle cx="52" cy="18" r="7"/></g></svg>
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

export interface InstallOptions extends KernelspecPlace {
  /** The Node that runs the kernel. Default: the one that runs now. */
  node?: string;
  /** Script that starts the kernel. Default: that of this package. */
  launcher?: string;
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
  throw new InputError(
    "--sys-prefix",
    "a Python on the PATH or an active environment is expected; give --prefix instead",
  );
}

/** Folder of the kernelspec in a place. */
export function kernelspecFolder(place: KernelspecPlace = {}): string {
  const given = (["user", "sysPrefix", "prefix"] as const).filter((key) => place[key]);
  if (given.length > 1) throw new InputError("kernel install", "one place is expected", given.join(" and "));
  const data = place.prefix
    ? path.join(path.resolve(place.prefix), "share/jupyter")
    : place.sysPrefix
      ? path.join(pythonPrefix(), "share/jupyter")
      : userDataFolder();
  return path.join(data, "kernels", KERNEL_NAME);
}

/**
 * Checking a cell allocates much that is soon garbage. In the small young generation that Node begins with, the
 * collector takes as long as the compiler.
 */
export const NODE_FLAGS = ["--min-semi-space-size=16", "--max-semi-space-size=32"];

/** The kernelspec, as Jupyter reads it. */
export function kernelspec(node: string, launcher: string): object {
  return {
    argv: [node, ...NODE_FLAGS, launcher, "{connection_file}"],
    display_name: KERNEL_DISPLAY_NAME,
    language: "typescript",
    interrupt_mode: "message",
    metadata: { debugger: false },
  };
}

/**
 * Makes the kernel known to Jupyter.
 * @returns folder of the kernelspec
 * @throws InputError where more than one place is named or the folder cannot be written
 */
export function installKernelspec(options: InstallOptions = {}): string {
  const folder = kernelspecFolder(options);
  const launcher = options.launcher ?? path.resolve(__dirname, "../../bin/e2gmm-kernel.js");
  try {
    mkdirSync(path.dirname(folder), { recursive: true });
    const fresh = mkdtempSync(path.join(path.dirname(folder), `.${KERNEL_NAME}-`));
    // Temporary folders are private; a kernel of an environment is for everybody who may use that.
    chmodSync(fresh, 0o755);
    const spec = kernelspec(options.node ?? process.execPath, launcher);
    writeFileSync(path.join(fresh, "kernel.json"), `${JSON.stringify(spec, null, 2)}\n`);
    writeFileSync(path.join(fresh, "logo-svg.svg"), LOGO);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } catch (error) {
    throw new InputError(folder, `the kernelspec cannot be written: ${(error as Error).message}`);
  }
  return folder;
}

/** @returns folder of the kernelspec that was removed, or undefined where there was none */
export function uninstallKernelspec(place: KernelspecPlace = {}): string | undefined {
  const folder = kernelspecFolder(place);
  if (!existsSync(path.join(folder, "kernel.json"))) return undefined;
  rmSync(folder, { recursive: true });
  return folder;
}
