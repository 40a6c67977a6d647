import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type * as TypeScript from "@tslab/typescript-for-tslab";

/** Loads tslab's converter and the TypeScript that it is built on. */

/** The TypeScript module that cells are checked with. */
export type Ts = typeof TypeScript;

const tslabRequire = createRequire(require.resolve("tslab/package.json"));
const typescriptPath = tslabRequire.resolve("@tslab/typescript-for-tslab");

let typescript: Ts | undefined;

/** The TypeScript that cells are checked with. Loading it takes a moment. */
export function loadTypeScript(): Ts {
  typescript ??= tslabRequire("@tslab/typescript-for-tslab") as Ts;
  return typescript;
}

/**
 * Loads tslab's converter over a TypeScript module in which some functions are replaced; the converter has no options for
 * what they do.
 */
export function loadConverter(replacements: Partial<Ts>): typeof import("tslab/dist/converter") {
  const ts = loadTypeScript();
  const facade: object = Object.create(null);
  for (const key of Object.keys(ts) as (keyof Ts)[]) {
    Object.defineProperty(facade, key, {
      enumerable: true,
      configurable: true,
      get: () => replacements[key] ?? ts[key],
    });
  }
  const cached = require.cache[typescriptPath]!;
  const original = cached.exports;
  cached.exports = facade;
  try {
    // An earlier import of it got the plain module.
    delete require.cache[tslabRequire.resolve("./dist/converter")];
    return tslabRequire("./dist/converter");
  } finally {
    cached.exports = original;
  }
}

/** Compiler options that find Node's declarations where npm has put them; tslab looks only beside the notebook and in its own folder. */
export function nodeTypeOptions(options: TypeScript.CompilerOptions): TypeScript.CompilerOptions {
  const roots = (options.typeRoots ?? []).filter((root) => existsSync(path.join(root, "node")));
  if (roots.length > 0) return {};
  const nodeTypes = path.dirname(tslabRequire.resolve("@types/node/package.json"));
  return { typeRoots: [...(options.typeRoots ?? []), path.dirname(nodeTypes)], types: ["node"] };
}
