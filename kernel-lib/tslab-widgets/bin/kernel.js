// Started by Jupyter: node kernel.js [--package FOLDER]... [--preload MODULE]... CONNECTION_FILE
const module_ = require("node:module");
const { parseArgs } = require("node:util");

// Keeps the compiled form of TypeScript, which is large, from one start to the next. Node 20 cannot.
module_.enableCompileCache?.();

const { launchKernel } = require("../dist/kernel/launch");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { package: { type: "string", multiple: true }, preload: { type: "string", multiple: true } },
});
const [connectionFile] = positionals;
if (connectionFile === undefined) {
  process.stderr.write("usage: kernel.js [--package FOLDER]... [--preload MODULE]... CONNECTION_FILE\n");
  process.exit(1);
}
launchKernel(connectionFile, { packages: values.package, preload: values.preload }).catch((error) => {
  process.stderr.write(`kernel: ${error.stack}\n`);
  process.exit(1);
});
