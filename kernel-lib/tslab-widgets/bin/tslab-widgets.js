#!/usr/bin/env node
const { main } = require("../dist/cli");

process.exitCode = main(process.argv.slice(2));
