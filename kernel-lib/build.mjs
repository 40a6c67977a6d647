// Compiles tslab-widgets, which this package is built on, then the package: TypeScript to dist/, AssemblyScript (assembly/) to
// dist/wasm/.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

function run(script, args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: here, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

run("tslab-widgets/build.mjs", []);
const entry = path.join(here, "assembly/index.ts");
if (existsSync(entry)) {
  mkdirSync(path.join(here, "dist/wasm"), { recursive: true });
  const asc = path.join(path.dirname(require.resolve("assemblyscript/package.json")), "bin/asc.js");
  run(asc, ["assembly/index.ts", "--config", "assembly/asconfig.json"]);
  statSync(path.join(here, "dist/wasm/projection.wasm"));
}
run(require.resolve("typescript/bin/tsc"), ["-p", "tsconfig.json"]);
