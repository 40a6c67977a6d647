// Bundles the program of interactive pages: the views of this package and the kernel's side of their widgets, to dist/page/ of the
// package `e2gmm`, which writes it into each page (`e2.exportPage`). Part of the build of this package.
//   node labextension/pageProgram.mjs
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { completeReport } from "./licences.mjs";
import { bundleOne } from "./widgetModule.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** Modules that the kernel's side imports and a page has not, and those that draw still pictures. */
const replaced = [/^node:/, /^pngjs$/, /display[\\/]raster(\.js)?$|^\.\/raster$/];

/** Bundles the program. @param {string} [output] folder of the program and its licences */
export async function bundlePageProgram(output = path.join(here, "../kernel-lib/dist/page")) {
  const stub = path.join(here, "lib/page/nodeModules.js");
  await bundleOne({
    entry: path.join(here, "lib/page/page.js"),
    output,
    filename: "program.js",
    // Shaders that are compiled beforehand: the page forbids code that is made from text
    resolve: {
      alias: {
        "plotly.js/lib/scattergl.js": require.resolve("plotly.js/src/traces/scattergl/strict"),
      },
    },
    plugins: ({ NormalModuleReplacementPlugin }) =>
      replaced.map((pattern) => new NormalModuleReplacementPlugin(pattern, stub)),
  });
  const report = path.join(output, "third-party-licenses.json");
  const { packages } = completeReport(path.dirname(here), JSON.parse(readFileSync(report, "utf8")));
  const texts = packages.map(
    ({ name, versionInfo, licenseId, extractedText }) =>
      `${name} ${versionInfo} (${licenseId})\n\n${extractedText.trim()}\n`,
  );
  const own = readFileSync(path.join(path.dirname(here), "LICENSE"), "utf8");
  writeFileSync(
    path.join(output, "licences.txt"),
    [`e2gmm-lab\n\n${own}`, ...texts].join(`\n${"-".repeat(72)}\n\n`),
  );
  rmSync(report);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await bundlePageProgram();
