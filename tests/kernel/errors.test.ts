import assert from "node:assert/strict";
import { test } from "vitest";
import { errorOf, kernelSession, plain, traceback } from "./session";
import { printed, resultText } from "./wireClient";

/** What an error shows. */

const session = kernelSession();

test("a type error shows the compiler's number and message, the line and a mark, once", async () => {
  const { published, reply } = await session.client.execute('let fine = 1;\nconst wrong: number = "text";');
  const error = errorOf(published);
  assert.equal(error.content["ename"], "TypeScriptError");
  assert.match(error.content["evalue"], /^TS2322: Type 'string' is not assignable to type 'number'/);
  assert.match(traceback(error), /cell \d+:2:7 - error TS2322/);
  assert.match(traceback(error), /\n2 const wrong: number = "text";\n {8}~~~~~$/);
  assert.equal(printed({ published }, "stderr"), "");
  assert.deepEqual(reply.content["traceback"], error.content["traceback"]);
});

test("a run-time error names cell and line of every frame, and no compiled code", async () => {
  const definition = await session.client.execute(
    "function fail(): never {\n  throw new RangeError('too far');\n}",
  );
  const where = definition.reply.content["execution_count"];
  const { published, reply } = await session.client.execute("interface Unused { a: 1 }\n\nfail();");
  const text = traceback(errorOf(published));
  assert.match(text, /^RangeError: too far/);
  assert.match(text, new RegExp(`at fail \\(cell ${where}, line 2:9\\)`));
  assert.match(text, new RegExp(`at cell ${reply.content["execution_count"]}, line 3:1`));
  assert.match(text, /> 2 \| {3}throw new RangeError\('too far'\);/);
  assert.doesNotMatch(text, /evalmachine|tslab|dist|jupyter-cell/);
});

test("errors after an await, in a timer and in a rejected promise name their line", async () => {
  const awaited = await session.client.execute("await null;\n\nthrow new Error('late')");
  assert.match(traceback(errorOf(awaited.published)), /line 3:7/);
  const timer = await session.client.execute(
    "setTimeout(() => {\n  throw new Error('in a timer');\n}, 1);\nawait new Promise((r) => setTimeout(r, 100));",
  );
  assert.match(plain(printed(timer, "stderr")), /in a timer[\s\S]*line 2:9/);
  const stray = await session.client.execute(
    "void Promise.reject(new Error('nobody listens'));\nawait new Promise((r) => setTimeout(r, 50));",
  );
  assert.match(plain(printed(stray, "stderr")), /nobody listens/);
});

test("causes and aggregated errors are shown", async () => {
  const { published } = await session.client.execute(
    `throw new Error("outer", { cause: new TypeError("inner") });`,
  );
  assert.match(traceback(errorOf(published)), /outer[\s\S]*TypeError: inner/);
});

for (const [what, code, expected] of [
  ["number", "throw 42", /42/],
  ["undefined", "throw undefined", /undefined/],
  ["object", "throw { code: 7 }", /code: 7/],
  ["proxy whose every trap throws", "throw new Proxy({}, { get() { throw new Error('no'); } })", /./],
] as const) {
  test(`a thrown ${what} is reported as one error`, async () => {
    const { published, reply } = await session.client.execute(code);
    assert.match(errorOf(published).content["evalue"], expected);
    assert.equal(reply.content["status"], "error");
  });
}

test("a cell that exhausts the stack or calls process.exit gets an error, and the kernel survives", async () => {
  const deep = await session.client.execute("function down(): number { return down() + 1; } down()");
  assert.equal(errorOf(deep.published).content["ename"], "RangeError");
  const leave = await session.client.execute("process.exit(3)");
  assert.match(errorOf(leave.published).content["evalue"], /process\.exit\(3\)/);
  assert.equal(resultText(await session.client.execute("'alive'")), "'alive'");
});
