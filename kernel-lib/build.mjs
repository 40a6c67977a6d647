// Compiles tslab-widgets, which this package is built on, then the package: TypeScript to dist/, AssemblyScript (assembly/) to
// dist/wasm/. WGSL (shaders/) is copied to dist/shaders/. The readers of atomic models and of HDF5 are bundled with the parts of molstar and h5wasm that they use.
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
const molstar = packageFolder("molstar");
await bundle("atoms/molstarReader", molstar, "LICENSE", {
  "molstar/lib/commonjs": path.join(molstar, "lib"),
});
await bundle("formats/hdf5Module", packageFolder("h5wasm"), "LICENSE.txt", {});

/** Folder of an npm package. */
function packageFolder(name) {
  for (const folder of require.resolve.paths(name)) {
    const found = path.join(folder, name);
    if (existsSync(path.join(found, "package.json"))) return found;
  }
  throw new Error(`${name} is not installed`);
}

/**
 * Replaces a compiled module by one that needs no package, and adds the licence of what it contains.
 * @param name   path of the module below src, without extension
 * @param folder folder of the one npm package that it uses
 * @param alias  names of modules that are taken from elsewhere: ES modules, of which unused parts can be left out
 */
async function bundle(name, folder, licence, alias) {
  const bundled = await rolldown({
    input: path.join(here, `src/${name}.ts`),
    platform: "node",
    resolve: { alias },
  });
  const { output } = await bundled.write({
    file: path.join(here, `dist/${name}.js`),
    format: "cjs",
    minify: true,
  });
  await bundled.close();
  const foreign = output
    .flatMap(({ modules = {} }) => Object.keys(modules))
    .filter((file) => file.includes("node_modules") && !file.startsWith(folder));
  const own = path.basename(folder);
  if (output.length !== 1 || foreign.length > 0) {
    throw new Error(`${name}: expected one file with code of ${own} only, found also ${foreign}`);
  }
  const beside = path.join(here, path.dirname(`dist/${name}`), `LICENSE-${own}.txt`);
  copyFileSync(path.join(folder, licence), beside);
}
