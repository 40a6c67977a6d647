import assert from "node:assert/strict";
import { test } from "vitest";
import { kernelSession } from "./session";
import { resultText } from "./wireClient";

/** Interrupts must come through within a second; the rest is slack for a slow machine. */
const limitMs = 5000;

const session = kernelSession();

/** Runs code that prints "go" and never ends, interrupts it, and returns the milliseconds until it had ended. */
async function interruptAfterGo(code: string) {
  const id = await session.client.startExecute(code);
  await session.client.until(
    () =>
      session.client
        .publishedFor(id)
        .find(({ type, content }) => type === "stream" && /go/.test(content["text"])),
    "output",
  );
  const begun = performance.now();
  const reply = await session.client.interrupt();
  assert.equal(reply.type, "interrupt_reply");
  assert.equal(reply.content["status"], "ok");
  const execution = await session.client.finished(id, limitMs);
  const took = performance.now() - begun;
  const errors = execution.published.filter(({ type }) => type === "error");
  assert.equal(errors.length, 1);
  assert.equal(errors[0]!.content["ename"], "Interrupted");
  assert.equal(execution.reply.content["status"], "error");
  const next = await session.client.execute("6 * 7");
  assert.equal(resultText(next), "42");
  return { took, execution };
}

test("interrupt breaks a synchronous loop, and the next cell runs", async () => {
  await interruptAfterGo(`console.log("go"); for (;;) {}`);
});

test("finally blocks of an interrupted loop run", async () => {
  await session.client.execute("let cleaned = false;");
  await interruptAfterGo(`console.log("go"); try { while (true); } finally { cleaned = true; }`);
  const { published } = await session.client.execute("cleaned");
  assert.equal(
    published.find(({ type }) => type === "execute_result")?.content["data"]["text/plain"],
    "true",
  );
});

test("interrupt breaks a loop after an await", async () => {
  await interruptAfterGo(
    `await new Promise((resolve) => setTimeout(resolve, 5)); console.log("go"); let n = 0; while (true) n++;`,
  );
});

test("interrupt breaks recursion without a loop after an await", async () => {
  await interruptAfterGo(
    `const fib = (n: number): number => (n < 2 ? n : fib(n - 1) + fib(n - 2)); await null; console.log("go"); fib(80);`,
  );
});

test("interrupt ends a cell that awaits a promise that never settles", async () => {
  await interruptAfterGo(`console.log("go"); await new Promise(() => setInterval(() => {}, 1000));`);
});

test("interrupt ends an endless loop of awaits, and nothing of it continues in the background", async () => {
  await interruptAfterGo(
    `let turns = 0; console.log("go"); for (;;) { await new Promise((resolve) => setTimeout(resolve, 5)); turns++; }`,
  );
  const first = resultText(await session.client.execute("1"));
  assert.equal(first, "1");
});

test("library work stops at its next step by the signal of the cell, and the cell gets its result", async () => {
  const { execution } = await interruptAfterGo(`
    async function train(): Promise<string> {
      const signal = (globalThis as any)[Symbol.for("Jupyter.interrupt")] as AbortSignal;
      console.log("go");
      while (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5));
      console.log("checkpoint written");
      return "half a model";
    }
    const model = await train();`);
  assert.match(
    execution.published.map(({ content }) => content["text"] ?? "").join(""),
    /go\ncheckpoint written/,
  );
  assert.equal(resultText(await session.client.execute("model")), "'half a model'");
});

test("a library that polls the signal without returning to the event loop sees the interrupt", async () => {
  // The loop is in a string, so that the kernel compiles no check into it.
  await session.client.execute(
    `const spin = new Function("signal", "console.log('go'); while (!signal.aborted);") as (s: AbortSignal) => void;`,
  );
  await interruptAfterGo(`await null; spin((globalThis as any)[Symbol.for("Jupyter.interrupt")]);`);
});

test("interrupt breaks a synchronous library call below a cell", async () => {
  await session.client.execute(`const stuck = new Function("console.log('go'); for (;;);");`);
  await interruptAfterGo("stuck();");
});

test("interrupt breaks a loop in a comm handler", async () => {
  await session.client.execute(`
    const comms = (globalThis as any)[Symbol.for("Jupyter.comms")];
    comms.registerTarget("spin", (comm: any) => comm.onMessage(() => { console.log("go"); for (;;) {} }));`);
  await session.client.send(session.client.shell, "comm_open", {
    comm_id: "spin1",
    target_name: "spin",
    data: {},
  });
  const id = await session.client.send(session.client.shell, "comm_msg", { comm_id: "spin1", data: {} });
  await session.client.until(
    () => session.client.publishedFor(id).find(({ type }) => type === "stream"),
    "output",
  );
  await session.client.interrupt();
  await session.client.idle(id, limitMs);
  assert.equal(resultText(await session.client.execute("1 + 1")), "2");
});

test("interrupt breaks library code in a comm handler", async () => {
  await session.client.execute(
    `comms.registerTarget("stick", (comm: any) => comm.onMessage(() => { stuck(); }));`,
  );
  await session.client.send(session.client.shell, "comm_open", {
    comm_id: "stick1",
    target_name: "stick",
    data: {},
  });
  const id = await session.client.send(session.client.shell, "comm_msg", { comm_id: "stick1", data: {} });
  await session.client.until(
    () => session.client.publishedFor(id).find(({ type }) => type === "stream"),
    "output",
  );
  await session.client.interrupt();
  await session.client.idle(id, limitMs);
  assert.equal(resultText(await session.client.execute("2 + 2")), "4");
});

test("SIGINT interrupts a cell like an interrupt_request", async () => {
  // Printed after an await: at the moment at which the script of a cell ends, a signal can be lost.
  const id = await session.client.startExecute(
    `await new Promise(setImmediate); console.log("go"); await new Promise(() => {});`,
  );
  await session.client.until(
    () => session.client.publishedFor(id).find(({ type }) => type === "stream"),
    "output",
  );
  // Repeated, as from a terminal: within a second of a signal that the kernel has sent itself it may be taken for that one.
  const signal = () => session.kernel.process.kill("SIGINT");
  signal();
  const again = setInterval(signal, 1500);
  const { reply } = await session.client.finished(id, limitMs).finally(() => clearInterval(again));
  assert.equal(reply.content["ename"], "Interrupted");
});

test("an interrupt while nothing runs does not affect later cells", async () => {
  await session.client.interrupt();
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(
    resultText(await session.client.execute("let k = 0; for (let i = 0; i < 10; i++) k += i; k")),
    "45",
  );
});

test("queued cells are aborted by an interrupt", async () => {
  const running = await session.client.startExecute(`console.log("go"); for (;;) {}`);
  const queued = await session.client.startExecute(`console.log("must not run")`);
  await session.client.until(
    () => session.client.publishedFor(running).find(({ type }) => type === "stream"),
    "output",
  );
  await session.client.interrupt();
  const { reply, published } = await session.client.finished(queued, limitMs);
  assert.equal(reply.content["status"], "aborted");
  assert.ok(!published.some(({ type }) => type === "stream"));
});
