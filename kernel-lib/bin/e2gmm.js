#!/usr/bin/env node
const { main } = require("../dist/cli/main");

main(process.argv.slice(2)).then((code) => process.exit(code));
