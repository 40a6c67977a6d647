import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { skipIf } from "../requirement";
import { root } from "./repository";

/** Counts and exit status of `npm test`. */

const summary = path.join(root, "binder/testSummary.mjs");

/** Runs test files with the given bodies as `npm test` does. @returns exit status, output and its last line */
function runTests(t: TestContext, bodies: string[]) {
  mkdirSync(path.join(root, "tests/dist"), { recursive: true });
  const folder = mkdtempSync(path.join(root, "tests/dist/summary-"));
  t.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [i, body] of bodies.entries()) {
    const imports = `import { beforeAll, describe, test } from "vitest"; import assert from "node:assert";`;
    writeFileSync(path.join(folder, `example${i}.test.mjs`), `${imports}\n${body}\n`);
  }
  const program = `import { startVitest } from "vitest/node";
    import { SummaryReporter, Tally } from ${JSON.stringify(summary)};
    const tally = new Tally();
    const reporters = ["default", new SummaryReporter(tally, { root: ${JSON.stringify(folder)}, grace: 1 })];
    const vitest = await startVitest("test", [], { root: ${JSON.stringify(folder)}, config: false, watch: false,
      pool: "forks", testTimeout: 2000, include: ["*.test.mjs"], reporters });
    await vitest.close();
    console.log(tally.closing());
    process.exit(tally.ok ? 0 : 1);`;
  const file = path.join(folder, "run.mjs");
  writeFileSync(file, program);
  const env = { ...process.env, NO_COLOR: "1", VITEST: undefined, VITEST_WORKER_ID: undefined };
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
    encoding: "utf8",
    env,
    cwd: folder,
  });
  return { status, stdout: stdout + stderr, closing: stdout.trimEnd().split("\n").at(-1) };
}

const passing = `test("holds", () => {});`;

test("passing, failing and skipped tests are counted in the last line, with the reasons of the skips", (t) => {
  const { status, stdout, closing } = runTests(t, [
    passing,
    `describe("a suite", () => {
      test("one", () => {});
      test("compares", () => assert.strictEqual(41, 42));
    });
    test("measures", { skip: true, meta: { skipReason: "no GPU adapter" } }, () => {});
    test("asks", (t) => t.skip("no network"));`,
  ]);
  assert.equal(closing, "2 passed, 1 failed, 2 skipped");
  assert.match(stdout, /^ {2}example1\.test\.mjs: a suite > compares$/m);
  assert.match(stdout, /^ {2}example1\.test\.mjs: measures: no GPU adapter$/m);
  assert.match(stdout, /^ {2}example1\.test\.mjs: asks: no network$/m);
  assert.equal(status, 1);
});

test("the exit status is 0 if all tests pass", (t) => {
  const { status, closing } = runTests(t, [passing]);
  assert.equal(closing, "1 passed, 0 failed, 0 skipped");
  assert.equal(status, 0);
});

for (const [how, body] of [
  ["throws while loading", `throw new Error("cannot load");`],
  ["ends its process", `${passing} test("leaves", () => process.exit(0));`],
  ["holds no test", `console.log("nothing to see");`],
  [
    "has a hook that fails",
    `describe("s", () => { beforeAll(() => { throw new Error("no kernel"); }); ${passing} });`,
  ],
  ["waits forever", `test("waits", () => new Promise(() => {}));`],
  ["spins forever", `test("spins", () => { for (;;); });`],
] as const) {
  test(`a test file that ${how} fails the run`, (t) => {
    const { status, closing, stdout } = runTests(t, [passing, body]);
    assert.match(closing ?? "", /^\d+ passed, [1-9]\d* failed, \d+ skipped$/, stdout);
    assert.equal(status, 1);
  });
}

test("on CI no test is skipped because of a missing program that CI installs", (t) => {
  const before = process.env["CI"];
  t.onTestFinished(() => {
    if (before === undefined) delete process.env["CI"];
    else process.env["CI"] = before;
  });
  process.env["CI"] = "true";
  assert.throws(() => skipIf("relion_project is not installed"), /CI may not skip/);
  assert.deepEqual(skipIf("no GPU adapter"), { skip: true, meta: { skipReason: "no GPU adapter" } });
  assert.deepEqual(skipIf(false), { skip: false, meta: {} });
  delete process.env["CI"];
  assert.equal(skipIf("relion_project is not installed").skip, true);
});
