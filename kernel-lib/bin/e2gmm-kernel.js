#!/usr/bin/env node
// Started by Jupyter with the path of a connection file; see the kernelspec that `e2gmm kernel install` writes.
const module_ = require("node:module");
const path = require("node:path");

// Keeps the compiled form of TypeScript, which is large, from one start to the next. Node 20 cannot.
module_.enableCompileCache?.();

const { launchKernel } = require("../dist/jupyter/main");

const [connectionFile] = process.argv.slice(2);
if (connectionFile === undefined) {
  process.stderr.write("usage: e2gmm-kernel CONNECTION_FILE\n");
  process.exit(1);
}
launchKernel(connectionFile, { packages: [path.resolve(__dirname, "..")] }).catch((error) => {
  process.stderr.write(`kernel: ${error.stack}\n`);
  process.exit(1);
});
