// Compiles tslab-widgets, which this package is built on, then the package: TypeScript to dist/, AssemblyScript (assembly/) to
// dist/wasm/. WGSL (shaders/) is copied to dist/shaders/. The reader of atomic models is bundled with the parts of molstar that it uses.
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

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
  for (const [source, target] of [
    ["index", "projection"],
    ["networks", "networks"],
  ]) {
    run(asc, [`assembly/${source}.ts`, "--config", "assembly/asconfig.json", "--target", target]);
    statSync(path.join(here, `dist/wasm/${target}.wasm`));
  }
}
rmSync(path.join(here, "dist/shaders"), { recursive: true, force: true });
cpSync(path.join(here, "shaders"), path.join(here, "dist/shaders"), { recursive: true });
run(require.resolve("typescript/bin/tsc"), ["-p", "tsconfig.json"]);
await bundleReader();

/** Replaces the compiled `atoms/molstarReader.js` by one that needs no package, and adds the licence of what it contains. */
async function bundleReader() {
  const molstar = path.dirname(require.resolve("molstar/package.json"));
  const bundle = await rolldown({
    input: path.join(here, "src/atoms/molstarReader.ts"),
    platform: "node",
    // Its ES modules, of which unused parts can be left out
    resolve: { alias: { "molstar/lib/commonjs": path.join(molstar, "lib") } },
  });
  const file = path.join(here, "dist/atoms/molstarReader.js");
  const { output } = await bundle.write({ file, format: "cjs", minify: true });
  await bundle.close();
  const foreign = output
    .flatMap(({ modules = {} }) => Object.keys(modules))
    .filter((name) => name.includes("node_modules") && !name.startsWith(molstar));
  if (output.length !== 1 || foreign.length > 0) {
    throw new Error(`molstarReader: expected one file with code of molstar only, found also ${foreign}`);
  }
  copyFileSync(path.join(molstar, "LICENSE"), path.join(here, "dist/atoms/LICENSE-molstar.txt"));
}
