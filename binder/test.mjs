// npm test: sets up, then runs every check of the project and closes with one line of counts.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { root, setup } from "./setup.mjs";
import { SetupError } from "./steps.mjs";
import { SummaryReporter, Tally } from "./testSummary.mjs";

const help = `npm test                    set up what is not in place, then lint, type check and every test
npm test -- WORD …          only the test files with one of the words in their path, such as particles or fourier/fft
npm test -- --name PATTERN  only the tests whose name matches the pattern
npm test -- --coverage      with the share of the code that the tests run
npm test -- lint types      only lint, only build and type check
npm run watch -- WORD …     run the tests of a change as soon as it is saved, without build

A test has 180 s, one of a file named *.slow.test.ts 600 s; E2GMM_TEST_TIMEOUT sets both. With CI=true a test may not be
skipped for want of RELION, Chromium or Jupyter. Exit status 1 on any failure, and when no test ran.`;

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

/** Types of the tests, which are not built: Vitest runs them from their sources. */
function checkTypes(tally, buildError) {
  const started = performance.now();
  const args = [path.join(root, "node_modules/typescript/bin/tsc"), "-p", "tests/tsconfig.check.json"];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  const failure = buildError?.tail.join("\n") ?? (status === 0 ? undefined : stdout.trimEnd());
  record(tally, "types (build, tests)", failure, started);
}

/** Runs the test files whose path contains one of the words, all if there are none. */
async function runTests(tally, words, { name, coverage }) {
  // On CI Vitest would write colours into the log
  if (!process.stdout.isTTY) process.env["NO_COLOR"] ??= "1";
  const { startVitest } = await import("vitest/node");
  const vitest = await startVitest("test", words, {
    config: path.join(root, "tests/vitest.config.mts"),
    root,
    run: true,
    watch: false,
    ...(name !== undefined && { testNamePattern: name }),
    ...(coverage && { coverage: { enabled: true } }),
    reporters: ["default", new SummaryReporter(tally, { root, named: name !== undefined })],
  });
  await vitest?.close();
}

async function main(args) {
  let given;
  try {
    given = parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        name: { type: "string" },
        coverage: { type: "boolean" },
      },
    });
  } catch (error) {
    console.error(`npm test: ${error.message}\n\n${help}`);
    return false;
  }
  const { values, positionals: words } = given;
  if (values.help) {
    console.log(help);
    return true;
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

  const everything = words.length === 0 && values.name === undefined;
  if (everything || words.includes("lint")) lint(tally);
  if (everything || words.includes("types") || buildError) checkTypes(tally, buildError);
  const only = words.filter((word) => word !== "lint" && word !== "types");
  if (everything || only.length > 0 || values.name !== undefined) await runTests(tally, only, values);
  console.log(tally.closing());
  return tally.ok;
}

main(process.argv.slice(2)).then(
  (ok) => process.exit(ok ? 0 : 1),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
