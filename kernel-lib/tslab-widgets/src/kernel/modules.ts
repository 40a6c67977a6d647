import Module from "node:module";
import path from "node:path";
import vm from "node:vm";
import { type HostPackage, hostOf } from "./moduleTypes";

/** Run-time side of imports: host packages from anywhere, their dependencies as a last resort, ES modules. */

type Parent = { filename?: string; id?: string; paths?: string[] };
type Resolve = (request: string, parent: Parent | undefined, ...rest: unknown[]) => string;

/** Lets `require` find the host packages from any folder. The compiler's resolver does the same for types. */
export function installResolution(hosts: readonly HostPackage[]): void {
  const internals = Module as unknown as {
    _resolveFilename: Resolve;
    _nodeModulePaths(folder: string): string[];
  };
  const resolveFilename = internals._resolveFilename;
  const parents = hosts.map(({ folder }) => ({
    id: folder,
    filename: path.join(folder, "package.json"),
    paths: internals._nodeModulePaths(folder),
  }));
  internals._resolveFilename = function (request, parent, ...rest) {
    const host = hostOf(request, hosts);
    if (host) {
      // As the package would import itself, so that its `exports` apply
      const self = { id: host.folder, filename: path.join(host.folder, "package.json"), paths: [] };
      const inside = path.join(host.folder, request.slice(host.name.length));
      return resolveFilename.call(this, host.hasExports ? request : inside, self, ...rest);
    }
    try {
      return resolveFilename.call(this, request, parent, ...rest);
    } catch (error) {
      const missing = (error as { code?: string }).code === "MODULE_NOT_FOUND";
      const relative = request.startsWith(".") || path.isAbsolute(request);
      if (!missing || relative || parent?.filename?.includes("node_modules")) throw error;
      for (const parent of parents) {
        try {
          // Not `createRequire(…).resolve`, which would enter this function again for every host
          return resolveFilename.call(this, request, parent);
        } catch {
          // The next package may have it.
        }
      }
      throw error;
    }
  };
}

const needsImport = new Set(["ERR_REQUIRE_ESM", "ERR_REQUIRE_ASYNC_MODULE", "ERR_PACKAGE_PATH_NOT_EXPORTED"]);

/** A CommonJS module seen as a namespace, as TypeScript's `esModuleInterop` defines it. */
function asNamespace(module: unknown): unknown {
  if ((module as { __esModule?: boolean } | undefined)?.__esModule) return module;
  const object = typeof module === "object" || typeof module === "function" ? module : {};
  return Object.freeze(Object.assign(Object.create(null), object, { default: module }));
}

/**
 * Defines what `import(specifier)` in a cell does. `require` is tried first, so that a module is the same object however it is
 * imported; what only the ES module loader can load is left to it.
 * @param folder of the notebook
 */
export function installImport(folder: string): void {
  const importFromFolder = new vm.Script("(specifier) => import(specifier)", {
    filename: path.join(folder, "cell.js"),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }).runInThisContext() as (specifier: string) => Promise<unknown>;
  const dynamicImport = async (require: (id: string) => unknown, specifier: unknown) => {
    const id = String(specifier);
    try {
      return asNamespace(require(id));
    } catch (error) {
      if (!needsImport.has(String((error as { code?: unknown }).code))) throw error;
      return importFromFolder(id);
    }
  };
  Object.defineProperty(globalThis, Symbol.for("Jupyter.import"), { value: dynamicImport });
}
