import assert from "node:assert/strict";
import { test } from "vitest";
import { kernelSession, ofType } from "./session";
import { printed, resultText } from "./wireClient";

/** Cells: order of messages, output, variables, queues. */

const session = kernelSession();

test("a cell publishes busy, its input, its result and idle, in this order", async () => {
  const { published, reply } = await session.client.execute("const answer: number = 6 * 7; answer");
  assert.deepEqual(
    published.map(({ type, content }) => content["execution_state"] ?? type),
    ["busy", "execute_input", "execute_result", "idle"],
  );
  const [input] = ofType(published, "execute_input");
  assert.equal(input!.content["code"], "const answer: number = 6 * 7; answer");
  assert.equal(input!.content["execution_count"], reply.content["execution_count"]);
  assert.equal(reply.content["status"], "ok");
  assert.notEqual(reply.header["session"], session.client.session, "the kernel has a session of its own");
});

test("20,000 lines of output arrive completely and in order, before idle", async () => {
  const execution = await session.client.execute("for (let i = 0; i < 20000; i++) console.log('line ' + i);");
  const lines = printed(execution).trimEnd().split("\n");
  assert.equal(lines.length, 20000);
  assert.ok(lines.every((line, i) => line === `line ${i}`));
  assert.equal(execution.published.at(-1)!.content["execution_state"], "idle");
  assert.ok(ofType(execution.published, "stream").length < 2000, "small writes are collected");
});

test("text printed before a long computation appears during it", async () => {
  const id = await session.client.startExecute(
    `console.log("now"); const until = Date.now() + 1500; while (Date.now() < until);`,
  );
  await session.client.until(() => ofType(session.client.publishedFor(id), "stream")[0], "output");
  assert.equal(session.client.publishedFor(id).at(-1)!.type, "stream", "the cell is still computing");
  await session.client.finished(id);
});

test("stdout and stderr keep their order", async () => {
  const { published } = await session.client.execute(
    `console.log("a"); console.error("b"); console.log("c"); process.stdout.write("d");`,
  );
  assert.deepEqual(
    ofType(published, "stream").map(({ content }) => [content["name"], content["text"]]),
    [
      ["stdout", "a\n"],
      ["stderr", "b\n"],
      ["stdout", "c\nd"],
    ],
  );
});

test("output of timers and promises appears at the cell that started them", async () => {
  const first = await session.client.startExecute(
    `setTimeout(() => console.log("from the first"), 400); Promise.resolve().then(() => console.log("then")); 0`,
  );
  await session.client.finished(first);
  const second = await session.client.execute("await new Promise((resolve) => setTimeout(resolve, 800)); 1");
  assert.equal(printed(second), "");
  assert.equal(printed({ published: session.client.publishedFor(first) }), "then\nfrom the first\n");
});

test("variables, functions, classes and types are available in later cells", async () => {
  await session.client.execute(`
    interface Point { x: number; y: number }
    class Shape { constructor(readonly at: Point) {} area(): number { return 0; } }
    function square(n: number): number { return n * n; }
    const origin: Point = { x: 0, y: 0 };`);
  const { reply } = await session.client.execute("const s: Shape = new Shape(origin); s.area() + square(3)");
  assert.equal(reply.content["status"], "ok");
  assert.equal(resultText(await session.client.execute("square(s.at.x + 4)")), "16");
});

test("top-level await accepts any operand, and for await works", async () => {
  assert.equal(resultText(await session.client.execute("const v = await (async () => 5)(); v")), "5");
  assert.equal(
    printed(await session.client.execute("for await (const x of [Promise.resolve(1), 2]) console.log(x);")),
    "1\n2\n",
  );
});

test("a silent cell has no execution count and publishes no result", async () => {
  const count = (await session.client.execute("0")).reply.content["execution_count"];
  const { published } = await session.client.execute("1 + 1", { silent: true });
  assert.deepEqual(
    published.map(({ type }) => type),
    ["status", "status"],
  );
  assert.equal((await session.client.execute("0")).reply.content["execution_count"], count + 1);
});

test("user expressions are evaluated after the cell", async () => {
  const { reply } = await session.client.execute("const u = 20;", {
    user_expressions: { twice: "u * 2", wrong: "nothere" },
  });
  const { twice, wrong } = reply.content["user_expressions"];
  assert.equal(twice.data["text/plain"], "40");
  assert.equal(wrong.status, "error");
});

test("cells queued behind an error are aborted, later ones run", async () => {
  const failing = await session.client.startExecute("throw new Error('stop here')");
  const queued = await session.client.startExecute("console.log('not run')");
  await session.client.finished(failing);
  const { reply, published } = await session.client.finished(queued);
  assert.equal(reply.content["status"], "aborted");
  assert.equal(ofType(published, "stream").length, 0);
  assert.equal(resultText(await session.client.execute("'runs'")), "'runs'");
});

test("with stop_on_error false, queued cells run after an error", async () => {
  const failing = await session.client.startExecute("throw 1", { stop_on_error: false });
  const queued = await session.client.startExecute("'still run'");
  await session.client.finished(failing);
  assert.equal(resultText(await session.client.finished(queued)), "'still run'");
});
