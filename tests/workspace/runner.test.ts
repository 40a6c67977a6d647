import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { root } from "./repository";

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-runner-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs test files of the given bodies with the project's runner. @returns its exit status, output and last line */
function runTests(t: TestContext, bodies: string[], variables: NodeJS.ProcessEnv = {}) {
  const folder = temporaryFolder(t);
  const files = bodies.map((body, i) => {
    const file = path.join(folder, `example${i}.test.js`);
    writeFileSync(
      file,
      `const test = require("node:test"); const assert = require("node:assert");\n${body}\n`,
    );
    return file;
  });
  const env = { ...process.env, CI: "", E2GMM_TEST_TIMEOUT: "", ...variables };
  const { status, stdout } = spawnSync(process.execPath, [path.join(root, "binder/runner.mjs"), ...files], {
    encoding: "utf8",
    env,
  });
  return { status, stdout, closing: stdout.trimEnd().split("\n").at(-1) };
}

const passing = `test("holds", () => {});`;

test("tests that pass are counted, and the exit status is 0", (t) => {
  const suite = `test.describe("a suite", () => { test("one", () => {}); test("two", () => {}); });`;
  const { status, closing } = runTests(t, [passing, suite]);
  assert.equal(closing, "3 passed, 0 failed, 0 skipped");
  assert.equal(status, 0);
});

test("a failing test is shown in full with what its file printed, and fails the run", (t) => {
  const failing = `test("compares", () => { console.log("before it"); assert.strictEqual(41, 42); });`;
  const { status, stdout, closing } = runTests(t, [passing, failing]);
  assert.equal(closing, "1 passed, 1 failed, 0 skipped");
  assert.equal(status, 1);
  assert.match(stdout, /compares/);
  assert.match(stdout, /41 !== 42/);
  assert.match(stdout, /example1\.test\.js:2/);
  assert.match(stdout, /before it/);
});

test("a subtest that fails is counted once, not again for each test around it", (t) => {
  const nested = `test("outer", async (t) => { await t.test("inner", () => { throw new Error("deep"); }); });`;
  const { status, closing } = runTests(t, [nested]);
  assert.equal(closing, "0 passed, 1 failed, 0 skipped");
  assert.equal(status, 1);
});

test("a suite whose hook fails fails the run", (t) => {
  const hook = `test.describe("s", () => { test.before(() => { throw new Error("no kernel"); }); test("one", () => {}); });`;
  const { status, stdout } = runTests(t, [passing, hook]);
  assert.match(stdout, /no kernel/);
  assert.equal(status, 1);
});

for (const [how, body] of [
  ["throws while loading", `throw new Error("cannot load");`],
  ["is not JavaScript", `this is not a program`],
  ["ends itself with an error status", `${passing} test("leaves", () => process.exit(3));`],
  ["ends itself as if all were well", `${passing} test("leaves", () => process.exit(0));`],
  ["is killed", `${passing} test("killed", () => process.kill(process.pid, "SIGKILL"));`],
  ["holds no test", `console.log("nothing to see");`],
] as const) {
  test(`a test file that ${how} fails the run`, (t) => {
    const { status, closing } = runTests(t, [passing, body]);
    assert.match(closing ?? "", /^\d passed, [1-9] failed, 0 skipped$/);
    assert.equal(status, 1);
  });
}

test("a test file that never ends is ended and fails, whether it spins or waits", (t) => {
  const spins = `test("spins", () => { for (;;); });`;
  const waits = `${passing} setInterval(() => {}, 1000);`;
  const { status, stdout, closing } = runTests(t, [spins, waits], { E2GMM_TEST_TIMEOUT: "2" });
  assert.match(stdout, /did not end within 2 s: none of its tests ended/);
  assert.match(stdout, /did not end within 2 s: its last test to end was "holds"/);
  assert.match(closing ?? "", /2 failed, 0 skipped$/);
  assert.equal(status, 1);
});

test("what a test started ends with its file", async (t) => {
  // The test's child holds a connection to us, and would say so if it lived on for a while
  const heard = new Promise<string>((resolve) => {
    const server = net.createServer((socket) => {
      let text = "";
      socket.on("data", (data) => {
        text += data;
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(text));
      server.close();
    });
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      const child = `const s = require("node:net").connect(${port}, "127.0.0.1", () => console.log("up"));
        setTimeout(() => s.end("outlived its test"), 20000);`;
      const leaves = `test("leaves a child", async () => {
        const child = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}]);
        await new Promise((resolve) => child.stdout.once("data", resolve));
        child.unref(); child.stdout.destroy(); child.stderr.destroy(); child.stdin.destroy();
      });`;
      const file = path.join(temporaryFolder(t), "leaves.test.js");
      writeFileSync(file, `const test = require("node:test");\n${leaves}\n`);
      spawn(process.execPath, [path.join(root, "binder/runner.mjs"), file], { stdio: "ignore" });
    });
  });
  assert.equal(await heard, "");
});

test("a run without any test fails", (t) => {
  const { status, stdout, closing } = runTests(t, []);
  assert.match(stdout, /No test ran/);
  assert.equal(closing, "0 passed, 0 failed, 0 skipped");
  assert.equal(status, 1);
});

test("skips are listed with their reasons, and on CI may not be for want of what CI installs", (t) => {
  const skips = `${passing}
    test("compares", { skip: "relion_project is not installed" }, () => {});
    test("on a GPU", (t) => t.skip("no GPU adapter"));`;
  const here = runTests(t, [skips]);
  assert.equal(here.closing, "1 passed, 0 failed, 2 skipped");
  assert.match(here.stdout, /compares: relion_project is not installed/);
  assert.equal(here.status, 0);
  const ci = runTests(t, [skips], { CI: "true" });
  assert.equal(ci.closing, "1 passed, 1 failed, 1 skipped");
  assert.match(ci.stdout, /skipped on CI: relion_project is not installed/);
  assert.equal(ci.status, 1);
});
