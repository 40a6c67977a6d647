import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { Router } from "zeromq";
import {
  KernelProcess,
  kernelArgv,
  printed,
  resultText,
  type WireClient,
  type WireMessage,
} from "./wireClient";

let folder: string;
let kernel: KernelProcess;
let client: WireClient;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "kernel-notebook-"));
  kernel = await KernelProcess.start({ cwd: folder });
  client = await kernel.client();
});
afterAll(async () => {
  await kernel.stop();
  rmSync(folder, { recursive: true, force: true });
});

function ofType(messages: WireMessage[], type: string): WireMessage[] {
  return messages.filter((message) => message.type === type);
}

function errorOf(messages: WireMessage[]): WireMessage {
  const errors = ofType(messages, "error");
  assert.equal(errors.length, 1, "exactly one error is published");
  return errors[0]!;
}

const plain = (text: string) => text.replace(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g"), "");
const traceback = (message: WireMessage) => plain(message.content["traceback"].join("\n"));

// ---- cells

test("a cell is busy, shows its input and its result, and is idle, in this order", async () => {
  const { published, reply } = await client.execute("const answer: number = 6 * 7; answer");
  assert.deepEqual(
    published.map(({ type, content }) => content["execution_state"] ?? type),
    ["busy", "execute_input", "execute_result", "idle"],
  );
  const [input] = ofType(published, "execute_input");
  assert.equal(input!.content["code"], "const answer: number = 6 * 7; answer");
  assert.equal(input!.content["execution_count"], reply.content["execution_count"]);
  assert.equal(reply.content["status"], "ok");
  assert.notEqual(reply.header["session"], client.session, "the kernel has a session of its own");
});

test("output of 20,000 lines arrives whole, in order, and idle follows", async () => {
  const execution = await client.execute("for (let i = 0; i < 20000; i++) console.log('line ' + i);");
  const lines = printed(execution).trimEnd().split("\n");
  assert.equal(lines.length, 20000);
  assert.ok(lines.every((line, i) => line === `line ${i}`));
  assert.equal(execution.published.at(-1)!.content["execution_state"], "idle");
  assert.ok(ofType(execution.published, "stream").length < 2000, "small writes are gathered");
});

test("what is printed before a long computation is seen during it", async () => {
  const id = await client.startExecute(
    `console.log("now"); const until = Date.now() + 1500; while (Date.now() < until);`,
  );
  await client.until(() => ofType(client.publishedFor(id), "stream")[0], "output");
  assert.equal(client.publishedFor(id).at(-1)!.type, "stream", "the cell is still computing");
  await client.finished(id);
});

test("stdout and stderr keep their order", async () => {
  const { published } = await client.execute(
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

test("output of timers and promises goes to the cell that started them", async () => {
  const first = await client.startExecute(
    `setTimeout(() => console.log("from the first"), 400); Promise.resolve().then(() => console.log("then")); 0`,
  );
  await client.finished(first);
  const second = await client.execute("await new Promise((resolve) => setTimeout(resolve, 800)); 1");
  assert.equal(printed(second), "");
  assert.equal(printed({ published: client.publishedFor(first) }), "then\nfrom the first\n");
});

test("variables, functions, classes and types live on in later cells", async () => {
  await client.execute(`
    interface Point { x: number; y: number }
    class Shape { constructor(readonly at: Point) {} area(): number { return 0; } }
    function square(n: number): number { return n * n; }
    const origin: Point = { x: 0, y: 0 };`);
  const { reply } = await client.execute("const s: Shape = new Shape(origin); s.area() + square(3)");
  assert.equal(reply.content["status"], "ok");
  assert.equal(resultText(await client.execute("square(s.at.x + 4)")), "16");
});

// ---- names of earlier cells where a property and a variable share a name

const earlierCells = async () => {
  const { reply } = await client.execute(`
    import { sep } from "node:path";
    import * as nodePath from "node:path";
    interface Size { radius: number; count: number }
    const radius = 5;
    let count = 2;
    let size: Size = { radius: 7, count: 8 };
    function twice(n: number): number { return 2 * n; }`);
  assert.equal(reply.content["status"], "ok");
};

for (const [what, code, expected] of [
  ["a const", "JSON.stringify({ radius, a: 1 })", '{"radius":5,"a":1}'],
  ["an argument", "JSON.stringify(Object.entries({ radius }))", '[["radius",5]]'],
  ["imported names", "({ sep }).sep + ({ nodePath }).nodePath.posix.sep", `${path.sep}/`],
  ["a function", "String(({ twice }).twice(4))", "8"],
  [
    "nested objects",
    "JSON.stringify({ deep: { radius, list: [{ count }] } })",
    '{"deep":{"radius":5,"list":[{"count":2}]}}',
  ],
  ["an arrow function's body", "const make = () => ({ radius }); JSON.stringify(make())", '{"radius":5}'],
  ["a parameter's default", "((all = { radius }) => JSON.stringify(all))()", '{"radius":5}'],
  ["a spread's neighbour", "JSON.stringify({ ...size, radius })", '{"radius":5,"count":8}'],
  [
    "a scope that declares the name itself",
    "((radius: number) => { const count = 9; return JSON.stringify({ radius, count }); })(1)",
    '{"radius":1,"count":9}',
  ],
] as const) {
  test(`a shorthand property of ${what} has the value that the name has there`, async () => {
    await earlierCells();
    assert.equal(resultText(await client.execute(code)), `'${expected}'`);
  });
}

test("destructuring assigns to an earlier let, with defaults, in nested patterns and in loops", async () => {
  await earlierCells();
  const assigned = await client.execute(
    "const seen: number[] = [];\n({ count } = { count: 3 }); seen.push(count);\n" +
      "({ count = radius } = {} as { count?: number }); seen.push(count);\n" +
      "({ inner: [{ count }] } = { inner: [{ count: 4 }] }); seen.push(count);\n" +
      "for ({ count } of [{ count: 6 }]) seen.push(count);\nseen.join()",
  );
  assert.equal(resultText(assigned), "'3,5,4,6'");
  assert.equal(resultText(await client.execute("count")), "6", "later cells see it");
  const { published } = await client.execute("({ radius } = { radius: 3 })");
  assert.match(errorOf(published).content["evalue"], /^TS2588: Cannot assign to 'radius'/);
});

test("a destructured property can be renamed where an earlier cell declared its type", async () => {
  await earlierCells();
  const renamed = await client.execute(
    "const { radius: wide, count: many = radius } = size;\n" +
      "(({ radius: inner }: Size) => [wide, many, inner].join())(size)",
  );
  assert.equal(resultText(renamed), "'7,8,7'");
});

test("positions of errors stay where they are beside shorthand properties", async () => {
  await earlierCells();
  await client.execute("function refuse(): never { throw new Error('refused'); }");
  const { published, reply } = await client.execute(
    "const kept = { radius,\n  // how many\n  count };\nObject.keys({ radius, count, no: refuse() });",
  );
  const place = `cell ${reply.content["execution_count"]}, line 4:34`;
  assert.ok(traceback(errorOf(published)).includes(place), traceback(errorOf(published)));
});

test("top-level await works however its operand is written", async () => {
  assert.equal(resultText(await client.execute("const v = await (async () => 5)(); v")), "5");
  assert.equal(
    printed(await client.execute("for await (const x of [Promise.resolve(1), 2]) console.log(x);")),
    "1\n2\n",
  );
});

test("a silent cell neither counts nor shows anything, and prints nothing of its result", async () => {
  const count = (await client.execute("0")).reply.content["execution_count"];
  const { published } = await client.execute("1 + 1", { silent: true });
  assert.deepEqual(
    published.map(({ type }) => type),
    ["status", "status"],
  );
  assert.equal((await client.execute("0")).reply.content["execution_count"], count + 1);
});

test("user expressions are evaluated after the cell", async () => {
  const { reply } = await client.execute("const u = 20;", {
    user_expressions: { twice: "u * 2", wrong: "nothere" },
  });
  const { twice, wrong } = reply.content["user_expressions"];
  assert.equal(twice.data["text/plain"], "40");
  assert.equal(wrong.status, "error");
});

test("cells that were queued behind an error are aborted, later ones run", async () => {
  const failing = await client.startExecute("throw new Error('stop here')");
  const queued = await client.startExecute("console.log('not run')");
  await client.finished(failing);
  const { reply, published } = await client.finished(queued);
  assert.equal(reply.content["status"], "aborted");
  assert.equal(ofType(published, "stream").length, 0);
  assert.equal(resultText(await client.execute("'runs'")), "'runs'");
});

test("with stop_on_error false, queued cells run after an error", async () => {
  const failing = await client.startExecute("throw 1", { stop_on_error: false });
  const queued = await client.startExecute("'still run'");
  await client.finished(failing);
  assert.equal(resultText(await client.finished(queued)), "'still run'");
});

// ---- errors

test("a type error shows the compiler's number and message, the line and a mark, once", async () => {
  const { published, reply } = await client.execute('let fine = 1;\nconst wrong: number = "text";');
  const error = errorOf(published);
  assert.equal(error.content["ename"], "TypeScriptError");
  assert.match(error.content["evalue"], /^TS2322: Type 'string' is not assignable to type 'number'/);
  assert.match(traceback(error), /cell \d+:2:7 - error TS2322/);
  assert.match(traceback(error), /\n2 const wrong: number = "text";\n {8}~~~~~$/);
  assert.equal(printed({ published }, "stderr"), "");
  assert.deepEqual(reply.content["traceback"], error.content["traceback"]);
});

test("a run-time error names the cell and the line of every frame, and no compiled code", async () => {
  const definition = await client.execute("function fail(): never {\n  throw new RangeError('too far');\n}");
  const where = definition.reply.content["execution_count"];
  const { published, reply } = await client.execute("interface Unused { a: 1 }\n\nfail();");
  const text = traceback(errorOf(published));
  assert.match(text, /^RangeError: too far/);
  assert.match(text, new RegExp(`at fail \\(cell ${where}, line 2:9\\)`));
  assert.match(text, new RegExp(`at cell ${reply.content["execution_count"]}, line 3:1`));
  assert.match(text, /> 2 \| {3}throw new RangeError\('too far'\);/);
  assert.doesNotMatch(text, /evalmachine|tslab|dist|jupyter-cell/);
});

test("errors after an await, in a timer and in a rejected promise name their line too", async () => {
  const awaited = await client.execute("await null;\n\nthrow new Error('late')");
  assert.match(traceback(errorOf(awaited.published)), /line 3:7/);
  const timer = await client.execute(
    "setTimeout(() => {\n  throw new Error('in a timer');\n}, 1);\nawait new Promise((r) => setTimeout(r, 100));",
  );
  assert.match(plain(printed(timer, "stderr")), /in a timer[\s\S]*line 2:9/);
  const stray = await client.execute(
    "void Promise.reject(new Error('nobody listens'));\nawait new Promise((r) => setTimeout(r, 50));",
  );
  assert.match(plain(printed(stray, "stderr")), /nobody listens/);
});

test("causes and aggregated errors are shown", async () => {
  const { published } = await client.execute(`throw new Error("outer", { cause: new TypeError("inner") });`);
  assert.match(traceback(errorOf(published)), /outer[\s\S]*TypeError: inner/);
});

for (const [what, code, expected] of [
  ["a number", "throw 42", /42/],
  ["undefined", "throw undefined", /undefined/],
  ["an object", "throw { code: 7 }", /code: 7/],
  ["a proxy whose every trap throws", "throw new Proxy({}, { get() { throw new Error('no'); } })", /./],
] as const) {
  test(`${what} can be thrown, and is reported as one error`, async () => {
    const { published, reply } = await client.execute(code);
    assert.match(errorOf(published).content["evalue"], expected);
    assert.equal(reply.content["status"], "error");
  });
}

test("a cell that exhausts the stack or calls process.exit gets an error, and the kernel lives", async () => {
  const deep = await client.execute("function down(): number { return down() + 1; } down()");
  assert.equal(errorOf(deep.published).content["ename"], "RangeError");
  const leave = await client.execute("process.exit(3)");
  assert.match(errorOf(leave.published).content["evalue"], /process\.exit\(3\)/);
  assert.equal(resultText(await client.execute("'alive'")), "'alive'");
});

// ---- what values look like

for (const [what, code, expected] of [
  ["a BigInt", "10n ** 20n", /^100000000000000000000n$/],
  [
    "a circular object",
    "const circle: any = { name: 'c' }; circle.self = circle; circle",
    /\[Circular \*1\]/,
  ],
  ["a huge array", "Array.from({ length: 1e6 }, (_, i) => i)", /999900 more items/],
  ["a huge string", "'x'.repeat(1e7)", /more characters/],
  ["a rejected promise", "Promise.reject(new Error('refused'))", /^Promise \{\s+<rejected> Error: refused/],
  ["a pending promise", "new Promise(() => {})", /^Promise \{\s+<pending>\s+\}$/],
  ["a typed array", "new Float32Array(3)", /^Float32Array\(3\) \[ 0, 0, 0 \]$/],
  [
    "an object that throws when looked at",
    "({ get [Symbol.toStringTag](): string { throw new Error('shy'); } })",
    /./,
  ],
] as const) {
  test(`${what} prints sensibly`, async () => {
    const execution = await client.execute(code);
    const text = resultText(execution);
    assert.ok(text !== undefined);
    assert.match(text, expected);
    assert.ok(text.length < 200_000);
    assert.equal(printed(execution, "stderr"), "");
    assert.doesNotMatch(text, /async_id|kResourceStore/);
  });
}

test("a tensor prints its type, shape and values", async () => {
  const { published } = await client.execute(
    `import * as tf from "@tensorflow/tfjs-core"; import "@tensorflow/tfjs-backend-cpu"; tf.tensor2d([[1, 2], [3, 4]])`,
  );
  const [result] = ofType(published, "execute_result");
  assert.match(result!.content["data"]["text/plain"], /^Tensor float32 \[2, 2\]\n[\s\S]*3, 4/);
});

test("undefined and null results show nothing", async () => {
  const { published } = await client.execute("undefined");
  assert.equal(ofType(published, "execute_result").length, 0);
});

// ---- display

test("a value with a Jupyter.display method shows as its bundle, bytes as base64, text added where missing", async () => {
  const { published } = await client.execute(
    `({ [Symbol.for("Jupyter.display")]() { return { "text/html": "<b>x</b>", "image/png": new Uint8Array([1, 2]) }; } })`,
  );
  const { data } = ofType(published, "execute_result")[0]!.content;
  assert.equal(data["text/html"], "<b>x</b>");
  assert.equal(data["image/png"], "AQI=");
  assert.equal(typeof data["text/plain"], "string");
});

test("a display method that fails is reported, and the value still shows as text", async () => {
  const execution = await client.execute(
    `({ left: 1, async [Symbol.for("Jupyter.display")]() { throw new Error("cannot draw"); } })`,
  );
  assert.match(printed(execution, "stderr"), /cannot draw/);
  assert.match(resultText(execution)!, /left: 1/);
});

test("tslab's own display works unchanged, with updates by id", async () => {
  const { published } = await client.execute(`
    import * as tslab from "tslab";
    tslab.display.html("<i>one</i>");
    const spot = tslab.newDisplay();
    spot.text("first"); spot.text("second"); spot.png(new Uint8Array([137, 80]));`);
  const shown = ofType(published, "display_data");
  assert.equal(shown[0]!.content["data"]["text/html"], "<i>one</i>");
  const id = shown[1]!.content["transient"]["display_id"];
  assert.equal(typeof id, "string");
  const updates = ofType(published, "update_display_data");
  assert.deepEqual(
    updates.map(({ content }) => [content["transient"]["display_id"], content["data"]]),
    [
      [id, { "text/plain": "second" }],
      [id, { "image/png": "iVA=" }],
    ],
  );
});

test("display and clearOutput are there in every cell, typed", async () => {
  const { published } = await client.execute(
    `await display({ a: 1 }, { id: "spot" }); clearOutput(true); await display("b", { id: "spot", update: true });`,
  );
  assert.deepEqual(
    published.slice(2, -1).map(({ type }) => type),
    ["display_data", "clear_output", "update_display_data"],
  );
  const wrong = await client.execute(`clearOutput("now");`);
  assert.match(errorOf(wrong.published).content["evalue"], /TS2345/);
});

// ---- help while typing

test("completion counts code points, not UTF-16 units", async () => {
  await client.execute("const longName = { innerPart: 1 };");
  const code = 'const s = "🧬🧬"; longName.inn';
  const length = Array.from(code).length;
  const { content } = await client.request("complete_request", { code, cursor_pos: length });
  assert.deepEqual(content["matches"], ["innerPart"]);
  assert.equal(content["cursor_start"], length - 3);
  assert.equal(content["cursor_end"], length);
});

test("inspection shows the type and the docstring, also from inside the brackets of a call", async () => {
  await client.execute(
    "/** Doubles what it is given. */\nfunction twice(n: number): number { return 2 * n; }",
  );
  for (const code of ["twice", "twice(4"]) {
    const { content } = await client.request("inspect_request", {
      code,
      cursor_pos: code.length,
      detail_level: 0,
    });
    assert.equal(content["found"], true);
    assert.match(content["data"]["text/plain"], /function twice\(n: number\): number[\s\S]*Doubles what/);
  }
  const nothing = await client.request("inspect_request", { code: "   ", cursor_pos: 1, detail_level: 0 });
  assert.equal(nothing.content["found"], false);
  assert.equal(nothing.content["status"], "ok");
});

for (const [code, status] of [
  ["1 + 1", "complete"],
  ["const f = (n: number) => {", "incomplete"],
  ["`open", "incomplete"],
  ["/* open", "incomplete"],
  ["const x = ", "incomplete"],
  ["await new Promise((r) => r(1));", "complete"],
  ["let 5x = 3;", "invalid"],
  ["}", "invalid"],
  ["}{", "invalid"],
] as const) {
  test(`is_complete calls ${JSON.stringify(code)} ${status}`, async () => {
    assert.equal((await client.request("is_complete_request", { code })).content["status"], status);
  });
}

test("history answers tail, range and search", async () => {
  await client.execute("const marker1 = 'needle'; marker1");
  await client.execute("const marker2 = 2;");
  const ask = async (content: object) =>
    (await client.request("history_request", { raw: true, output: false, ...content })).content["history"];
  assert.deepEqual(
    (await ask({ hist_access_type: "tail", n: 2 })).map((item: unknown[]) => item[2]),
    ["const marker1 = 'needle'; marker1", "const marker2 = 2;"],
  );
  const [found] = await ask({ hist_access_type: "search", pattern: "*needle*", n: 1, output: true });
  assert.deepEqual(found[2], ["const marker1 = 'needle'; marker1", "'needle'"]);
  const line = found[1];
  const range = await ask({ hist_access_type: "range", session: 0, start: line, stop: line + 1 });
  assert.equal(range.length, 1);
});

// ---- imports

test("the host package resolves wherever the notebook lies, typed, quickly completed and documented", async () => {
  const execution = await client.execute(`import * as e2 from "e2gmm"; typeof e2.InputError`);
  assert.equal(resultText(execution), "'function'");
  const code = "e2.InputErr";
  const completion = await client.request("complete_request", { code, cursor_pos: code.length });
  assert.ok(completion.content["matches"].includes("InputError"));
  const inspection = await client.request("inspect_request", {
    code: "e2.InputError",
    cursor_pos: "e2.InputError".length,
    detail_level: 0,
  });
  assert.match(inspection.content["data"]["text/plain"], /bad input is reported/);
  const wrong = await client.execute("new e2.InputError(5)");
  assert.match(errorOf(wrong.published).content["evalue"], /^TS/);
  const slider = await client.execute("const turn = new e2.widgets.IntSlider({ value: 4 }); turn.value + 1");
  assert.equal(resultText(slider), "5");
  const misused = await client.execute(`new e2.widgets.IntSlider({ value: "four" })`);
  assert.match(errorOf(misused.published).content["evalue"], /^TS2322/);
});

test("modules and packages beside the notebook can be imported, with their types and their lines in errors", async () => {
  writeFileSync(
    path.join(folder, "beside.ts"),
    "export function double(n: number): number {\n  if (n < 0) throw new Error('negative');\n  return 2 * n;\n}\n",
  );
  const pkg = path.join(folder, "node_modules/little");
  mkdirSync(pkg, { recursive: true });
  writeFileSync(
    path.join(pkg, "package.json"),
    JSON.stringify({ name: "little", main: "i.js", types: "i.d.ts" }),
  );
  writeFileSync(path.join(pkg, "i.js"), "exports.three = 3;");
  writeFileSync(path.join(pkg, "i.d.ts"), "export declare const three: number;");
  const execution = await client.execute(
    `import { double } from "./beside"; import { three } from "little"; double(three)`,
  );
  assert.equal(resultText(execution), "6");
  const failing = await client.execute("double(-1)");
  assert.match(traceback(errorOf(failing.published)), /double \(beside\.ts, line 2:20\)/);
});

test("a package that is only an ES module loads by import(), and import … from says so", async () => {
  const pkg = path.join(folder, "node_modules/modern");
  mkdirSync(pkg, { recursive: true });
  writeFileSync(
    path.join(pkg, "package.json"),
    JSON.stringify({
      name: "modern",
      type: "module",
      exports: { ".": { types: "./i.d.ts", import: "./i.js" } },
    }),
  );
  writeFileSync(path.join(pkg, "i.js"), "export const four = await Promise.resolve(4);");
  writeFileSync(path.join(pkg, "i.d.ts"), "export declare const four: number;");
  const awaited = await client.execute(`const modern = await import("modern"); modern.four`);
  assert.equal(resultText(awaited), "4");
  const { published } = await client.execute(`import { four } from "modern"; four`);
  assert.match(errorOf(published).content["evalue"], /await import\(/);
});

// ---- input

test("input() asks the front end that runs the cell, and gets its answer", async () => {
  const id = await client.startExecute(`const name = await input("Name? ", { password: true }); name`, {
    allow_stdin: true,
  });
  const asked = await client.until(() => client.inputRequests.at(-1), "input_request");
  assert.deepEqual(asked.content, { prompt: "Name? ", password: true });
  assert.equal(asked.parent["msg_id"], id);
  await client.send(client.stdin, "input_reply", { value: "Ada" });
  assert.equal(resultText(await client.finished(id)), "'Ada'");
  const refused = await client.execute(`await input("?")`);
  assert.match(errorOf(refused.published).content["evalue"], /takes no input/);
});

// ---- a kernel that lives on

test("the heartbeat answers while a cell spins", async () => {
  const id = await client.startExecute("const end = Date.now() + 3000; while (Date.now() < end);");
  await client.until(() => ofType(client.publishedFor(id), "execute_input")[0], "start");
  await client.heartbeat();
  assert.equal(
    client.publishedFor(id).filter(({ content }) => content["execution_state"] === "idle").length,
    0,
    "the cell was still spinning when the answer came",
  );
  await client.finished(id);
});

test("a message with a wrong signature is dropped, and the kernel lives", async () => {
  const id = await client.send(client.shell, "execute_request", { code: "1" }, { signature: "0".repeat(64) });
  const short = await client.send(client.shell, "execute_request", { code: "1" }, { signature: "" });
  assert.equal(resultText(await client.execute("'lives'")), "'lives'");
  assert.equal(client.publishedFor(id).length + client.publishedFor(short).length, 0);
  assert.match(kernel.log, /signature is wrong/);
});

test("malformed frames are dropped, and the kernel lives", async () => {
  await client.shell.send(["no delimiter at all"]);
  await client.shell.send([Buffer.from("<IDS|MSG>"), "signature", "{}"]);
  assert.equal((await client.request("kernel_info_request")).content["status"], "ok");
});

test("a message type that is not known and content of the wrong type are answered with an error", async () => {
  const unknown = await client.request("make_coffee_request");
  assert.equal(unknown.type, "make_coffee_reply");
  assert.equal(unknown.content["status"], "error");
  assert.match(unknown.content["evalue"], /unknown message type make_coffee_request/);
  const wrong = await client.request("execute_request", { code: 5 });
  assert.equal(wrong.content["status"], "error");
  assert.match(wrong.content["evalue"], /code must be a string/);
  const untyped = await client.send(client.shell, "nonsense", {});
  await client.idle(untyped);
});

test("a client that is killed with signal 9 leaves the kernel to serve the next one", async () => {
  const script = `
    const { WireClient } = require(${JSON.stringify(path.join(__dirname, "wireClient.js"))});
    const client = new WireClient(${JSON.stringify(kernel.connection)});
    client.connected(() => {}).then(async () => {
      await client.startExecute("for (let i = 0; i < 100; i++) { console.log('to nobody'); await null; }");
      console.log("sent");
    });`;
  const doomed = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(doomed.stdout, "data");
  doomed.kill("SIGKILL");
  await once(doomed, "exit");
  const next = await kernel.client();
  assert.equal(resultText(await next.execute("'served'")), "'served'");
});

for (const [when, code] of [
  ["", "1"],
  [", also while a cell spins", "for (;;) {}"],
] as const) {
  test(`a kernel whose front end has died ends by itself${when}`, async () => {
    const argv = ["sh", "-c", `"$@" & wait`, "sh", ...kernelArgv(process.execPath)];
    const own = await KernelProcess.start({ argv, env: { JPY_PARENT_PID: "1" } });
    const front = await own.client();
    const pid = Number(resultText(await front.execute("process.pid")));
    const id = await front.startExecute(code);
    await front.until(() => ofType(front.publishedFor(id), "execute_input")[0], "start");
    own.process.kill("SIGKILL");
    const gone = () => {
      try {
        process.kill(pid, 0);
        return undefined;
      } catch {
        return true;
      }
    };
    await front.until(gone, "end of the kernel");
    await own.stop();
  });
}

test("a kernel whose port is taken ends, and says which", async () => {
  const taken = new Router();
  await taken.bind("tcp://127.0.0.1:*");
  const address = taken.lastEndpoint!;
  const own = await KernelProcess.start({ ports: { control_port: Number(address.split(":")[2]) } });
  assert.equal(await own.exited(), 1);
  assert.ok(own.log.includes(`Address already in use: ${address}`), own.log);
  taken.close();
  await own.stop();
});

test("kernel_info names the language, its version and the protocol, on shell and control", async () => {
  for (const socket of [client.shell, client.control]) {
    const { content } = await client.request("kernel_info_request", {}, socket);
    assert.equal(content["language_info"].name, "typescript");
    assert.equal(content["language_info"].file_extension, ".ts");
    assert.match(content["protocol_version"], /^5\./);
    assert.equal(content["implementation"], "e2gmm");
  }
});

test("shutdown is answered, and leaves no process behind, also while a cell spins", async () => {
  for (const code of ["1", "for (;;) {}"]) {
    const own = await KernelProcess.start();
    const front = await own.client();
    await front.startExecute(code);
    await front.until(() => ofType(front.published, "execute_input")[0], "start");
    const id = await front.send(front.control, "shutdown_request", { restart: false });
    if (code === "1") assert.equal((await front.reply(id)).content["restart"], false);
    await own.exited();
    await own.stop();
  }
});

test("shutdown is answered on the shell channel too", async () => {
  const own = await KernelProcess.start();
  const front = await own.client();
  const { type, content } = await front.request("shutdown_request", { restart: true });
  assert.equal(type, "shutdown_reply");
  assert.deepEqual(content, { status: "ok", restart: true });
  assert.equal(await own.exited(), 0);
  await own.stop();
});

test("a cell that runs out of memory ends the kernel, with the reason in the log", async () => {
  const own = await KernelProcess.start({ env: { NODE_OPTIONS: "--max-old-space-size=200" } });
  const front = await own.client();
  await front.startExecute("const all: number[][] = []; for (;;) all.push(new Array(1e5).fill(0.5));");
  await own.exited();
  assert.match(own.log, /heap out of memory/);
  await own.stop();
});
