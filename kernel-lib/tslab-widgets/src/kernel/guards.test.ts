import assert from "node:assert/strict";
import { test } from "vitest";
import { loadTypeScript } from "./converter";
import { addGuards } from "./guards";

const ts = loadTypeScript();

/** Runs guarded code with a flag that is set after a number of checks. */
function run(code: string, checksUntilStop: number): { result: unknown; stopped: boolean; resumed: number } {
  const guarded = addGuards(ts, code).code;
  let checks = 0;
  let resumed = 0;
  const flag = new Proxy([0], { get: () => (++checks > checksUntilStop ? 1 : 0) });
  const guards = {
    flag,
    stop: () => {
      throw new Error("stopped");
    },
    resume: (value: unknown) => {
      resumed++;
      return value;
    },
  };
  const prologue = `const {flag:__jk_flag,stop:__jk_stop,resume:__jk_resume}=guards;`;
  const body = guarded.slice(guarded.indexOf("bind(null,require);") + "bind(null,require);".length);
  try {
    return { result: new Function("guards", `${prologue}${body}`)(guards), stopped: false, resumed };
  } catch (error) {
    if ((error as Error).message !== "stopped") throw error;
    return { result: undefined, stopped: true, resumed };
  }
}

for (const [what, code] of [
  ["for", "for (;;) {}"],
  ["for without a block", "for (;;);"],
  ["while", "while (true) { 1; }"],
  ["while without a block", "let n = 0; while (true) n++;"],
  ["do", "do { } while (true)"],
  ["do without a block", "let n = 0; do n++; while (true)"],
  ["for of", "function* e() { for (let i = 0; ; i++) yield i; } for (const x of e()) ;"],
  ["labelled continue", "outer: for (;;) { for (;;) continue outer; }"],
  [
    "recursion",
    "function f(n) { return n > 1e9 ? 0 : f.call.length + g(n) } function g(n) { try { return f(n) } catch (e) { if (e.message === 'stopped') throw e; return f(n) } } f(0)",
  ],
  ["recursion of arrows", "const f = (n) => (n < 2 ? n : f(n - 1) + f(n - 2)); f(60);"],
  ["callbacks", "const all = { *[Symbol.iterator]() { for (;;) yield 1; } }; Array.from(all, (x) => x);"],
] as const) {
  test(`an endless ${what} is stopped`, () => {
    assert.equal(run(code, 1000).stopped, true);
  });
}

test("guarded code computes the same as before", () => {
  const code = `
    "use strict";
    const out = [];
    for (let i = 0; i < 3; i++) if (i % 2) out.push(i); else out.push(-i);
    for (const k in { a: 1, b: 2 }) out.push(k);
    class A { constructor(v) { this.v = v } get w() { return this.v } static s() { return 's' } }
    class B extends A { constructor() { super(7); } }
    const square = (n) => n * n, object = (n) => ({ n });
    function d(n) { "use strict"; return this === undefined ? n : 0 }
    out.push(new B().w, A.s(), square(4), object(5).n, d(2));
    return out.join();`;
  assert.equal(run(code, 1e6).result, new Function(code)());
});

test("every await passes its value through the check, and top-level awaits are detected", async () => {
  const guarded = addGuards(ts, "const x = await f(await (g()));\nfor await (const y of z) h(y);");
  assert.equal(guarded.awaitsAtTop, true);
  assert.match(guarded.code, /__jk_resume\(await f\(__jk_resume\(await \(g\(\)\)\)\)\)/);
  assert.equal(addGuards(ts, "async function f() { await 1; }").awaitsAtTop, false);
});

test("no line moves, and columns are mapped back", () => {
  const code = "let a = 1; for (const x of [1]) { mark(x); }\nconst f = (n) => mark2(await n);";
  const guarded = addGuards(ts, code);
  const lines = guarded.code.split("\n");
  assert.equal(lines.length, code.split("\n").length);
  code.split("\n").forEach((line, n) => {
    for (const word of ["mark", "for", "const"]) {
      const at = line.indexOf(word);
      if (at < 0) continue;
      const start = n === 0 ? lines[0]!.indexOf("let a") : 0;
      assert.equal(guarded.originalColumn(n, lines[n]!.indexOf(word, start)), at, `${word} in line ${n}`);
    }
  });
});
