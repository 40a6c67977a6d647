import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../tests/testing";
import { InputError, StoppedError } from "./errors";
import { serveCalls, WorkerClient } from "./workerCalls";

type TestRequest =
  | { kind: "double"; value: number }
  | { kind: "count"; to: number }
  | { kind: "fail"; how: "input" | "plain" | "clone" | "exit" }
  | { kind: "wait" };

/** The program of the worker thread, which uses the library as built. */
const source = `
const { setTimeout } = require("node:timers/promises");
const { InputError, throwIfStopped } = require(${JSON.stringify(path.join(__dirname, "errors.js"))});
const { serveCalls } = require(${JSON.stringify(path.join(__dirname, "workerCalls.js"))});

serveCalls(async (request, { signal, emit }) => {
  switch (request.kind) {
    case "double":
      return 2 * request.value;
    case "count":
      for (let i = 1; i <= request.to; i++) emit(i);
      return request.to;
    case "fail":
      if (request.how === "input") throw new InputError("file", "a number", "text");
      if (request.how === "exit") process.exit(3);
      if (request.how === "clone") return () => undefined;
      throw new RangeError("too large");
    case "wait":
      for (;;) {
        throwIfStopped(signal);
        await setTimeout(5);
      }
  }
});
`;

function programFile(t: TestContext): string {
  const file = path.join(temporaryFolder(t), "program.js");
  writeFileSync(file, source);
  return file;
}

function client(t: TestContext): WorkerClient<TestRequest, unknown, number> {
  const started = new WorkerClient<TestRequest, unknown, number>(programFile(t), {
    onDeath: (reason) => new Error(`the thread ended: ${reason}`),
  });
  t.onTestFinished(() => started.close(new Error("the test has ended")));
  return started;
}

test("calls are answered with their own results", async (t) => {
  const thread = client(t);
  const calls = [1, 2, 3].map((value) => thread.call({ kind: "double", value }));
  assert.equal(thread.pending, 3);
  assert.deepEqual(await Promise.all(calls), [2, 4, 6]);
  assert.equal(thread.pending, 0);
});

test("events of a call arrive in order and before its result", async (t) => {
  const seen: number[] = [];
  const thread = client(t);
  const result = await thread.call({ kind: "count", to: 4 }, { onEvent: (event) => seen.push(event) });
  assert.deepEqual([seen, result], [[1, 2, 3, 4], 4]);
});

test("errors keep message and class, and the thread goes on", async (t) => {
  const thread = client(t);
  await assert.rejects(thread.call({ kind: "fail", how: "input" }), (error) => {
    assert.ok(error instanceof InputError);
    assert.equal(error.message, "file: expected a number, found text");
    return true;
  });
  await assert.rejects(thread.call({ kind: "fail", how: "plain" }), /^Error: too large$/);
  await assert.rejects(thread.call({ kind: "fail", how: "clone" }), /could not be cloned/);
  assert.equal(await thread.call({ kind: "double", value: 5 }), 10);
});

test("an aborted signal stops the handler of its call only", async (t) => {
  const thread = client(t);
  const controller = new AbortController();
  const waiting = thread.call({ kind: "wait" }, { signal: controller.signal });
  const aborted = thread.call({ kind: "wait" }, { signal: AbortSignal.abort(new Error("too late")) });
  await assert.rejects(aborted, (error) => error instanceof StoppedError && error.message === "too late");
  assert.equal(thread.pending, 1);
  controller.abort(new Error("enough"));
  await assert.rejects(waiting, (error) => error instanceof StoppedError && error.message === "enough");
});

test("a thread that dies fails pending and later calls", async (t) => {
  const thread = client(t);
  const waiting = assert.rejects(thread.call({ kind: "wait" }), /^Error: the thread ended: exit code 3$/);
  const fatal = thread.call({ kind: "fail", how: "exit" });
  await assert.rejects(fatal, /^Error: the thread ended: exit code 3$/);
  await waiting;
  assert.equal(thread.ended, true);
  await assert.rejects(thread.call({ kind: "double", value: 1 }), /the thread ended/);
});

test("closing fails pending and later calls with the given reason", async (t) => {
  const thread = client(t);
  const waiting = assert.rejects(thread.call({ kind: "wait" }), /^Error: not needed$/);
  await thread.close(new Error("not needed"));
  await waiting;
  await assert.rejects(thread.call({ kind: "double", value: 1 }), /^Error: not needed$/);
});

test("an idle thread does not keep the process alive, a busy one does", (t) => {
  const script = `
    const { WorkerClient } = require(${JSON.stringify(path.join(__dirname, "workerCalls.js"))});
    const thread = new WorkerClient(${JSON.stringify(programFile(t))}, { onDeath: (reason) => new Error(reason) });
    thread.call({ kind: "double", value: 4 }).then(console.log);`;
  const { status, stdout } = spawnSync(process.execPath, ["-e", script], {
    encoding: "utf8",
    timeout: 30000,
  });
  assert.deepEqual([status, stdout.trim()], [0, "8"]);
});

test("the main thread cannot serve calls", () => {
  assert.throws(() => serveCalls(() => undefined), /expected a worker thread, found the main thread/);
});
