// Bundles the widget classes to dist/index.js, an AMD module. Front ends without the prebuilt extension (VS Code, Colab,
// nbviewer, exported HTML pages) load it from a CDN as PACKAGE@VERSION/dist/index.js with RequireJS, as the HTML manager
// of ipywidgets does. `npm pack` and `npm publish` run it after the build:
//   node labextension/widgetModule.mjs
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/**
 * Bundles an entry and all its imports into one AMD module, `index.js`, and writes the licences of the bundled packages to
 * `third-party-licenses.json` beside it.
 * @param {object} options
 * @param {string} options.entry  path of a module, or name of an installed package
 * @param {string} options.output folder for both files
 * @param {string[]} [options.externals] modules provided by the page's loader
 * @throws Error with the bundler's errors
 */
export function bundleAmd({ entry, output, externals = [] }) {
  return bundleOne({ entry, output, filename: "index.js", library: { type: "amd" }, externals });
}

/**
 * Bundles an entry and all its imports into one file, and writes the licences of the bundled packages beside it. A script loaded by
 * RequireJS, or written into a page, does not know its own URL and could not load chunks.
 * @param {object} options
 * @param {string} options.filename name of the file
 * @param {object} [options.library] what the file exports, as the bundler has it. Default: nothing
 * @param {(rspack: object) => object[]} [options.plugins] further plugins. Default: none
 * @param {object} [options.resolve] how imports are found. Default: as the bundler does
 */
export async function bundleOne({
  entry,
  output,
  filename,
  library,
  externals = [],
  plugins = () => [],
  resolve,
}) {
  // The bundler of the prebuilt extension, with its rules for styles and icons
  const fromBuilder = createRequire(require.resolve("@jupyter/builder/package.json"));
  const { rspack } = fromBuilder("@rspack/core");
  const { WPPlugin } = require("@jupyter/builder/lib/webpack-plugins");
  const base = require("@jupyter/builder/lib/webpack.config.base");
  const { name } = require("./package.json");
  for (const file of [filename, "third-party-licenses.json"]) {
    rmSync(path.join(output, file), { force: true });
  }
  const compiler = rspack({
    ...base,
    mode: "production",
    devtool: false,
    context: here,
    entry,
    output: { ...base.output, path: output, filename, ...(library && { library }), publicPath: "" },
    externals,
    ...(resolve && { resolve: { ...base.resolve, ...resolve } }),
    performance: { hints: false },
    plugins: [
      ...base.plugins,
      // Otherwise UMD packages would register themselves with RequireJS instead of exporting to their importer
      new rspack.DefinePlugin({ "typeof define": '"undefined"' }),
      new rspack.optimize.LimitChunkCountPlugin({ maxChunks: 1 }),
      new WPPlugin.JSONLicenseWebpackPlugin({ excludedPackageTest: (bundled) => bundled === name }),
      ...plugins(rspack),
    ],
    resolveLoader: { modules: [path.resolve(fromBuilder.resolve("css-loader/package.json"), "../..")] },
  });
  const run = (act) =>
    new Promise((resolve, reject) => {
      act((error, result) => (error ? reject(error) : resolve(result)));
    });
  try {
    const stats = await run((done) => compiler.run(done));
    if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
  } finally {
    await run((done) => compiler.close(done));
  }
}

/** Bundles the compiled widget classes. @param {string} [output] folder of the bundle */
export function bundleWidgetModule(output = path.join(here, "dist")) {
  // Every widget loader provides ipywidgets' base package, and no other
  return bundleAmd({
    entry: path.join(here, "lib/widgets.js"),
    output,
    externals: ["@jupyter-widgets/base"],
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await bundleWidgetModule();
