// Runs compiled examples in the working folder; examples.mjs starts it: node runExamples.mjs JOBS RESULTS FIXTURE
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { root } from "./publicSymbols.mjs";

const [jobs, results, fixture] = process.argv.slice(2);
const require = createRequire(path.join(root, "kernel-lib/package.json"));
const AsyncFunction = (async () => {}).constructor;
const inputs = [
  "particles.star",
  "particles.mrcs",
  "consensus.mrc",
  "half1.mrc",
  "half2.mrc",
  "mask.mrc",
  "neutral.txt",
];
const before = inputs.map((name) => readFileSync(path.join(fixture, name)));

// What an example prints is of no interest here
console.log = () => {};
require("e2gmm");

const done = [];
for (const { place, code } of JSON.parse(readFileSync(jobs, "utf8"))) {
  const started = performance.now();
  let error;
  try {
    await new AsyncFunction("exports", "require", code)({}, require);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.stack.split("\n").slice(0, 4).join("\n    ") : String(thrown);
  }
  const ms = performance.now() - started;
  const changed = inputs.filter((name, i) => !readFileSync(name, { flag: "a+" }).equals(before[i]));
  if (changed.length > 0) {
    error ??= `it changed ${changed.join(", ")}`;
    for (const name of changed) cpSync(path.join(fixture, name), name);
  }
  done.push({ place, error, ms });
  writeFileSync(results, JSON.stringify(done));
}
process.exit(0);
