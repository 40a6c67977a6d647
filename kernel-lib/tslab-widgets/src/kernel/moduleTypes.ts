import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import type * as TypeScript from "@tslab/typescript-for-tslab";
import { libraryFile } from "./libraryNames";

/** Finds the declarations of what cells import; modules.ts finds the modules themselves. */

/** A package that cells can import although it is not installed beside the notebook. */
export interface HostPackage {
  name: string;
  folder: string;
  /** Absolute path of its declarations. */
  types: string;
}

interface PackageManifest {
  name: string;
  types?: string;
  main?: string;
  exports?: unknown;
}

/** The declarations that `exports` gives for the package itself, where it does so in the usual form. */
function exportedTypes({ exports }: PackageManifest): string | undefined {
  const root = (exports as Record<string, unknown> | undefined)?.["."] as { types?: unknown } | undefined;
  return typeof root?.types === "string" ? root.types : undefined;
}

/**
 * Reads what a host package says of itself.
 * @throws Error where the folder holds no package.json
 */
export function readHostPackage(folder: string): HostPackage {
  const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as PackageManifest;
  const main = (manifest.main ?? "index.js").replace(/\.js$/, ".d.ts");
  return {
    name: manifest.name,
    folder,
    types: path.join(folder, manifest.types ?? exportedTypes(manifest) ?? main),
  };
}

/** The package that an import names, itself or a file in it. */
export function hostOf(specifier: string, hosts: readonly HostPackage[]): HostPackage | undefined {
  return hosts.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
}

type Resolver = NonNullable<TypeScript.CompilerHost["resolveModuleNameLiterals"]>;

/** Resolves imports to declarations. */
export interface ModuleTypes {
  /** In the form that TypeScript's hosts have it. */
  resolve: Resolver;
  /**
   * Whether a file imports what may change or appear while the notebook is open, and must be resolved again. To say so of
   * every file would make each cell resolve every import of every library: 20 times slower.
   */
  mayChange(file: string): boolean;
}

/** Creates the resolver. @param hosts packages that every file can import */
export function createModuleTypes(
  ts: typeof TypeScript,
  system: TypeScript.System,
  hosts: readonly HostPackage[],
): ModuleTypes {
  const changing = new Set<string>();
  const known = new Map<string, TypeScript.ResolvedModuleFull | undefined>();
  const folder = ts.sys.getCurrentDirectory();
  const caches = new Map<number, TypeScript.ModuleResolutionCache>();

  const isStable = (file: string) =>
    file.includes("/node_modules/") || hosts.some(({ folder }) => file.startsWith(`${folder}/`));

  const lookUp = (name: string, from: string, options: TypeScript.CompilerOptions, stable: boolean) => {
    const kind = options.moduleResolution!;
    let cache = caches.get(kind);
    if (!cache) {
      cache = ts.createModuleResolutionCache(folder, (file) => file, options);
      caches.set(kind, cache);
    }
    return ts.resolveModuleName(name, from, options, system, stable ? cache : undefined).resolvedModule;
  };

  const find = (name: string, from: string, options: TypeScript.CompilerOptions, stable: boolean) => {
    // Packages that name their declarations only under "exports" need the newer algorithm.
    const bundler = { ...options, moduleResolution: ts.ModuleResolutionKind.Bundler };
    const host = hostOf(name, hosts);
    if (host) {
      const found =
        name === host.name
          ? lookUp(host.types.replace(/\.d\.ts$/, ""), from, options, false)
          : lookUp(name, path.join(host.folder, "package.json"), bundler, false);
      return found && { ...found, isExternalLibraryImport: true };
    }
    if (name.startsWith(".")) return lookUp(name, from, options, stable);
    // Node's own modules are declared as ambient modules and have no file.
    if (isBuiltin(name)) return undefined;
    const places = [
      { from, stable },
      ...hosts.map((each) => ({ from: path.join(each.folder, "package.json"), stable: true })),
    ];
    for (const place of places) {
      const found =
        lookUp(name, place.from, options, place.stable) ?? lookUp(name, place.from, bundler, place.stable);
      if (found) return found;
    }
    return undefined;
  };

  return {
    mayChange: (file) => changing.has(file),
    resolve(literals, from, _redirect, options) {
      changing.delete(from);
      const stable = isStable(from);
      return literals.map(({ text }) => {
        const key = `${path.dirname(from)}\0${text}`;
        if (known.has(key)) return { resolvedModule: known.get(key) };
        const resolvedModule = libraryFile(text) ?? find(text, from, options, stable);
        if (stable || resolvedModule?.isExternalLibraryImport || isBuiltin(text))
          known.set(key, resolvedModule);
        else changing.add(from);
        return { resolvedModule };
      });
    },
  };
}
