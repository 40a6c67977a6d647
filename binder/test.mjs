// npm test: sets up, runs all checks and prints a summary.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { root, setup } from "./setup.mjs";
import { SetupError } from "./steps.mjs";
import { SummaryReporter, Tally } from "./testSummary.mjs";

const help = `npm test                    set-up, lint, type check and all tests
npm test -- WORD …          only test files with one of the words in their path, such as particles or fourier/fft
npm test -- --name PATTERN  only tests whose name matches the pattern
npm test -- --coverage      also measure code coverage
npm test -- lint types      only lint, only build and type check
npm run watch -- WORD …     rerun affected tests after each save, without a build

The time limit of a test is 180 s, in *.slow.test.ts files 600 s; E2GMM_TEST_TIMEOUT sets both. With CI=true, tests fail
instead of being skipped if RELION, Chromium or Jupyter is missing. Exit status 1 on any failure, or if no test ran.`;

/** Prints and counts a check that is not a test file. */
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

/** Type-checks the tests, which are not built: Vitest runs them from their sources. */
function checkTypes(tally, buildError) {
  const started = performance.now();
  const args = [path.join(root, "node_modules/typescript/bin/tsc"), "-p", "tests/tsconfig.check.json"];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  const failure = buildError?.tail.join("\n") ?? (status === 0 ? undefined : stdout.trimEnd());
  record(tally, "types (build, tests)", failure, started);
}

/** Runs the test files whose path contains one of the words, or all files without words. */
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
