// npm test: sets up, then runs every check of the project and closes with one line of counts.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { runFiles, Tally } from "./runner.mjs";
import { root, setup } from "./setup.mjs";
import { filesBelow, SetupError } from "./steps.mjs";

const help = `npm test                    set up what is not in place, then lint, type check and every test
npm test -- WORD …          only the test files with one of the words in their path, such as particles or fourier/fft
npm test -- --name PATTERN  only the tests whose name matches the pattern
npm test -- lint types      only lint, only build and type check

A test file has 180 s, one named *.slow.test.ts 600 s; E2GMM_TEST_TIMEOUT sets both. With CI=true a test may not be
skipped for want of RELION, Chromium or Jupyter. Exit status 1 on any failure, and when no test ran.`;

const trees = [
  { sources: "kernel-lib/tslab-widgets/src", compiled: "kernel-lib/tslab-widgets/dist" },
  { sources: "kernel-lib/src", compiled: "kernel-lib/dist" },
  { sources: "labextension/src", compiled: "labextension/lib" },
  { sources: "tests", compiled: "tests/dist" },
];

/** Compiled tests whose source is still there, with the path of that source. */
function testFiles() {
  return trees.flatMap(({ sources, compiled }) =>
    filesBelow(path.join(root, compiled))
      .filter((file) => file.endsWith(".test.js"))
      .map((file) => ({
        file,
        source: path.join(sources, path.relative(path.join(root, compiled), file).replace(/\.js$/, ".ts")),
      }))
      .filter(({ source }) => existsSync(path.join(root, source))),
  );
}

/** One check that is not a test file, shown and counted like one. */
function record(tally, name, failure, started) {
  const took = started === undefined ? "" : `  ${((performance.now() - started) / 1000).toFixed(1)} s`;
  console.log(`${failure === undefined ? "✔" : "✘"} ${name}${took}`);
  if (failure === undefined) tally.passed++;
  else {
    tally.failures.push(name);
    console.log(failure.replace(/^/gm, "    "));
  }
}

function lint(tally) {
  const started = performance.now();
  const bin = JSON.parse(readFileSync(path.join(root, "node_modules/@biomejs/biome/package.json"), "utf8"))
    .bin.biome;
  const args = [path.join(root, "node_modules/@biomejs/biome", bin), "ci", "--colors=off", "."];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  record(tally, "lint (biome ci)", status === 0 ? undefined : `${stdout}${stderr}`.trimEnd(), started);
}

async function main(args) {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(help);
    return true;
  }
  const words = [...args];
  const given = words.indexOf("--name");
  const [, name] = given < 0 ? [] : words.splice(given, 2);
  const unknown = words.find((word) => word.startsWith("-"));
  if (unknown !== undefined || (given >= 0 && !name)) {
    console.error(`npm test: ${unknown ?? "--name"} is not understood\n\n${help}`);
    return false;
  }

  const tally = new Tally();
  let buildError;
  try {
    await setup({
      onBuildError: (error) => {
        buildError = error;
      },
    });
  } catch (error) {
    console.error(error instanceof SetupError ? error.describe() : error);
    tally.failures.push("set-up");
    console.log(tally.closing());
    return false;
  }

  const everything = words.length === 0 && name === undefined;
  if (everything || words.includes("lint")) lint(tally);
  if (everything || words.includes("types") || buildError) {
    record(tally, "types (build)", buildError?.tail.join("\n"));
  }
  const only = words.filter((word) => word !== "lint" && word !== "types");
  const files = testFiles().filter(
    ({ source }) => only.length === 0 || only.some((word) => source.includes(word)),
  );
  const sourceOf = new Map(files.map(({ file, source }) => [file, source]));
  if (everything || only.length > 0 || name !== undefined) {
    await runFiles([...sourceOf.keys()], tally, { cwd: root, name, label: (file) => sourceOf.get(file) });
  }
  console.log(tally.closing());
  return tally.ok;
}

main(process.argv.slice(2)).then(
  (ok) => {
    process.exitCode = ok ? 0 : 1;
  },
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
