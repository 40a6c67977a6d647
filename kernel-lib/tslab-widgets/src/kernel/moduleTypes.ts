import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import type * as TypeScript from "@tslab/typescript-for-tslab";
import { libraryFile } from "./libraryNames";

/** Finds the declarations of what cells import; modules.ts finds the modules themselves. */

/** A package that cells can import although it is not installed beside the notebook. */
export interface HostPackage {
  /** Name in imports. */
  name: string;
  /** Absolute path. */
  folder: string;
  /** Absolute path of its declarations. */
  types: string;
  /** Whether its package.json has `exports`; without them any of its files can be imported. */
  hasExports: boolean;
}

interface PackageManifest {
  name: string;
  types?: string;
  main?: string;
  exports?: unknown;
}

/** The declarations that `exports` gives for the package itself, if it has the usual form. */
function exportedTypes({ exports }: PackageManifest): string | undefined {
  const root = (exports as Record<string, unknown> | undefined)?.["."] as { types?: unknown } | undefined;
  return typeof root?.types === "string" ? root.types : undefined;
}

/**
 * Reads the manifest of a host package.
 * @throws Error if the folder holds no package.json
 */
export function readHostPackage(folder: string): HostPackage {
  const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as PackageManifest;
  const main = (manifest.main ?? "index.js").replace(/\.js$/, ".d.ts");
  return {
    name: manifest.name,
    folder,
    types: path.join(folder, manifest.types ?? exportedTypes(manifest) ?? main),
    hasExports: manifest.exports !== undefined,
  };
}

/** The package that an import names, itself or a file in it. */
export function hostOf(specifier: string, hosts: readonly HostPackage[]): HostPackage | undefined {
  return hosts.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
}

type Resolver = NonNullable<TypeScript.CompilerHost["resolveModuleNameLiterals"]>;
type Resolved = TypeScript.ResolvedModuleFull | undefined;

/** The file that contains an import, and its module format. */
interface Importer {
  file: string;
  options: TypeScript.CompilerOptions;
  /** Whether nothing it imports can change while the notebook is open. */
  stable: boolean;
}

/** Resolves imports of cells and libraries to declarations. */
export class ModuleTypes {
  readonly #ts: typeof TypeScript;
  readonly #system: TypeScript.System;
  readonly #hosts: readonly HostPackage[];
  readonly #changing = new Set<string>();
  readonly #known = new Map<string, Resolved>();
  readonly #caches = new Map<number, TypeScript.ModuleResolutionCache>();

  /** @param hosts packages that every file can import */
  constructor(ts: typeof TypeScript, system: TypeScript.System, hosts: readonly HostPackage[]) {
    this.#ts = ts;
    this.#system = system;
    this.#hosts = hosts;
  }

  /**
   * Whether a file imports what may change or appear while the notebook is open, and must be resolved again. To say so of
   * every file would make each cell resolve every import of every library: 20 times slower.
   */
  readonly mayChange = (file: string): boolean => this.#changing.has(file);

  /** In the form that TypeScript's hosts have it. */
  readonly resolve: Resolver = (literals, from, _redirect, options) => {
    this.#changing.delete(from);
    const importer = { file: from, options, stable: this.#isStable(from) };
    return literals.map(({ text }) => {
      const key = `${path.dirname(from)}\0${text}`;
      if (this.#known.has(key)) return { resolvedModule: this.#known.get(key) };
      const resolvedModule = libraryFile(text) ?? this.#find(text, importer);
      if (importer.stable || resolvedModule?.isExternalLibraryImport || isBuiltin(text)) {
        this.#known.set(key, resolvedModule);
      } else {
        this.#changing.add(from);
      }
      return { resolvedModule };
    });
  };

  #isStable(file: string): boolean {
    return file.includes("/node_modules/") || this.#hosts.some(({ folder }) => file.startsWith(`${folder}/`));
  }

  #find(name: string, importer: Importer): Resolved {
    const host = hostOf(name, this.#hosts);
    if (host) return this.#findInHost(name, host, importer);
    if (name.startsWith(".")) return this.#lookUp(name, importer);
    // Node's own modules are declared as ambient modules and have no file.
    if (isBuiltin(name)) return undefined;
    const fromHosts = this.#hosts.map((each) => ({ ...importer, file: manifestOf(each), stable: true }));
    for (const each of [importer, ...fromHosts]) {
      const found = this.#lookUp(name, each) ?? this.#lookUp(name, this.#likeBundler(each));
      if (found) return found;
    }
    return undefined;
  }

  #findInHost(name: string, host: HostPackage, importer: Importer): Resolved {
    const from = { ...importer, stable: false };
    const inside = { ...from, file: manifestOf(host) };
    const rest = name.slice(host.name.length);
    let found: Resolved;
    if (rest === "") found = this.#lookUp(host.types.replace(/\.d\.ts$/, ""), from);
    else if (host.hasExports) found = this.#lookUp(name, this.#likeBundler(inside));
    else found = this.#lookUp(`.${rest}`, inside);
    return found && { ...found, isExternalLibraryImport: true };
  }

  /** Packages that name their declarations only under "exports" need the newer algorithm. */
  #likeBundler(importer: Importer): Importer {
    const { Bundler } = this.#ts.ModuleResolutionKind;
    return { ...importer, options: { ...importer.options, moduleResolution: Bundler } };
  }

  #lookUp(name: string, { file, options, stable }: Importer): Resolved {
    const cache = stable ? this.#cache(options) : undefined;
    return this.#ts.resolveModuleName(name, file, options, this.#system, cache).resolvedModule;
  }

  #cache(options: TypeScript.CompilerOptions): TypeScript.ModuleResolutionCache {
    const kind = options.moduleResolution!;
    const folder = this.#ts.sys.getCurrentDirectory();
    const cache =
      this.#caches.get(kind) ?? this.#ts.createModuleResolutionCache(folder, (file) => file, options);
    this.#caches.set(kind, cache);
    return cache;
  }
}

const manifestOf = ({ folder }: HostPackage) => path.join(folder, "package.json");
