import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, describe, type TestContext, test } from "vitest";
import { importBinder, root } from "./repository";

interface Step {
  name: string;
  stamp: string;
  inputs: () => string;
  outputs?: string[];
  adopt?: () => boolean;
  run: () => Promise<void>;
}

interface Steps {
  runStep(step: Step, progress: object): Promise<boolean>;
  command(program: string, args: string[]): Promise<string>;
  SetupError: new (...args: never[]) => Error & { describe(): string };
}

interface Setup {
  holdsLockedPackages(lock: string, installed: string): boolean;
  pruneOrphans(sources: string, compiled: string): void;
}

interface Start {
  parseArguments(args: string[], cwd: string): { execute: boolean; variables: object; passed: string[] };
}

const silent = { begin() {}, say() {}, end() {} };
let steps: Steps;
let setup: Setup;
let start: Start;

beforeAll(async () => {
  steps = await importBinder<Steps>("steps.mjs");
  setup = await importBinder<Setup>("setup.mjs");
  start = await importBinder<Start>("start.mjs");
});

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), "e2gmm-setup-"));
  t.onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A step that counts its runs; `inputs` and `fail` may be changed between runs. */
function countingStep(t: TestContext) {
  const where = folder(t);
  const state = { inputs: "a", fail: false, runs: 0, output: path.join(where, "output") };
  const step: Step = {
    name: "example",
    stamp: path.join(where, "stamp"),
    outputs: [state.output],
    inputs: () => state.inputs,
    run: async () => {
      state.runs++;
      writeFileSync(state.output, "half");
      if (state.fail) throw new Error("no network");
    },
  };
  return { state, step, run: () => steps.runStep(step, silent) };
}

describe("a step of the set-up", () => {
  test("does not run again after it finished, until its inputs change", async (t) => {
    const { state, run } = countingStep(t);
    assert.equal(await run(), true);
    assert.equal(await run(), false);
    assert.equal(state.runs, 1);
  });

  test("runs again when its inputs change or its output is deleted", async (t) => {
    const { state, run } = countingStep(t);
    await run();
    state.inputs = "b";
    assert.equal(await run(), true);
    rmSync(state.output);
    assert.equal(await run(), true);
    assert.equal(await run(), false);
  });

  test("that failed is not up to date, even if it was before", async (t) => {
    const { state, step, run } = countingStep(t);
    await run();
    state.inputs = "b";
    state.fail = true;
    await assert.rejects(run(), /no network/);
    assert.equal(existsSync(step.stamp), false);
    state.inputs = "a";
    state.fail = false;
    assert.equal(await run(), true);
  });

  test("runs once more if its inputs changed during the run", async (t) => {
    const { state, step, run } = countingStep(t);
    const original = step.run;
    step.run = async () => {
      await original();
      state.inputs = "edited meanwhile";
    };
    await run();
    step.run = original;
    assert.equal(await run(), true);
    assert.equal(await run(), false);
  });
});

test("a failed program is reported with the first and last lines of its output", async () => {
  const script =
    "for (let i = 0; i < 100; i++) console.log('line ' + i); console.error('the reason'); process.exit(3)";
  await assert.rejects(steps.command(process.execPath, ["-e", script]), (error) => {
    assert.ok(error instanceof steps.SetupError);
    assert.match(error.describe(), /exit status 3/);
    assert.match(error.describe(), /line 4\n.*…\n.*line \d\d\n/);
    assert.match(error.describe(), /line 98\n.*line 99\n/);
    assert.match(error.describe(), /the reason/);
    assert.doesNotMatch(error.describe(), /line 50\n/);
    return true;
  });
});

test("node_modules counts as installed only if it holds exactly the locked packages and versions", () => {
  const json = (packages: object) => JSON.stringify({ packages });
  const lock = {
    "": {},
    "node_modules/a": { version: "1.0.0", integrity: "x" },
    "node_modules/other-system": { version: "1.0.0", integrity: "y", optional: true },
  };
  const a = lock["node_modules/a"];
  const holds = (installed: object) => setup.holdsLockedPackages(json(lock), json(installed));
  assert.equal(holds({ "node_modules/a": a }), true);
  assert.equal(holds({}), false);
  assert.equal(holds({ "node_modules/a": { ...a, version: "1.0.1" } }), false);
  assert.equal(holds({ "node_modules/a": a, "node_modules/more": a }), false);
});

test("only outputs of deleted sources are removed before the build", (t) => {
  const where = folder(t);
  const files = ["src/kept.ts", "dist/kept.js", "dist/kept.d.ts", "dist/kept.js.map", "dist/engine.wasm"];
  const orphans = ["dist/deep/gone.test.js", "dist/deep/gone.test.d.ts", "dist/deep/gone.test.js.map"];
  for (const file of [...files, ...orphans]) {
    mkdirSync(path.dirname(path.join(where, file)), { recursive: true });
    writeFileSync(path.join(where, file), "");
  }
  setup.pruneOrphans(path.join(where, "src"), path.join(where, "dist"));
  for (const file of files) assert.ok(existsSync(path.join(where, file)), `${file} was removed`);
  for (const file of orphans) assert.ok(!existsSync(path.join(where, file)), `${file} is still there`);
});

test("npm start passes variables to a notebook, with paths relative to the user's folder", (t) => {
  const where = folder(t);
  writeFileSync(path.join(where, "my particles.star"), "");
  const asked = start.parseArguments(
    ["--execute", "--set", "particles=my particles.star", "--set=EPOCHS=3"],
    where,
  );
  assert.equal(asked.execute, true);
  assert.deepEqual(asked.variables, {
    E2GMM_PARTICLES: path.join(where, "my particles.star"),
    E2GMM_EPOCHS: "3",
  });
  assert.throws(() => start.parseArguments(["--set", "particles"], where), /NAME=VALUE/);
  assert.throws(() => start.parseArguments(["--execute", "--prot", "1"], where), /does not know --prot 1/);
  assert.deepEqual(start.parseArguments(["--port", "8899"], where).passed, ["--port", "8899"]);
});

test("after the set-up every step is up to date", (t) => {
  if (!existsSync(path.join(root, ".venv/.e2gmm-lab-ready"))) {
    t.skip("the Jupyter environment has not been set up (npm test does)");
    return;
  }
  const { status, stdout } = spawnSync(process.execPath, [path.join(root, "binder/setup.mjs"), "--check"], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stdout);
  assert.doesNotMatch(stdout, /missing/);
});
