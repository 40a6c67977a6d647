import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { errorOf, kernelSession, traceback } from "./session";
import { resultText } from "./wireClient";

/** Completion, inspection, history and imports. */

const session = kernelSession();

test("completion counts code points, not UTF-16 units", async () => {
  await session.client.execute("const longName = { innerPart: 1 };");
  const code = 'const s = "🧬🧬"; longName.inn';
  const length = Array.from(code).length;
  const { content } = await session.client.request("complete_request", { code, cursor_pos: length });
  assert.deepEqual(content["matches"], ["innerPart"]);
  assert.equal(content["cursor_start"], length - 3);
  assert.equal(content["cursor_end"], length);
});

test("inspection shows type and docstring, also from inside the brackets of a call", async () => {
  await session.client.execute(
    "/** Doubles what it is given. */\nfunction twice(n: number): number { return 2 * n; }",
  );
  for (const code of ["twice", "twice(4"]) {
    const { content } = await session.client.request("inspect_request", {
      code,
      cursor_pos: code.length,
      detail_level: 0,
    });
    assert.equal(content["found"], true);
    assert.match(content["data"]["text/plain"], /function twice\(n: number\): number[\s\S]*Doubles what/);
  }
  const nothing = await session.client.request("inspect_request", {
    code: "   ",
    cursor_pos: 1,
    detail_level: 0,
  });
  assert.equal(nothing.content["found"], false);
  assert.equal(nothing.content["status"], "ok");
});

test("inspection of a function lists the fields of its options, with types and defaults", async () => {
  await session.client.execute(`interface Fine {
  /** How many. Default 3. */
  count?: number;
}
interface Settings {
  /** Folder of the results. */
  out: string;
  /** Whether to go on. Default false. */
  resume?: boolean;
  fine?: Fine;
}
interface Data { values: number[]; origin?: number }
function work(data: Data, settings: Settings): void {}`);
  const code = "work(";
  const { content } = await session.client.request("inspect_request", {
    code,
    cursor_pos: code.length,
    detail_level: 0,
  });
  const text = content["data"]["text/plain"];
  assert.match(text, /^settings:\n {2}out: string {2}Folder of the results\.$/m);
  assert.match(text, /^ {2}resume\?: boolean {2}Whether to go on\. Default false\.$/m);
  assert.match(text, /^fine:\n {2}count\?: number {2}How many\. Default 3\.$/m);
  assert.doesNotMatch(text, /^data:/m, "data is not options");
  assert.match(
    content["data"]["text/markdown"],
    /\*\*settings\*\*\n\n- `out: string` Folder of the results\./,
  );
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
    assert.equal((await session.client.request("is_complete_request", { code })).content["status"], status);
  });
}

test("history answers tail, range and search", async () => {
  await session.client.execute("const marker1 = 'needle'; marker1");
  await session.client.execute("const marker2 = 2;");
  const ask = async (content: object) =>
    (await session.client.request("history_request", { raw: true, output: false, ...content })).content[
      "history"
    ];
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

test("the host package resolves from any folder, with types, completion and documentation", async () => {
  const execution = await session.client.execute(`import * as e2 from "e2gmm"; typeof e2.InputError`);
  assert.equal(resultText(execution), "'function'");
  const code = "e2.InputErr";
  const completion = await session.client.request("complete_request", { code, cursor_pos: code.length });
  assert.ok(completion.content["matches"].includes("InputError"));
  const inspection = await session.client.request("inspect_request", {
    code: "e2.InputError",
    cursor_pos: "e2.InputError".length,
    detail_level: 0,
  });
  assert.match(inspection.content["data"]["text/plain"], /error for bad input/);
  const wrong = await session.client.execute("new e2.InputError(5)");
  assert.match(errorOf(wrong.published).content["evalue"], /^TS/);
  const slider = await session.client.execute(
    "const turn = new e2.widgets.IntSlider({ value: 4 }); turn.value + 1",
  );
  assert.equal(resultText(slider), "5");
  const misused = await session.client.execute(`new e2.widgets.IntSlider({ value: "four" })`);
  assert.match(errorOf(misused.published).content["evalue"], /^TS2322/);
});

test("modules and packages beside the notebook can be imported, with types, and with lines in errors", async () => {
  writeFileSync(
    path.join(session.folder, "beside.ts"),
    "export function double(n: number): number {\n  if (n < 0) throw new Error('negative');\n  return 2 * n;\n}\n",
  );
  const pkg = path.join(session.folder, "node_modules/little");
  mkdirSync(pkg, { recursive: true });
  writeFileSync(
    path.join(pkg, "package.json"),
    JSON.stringify({ name: "little", main: "i.js", types: "i.d.ts" }),
  );
  writeFileSync(path.join(pkg, "i.js"), "exports.three = 3;");
  writeFileSync(path.join(pkg, "i.d.ts"), "export declare const three: number;");
  const execution = await session.client.execute(
    `import { double } from "./beside"; import { three } from "little"; double(three)`,
  );
  assert.equal(resultText(execution), "6");
  const failing = await session.client.execute("double(-1)");
  assert.match(traceback(errorOf(failing.published)), /double \(beside\.ts, line 2:20\)/);
});

test("an ES-module-only package loads by import(), and the error of import … from explains it", async () => {
  const pkg = path.join(session.folder, "node_modules/modern");
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
  const awaited = await session.client.execute(`const modern = await import("modern"); modern.four`);
  assert.equal(resultText(awaited), "4");
  const { published } = await session.client.execute(`import { four } from "modern"; four`);
  assert.match(errorOf(published).content["evalue"], /await import\(/);
});
