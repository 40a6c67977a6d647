#!/usr/bin/env node
// Started by Jupyter with the path of a connection file; see the kernelspec that `e2gmm kernel install` writes.
const path = require("node:path");
const { launchKernel } = require("../dist/jupyter/main");

const [connectionFile] = process.argv.slice(2);
if (connectionFile === undefined) {
  process.stderr.write("usage: e2gmm-kernel CONNECTION_FILE\n");
  process.exit(1);
}
launchKernel(connectionFile, path.resolve(__dirname, "..")).catch((error) => {
  process.stderr.write(`kernel: ${error.stack}\n`);
  process.exit(1);
});
