import path from "node:path";
import * as kernels from "tslab-widgets/kernelspec";
import { InputError } from "../errors";

/** The kernelspec of this package: what tslab-widgets needs to know of it. */

/** Name by which notebooks refer to the kernel. */
export const KERNEL_NAME = "e2gmm";
/** Name of the kernel in launchers and menus. */
export const KERNEL_DISPLAY_NAME = "TypeScript (e2gmm)";

/** Gaussians along a path. */
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
<rect width="64" height="64" rx="8" fill="#3178c6"/>
<path d="M12 46C24 46 24 18 52 18" fill="none" stroke="#fff" stroke-opacity=".5" stroke-width="3"/>
<g fill="#fff"><circle cx="12" cy="46" r="7"/><circle cx="24" cy="40" r="6" fill-opacity=".85"/>
<circle cx="31" cy="29" r="5" fill-opacity=".7"/><circle cx="40" cy="20" r="6" fill-opacity=".85"/>
<circle cx="52" cy="18" r="7"/></g></svg>
`;

export type { KernelspecPlace } from "tslab-widgets/kernelspec";

/** Options of {@link kernelspec}. */
export interface KernelspecOptions {
  /** The Node that runs the kernel. Default: the one that runs now. */
  node?: string;
  /** Script that starts the kernel. Default: that of this package. */
  launcher?: string;
}

/** Options of {@link installKernelspec}. */
export interface InstallOptions extends kernels.KernelspecPlace, KernelspecOptions {}

function withDefaults<T extends KernelspecOptions>(options: T) {
  const launcher = options.launcher ?? path.resolve(__dirname, "../../bin/e2gmm-kernel.js");
  return { ...options, launcher, name: KERNEL_NAME, displayName: KERNEL_DISPLAY_NAME };
}

/** Calls `fn` and converts its errors about bad input to InputError. */
function asInputError<T>(fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw error instanceof kernels.KernelspecError ? InputError.of(error.message) : error;
  }
}

/** The kernelspec, as Jupyter reads it. */
export function kernelspec(options: KernelspecOptions = {}): kernels.Kernelspec {
  return kernels.kernelspec(withDefaults(options));
}

/**
 * Folder of the kernelspec in a place.
 * @throws InputError if more than one place is named
 */
export function kernelspecFolder(place: kernels.KernelspecPlace = {}): string {
  return asInputError(() => kernels.kernelspecFolder(KERNEL_NAME, place));
}

/**
 * Makes the kernel known to Jupyter.
 * @returns folder of the kernelspec
 * @throws InputError if more than one place is named or the folder cannot be written
 */
export function installKernelspec(options: InstallOptions = {}): string {
  return asInputError(() => kernels.installKernelspec({ ...withDefaults(options), logo: LOGO }));
}

/**
 * Removes the kernelspec.
 * @returns folder of the kernelspec that was removed, or undefined if there was none
 * @throws InputError if more than one place is named
 */
export function uninstallKernelspec(place: kernels.KernelspecPlace = {}): string | undefined {
  return asInputError(() => kernels.uninstallKernelspec(KERNEL_NAME, place));
}
