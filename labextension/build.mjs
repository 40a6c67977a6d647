// Builds the extension: TypeScript to lib/, then the bundle that JupyterLab loads to build/labextension/, then the program of
// interactive pages to dist/page/ of the package e2gmm.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { completeReport } from "./licences.mjs";
import { bundlePageProgram } from "./pageProgram.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

function run(script, args, quiet) {
  const stdio = quiet ? ["ignore", "pipe", "pipe"] : "inherit";
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: here,
    stdio,
    encoding: "utf8",
  });
  if (status === 0) return;
  if (quiet) console.error(`${stdout}${stderr}`);
  process.exit(status ?? 1);
}

run(require.resolve("typescript/bin/tsc"), ["-p", "tsconfig.json"]);
// Leftovers of an earlier build would be shipped
rmSync(path.join(here, "build/labextension"), { recursive: true, force: true });
const builder = path.dirname(require.resolve("@jupyter/builder/package.json"));
const core = path.join(
  path.dirname(require.resolve("@jupyterlab/core-meta/package.json")),
  "core.package.json",
);
// Its warnings concern missing licence files, which are added below, and the size of plotly.js and NGL, which are loaded
// on demand
run(path.join(builder, "lib/build-labextension.js"), ["--core-package-file", core, here], true);

const report = path.join(here, "build/labextension/static/third-party-licenses.json");
const complete = completeReport(path.dirname(here), JSON.parse(readFileSync(report, "utf8")));
writeFileSync(report, `${JSON.stringify(complete, null, 2)}\n`);

await bundlePageProgram();
