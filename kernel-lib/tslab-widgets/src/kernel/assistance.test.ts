import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { isComplete } from "./assistance";
import { loadTypeScript } from "./converter";

const ts = loadTypeScript();
const status = (code: string) => isComplete(ts, { code })["status"];

for (const [expected, codes] of [
  [
    "complete",
    [
      "",
      "1 + 1",
      "a.b",
      "for (;;) {}",
      "const y = <number>x;",
      "await f();",
      "// done",
      "type A = { a: 1 };",
    ],
  ],
  [
    "incomplete",
    [
      "const f = (n: number) => {",
      "`open",
      "`${",
      "`a ${b",
      "/* open",
      "const x = ",
      "f(",
      "f(1,",
      "[1, 2",
      "({ a: 1,",
      "a.",
      "a ? b :",
      "if (a",
      "if (a) {\n  b();\n} else",
      "for (let i = 0;",
      "try {\n  a();\n}",
      "class A extends",
      "import { a",
      "import { a } from",
      "switch (a) {\n  case 1:",
      "console.log('",
      "'open",
      "f( // why",
      "f( /* why */ ",
      "function f<T",
      "async () =>",
    ],
  ],
  [
    "invalid",
    [
      "}{",
      "}",
      ")(",
      "](",
      "} {",
      "a }{ b",
      "f) {",
      "let 5x = 3;",
      "1 1",
      "(]",
      "{ ) {",
      "`$" + "{a)`",
      '"open\nf()',
      "import = 7q",
    ],
  ],
] as const) {
  for (const code of codes) {
    test(`${JSON.stringify(code)} is ${expected}`, () => assert.equal(status(code), expected));
  }
}

test("two empty lines at the end run code that could continue", () => {
  assert.equal(status(`${"\n".repeat(1e4)}f(`), "incomplete");
  assert.equal(status("f(\n\n"), "complete");
});

test("the next line is indented after a bracket", () => {
  assert.equal(isComplete(ts, { code: "f(() => {" })["indent"], "  ");
  assert.equal(isComplete(ts, { code: "f(() => {\n  if (a) {" })["indent"], "    ");
  assert.equal(isComplete(ts, { code: "f(() => {\n  a();" })["indent"], "  ");
});

for (const name of ["assistance", "traceback"]) {
  test(`no beginning of a valid source is called invalid: ${name}.ts`, () => {
    const source = readFileSync(path.join(__dirname, `../../src/kernel/${name}.ts`), "utf8");
    const lines = source.split("\n");
    let incomplete = 0;
    for (let n = 1; n <= lines.length; n++) {
      const found = status(lines.slice(0, n).join("\n"));
      if (found === "incomplete") incomplete++;
      assert.notEqual(found, "invalid", `up to line ${n}: ${lines[n - 1]}`);
    }
    assert.ok(incomplete > 50, `${incomplete}`);
  });
}
