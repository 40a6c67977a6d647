import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";

/** Packages that a module imports statically, itself or through modules of ours. */
function staticPackages(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const source = readFileSync(file, "utf8");
  const imports = [...source.matchAll(/^(?:import|export) (?!type )(?:[^;"]* from )?"([^"]+)";/gm)];
  return imports.flatMap(([, from]) =>
    from!.startsWith(".")
      ? staticPackages(path.resolve(path.dirname(file), from!.replace(/\.js$/, ".ts")), seen)
      : [from!],
  );
}

test("the entry of the extension imports only what every front end with ipywidgets has", () => {
  assert.deepEqual(staticPackages(path.join(import.meta.dirname, "plugin.ts")), ["@jupyter-widgets/base"]);
});
