import assert from "node:assert/strict";
import { test } from "vitest";
import { kernelSession } from "../kernel/session";
import { resultText } from "../kernel/wireClient";
import { endsWhenInterrupted, PATIENCE_MS, usable } from "./interrupting";

/**
 * One interrupt ends a cell whatever it catches and whatever it awaits; afterwards the kernel runs cells and has the variables
 * of earlier ones. Library calls: libraryInterrupts.test.ts.
 */

const session = kernelSession(`
    let kept = 42;
    const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const refuse = (ms: number) => new Promise((_, reject) => setTimeout(() => reject(new Error("no")), ms));
    const endless = new Function("for (;;);") as () => void;
    const stubborn = new Function("for (;;) { try { for (;;); } catch {} }") as () => void;`);

const cells: [what: string, code: string][] = [
  ["a loop that catches in a loop", "go(); while (true) { try { for (;;) {} } catch {} }"],
  [
    "loops that catch, three deep",
    "go(); for (;;) { try { for (;;) { try { for (;;) { try { for (;;) {} } catch {} } } catch {} } } catch {} }",
  ],
  [
    "a loop that continues in finally",
    "go(); outer: for (;;) { try { for (;;) {} } finally { continue outer; } }",
  ],
  ["a recursive finally", "function f(): void { try { for (;;) {} } finally { f(); } } go(); f();"],
  ["a recursive catch", "function f(): void { try { for (;;) {} } catch { f(); } } go(); f();"],
  [
    "two functions that catch and call each other",
    "const a = (): void => { try { b(); } catch { b(); } }; const b = (): void => { try { for (;;) {} } catch { a(); } }; go(); a();",
  ],
  [
    "recursion of arrows that catches",
    "const f = (n: number): number => { try { return f(n + 1); } catch { return f(n); } }; go(); f(0);",
  ],
  [
    "a generator that catches",
    "function* g() { for (;;) { try { for (;;) yield 1; } catch {} } } go(); for (;;) { try { for (const x of g()) ; } catch {} }",
  ],
  [
    "a callback of a library that catches",
    "go(); for (;;) { try { [1].forEach(() => { for (;;) {} }); } catch {} }",
  ],
  [
    "a getter that catches",
    "class A { get x(): number { for (;;) { try { for (;;) {} } catch {} } } } go(); new A().x",
  ],
  ["library code under a catch", "go(); for (;;) { try { endless(); } catch {} }"],
  ["library code that catches", "go(); stubborn();"],
  ["library code in the catch of a loop", "go(); try { for (;;) {} } catch { stubborn(); }"],
  ["library code in a finally", "go(); try { for (;;) {} } finally { endless(); }"],
  ["an async loop that catches", "go(); while (true) { try { await sleep(5); } catch {} }"],
  ["an async loop that catches rejections", "go(); while (true) { try { await refuse(5); } catch {} }"],
  ["an async loop of settled promises", "go(); while (true) { try { await null; } catch {} }"],
  ["an async loop of rejected promises", "go(); while (true) { try { await Promise.reject(1); } catch {} }"],
  [
    "loops after an await, catching two deep",
    "await null; go(); for (;;) { try { for (;;) { try { for (;;) {} } catch {} } } catch {} }",
  ],
  [
    "a recursive finally after an await",
    "async function f(): Promise<void> { try { for (;;) {} } finally { await f(); } } await null; go(); await f();",
  ],
  [
    "an async recursion that catches",
    "const f = async (): Promise<void> => { try { await refuse(1); } catch { await f(); } }; go(); await f();",
  ],
  [
    "a chain of promises that catches",
    "const f = (): Promise<unknown> => Promise.reject(1).catch(f); go(); await f();",
  ],
  [
    "for await that catches",
    "async function* g() { for (;;) { try { yield await sleep(1); } catch {} } } go(); for (;;) { try { for await (const x of g()) ; } catch {} }",
  ],
  [
    "an await that never settles, in a catch",
    "go(); try { await new Promise(() => {}); } catch { await new Promise(() => {}); }",
  ],
  [
    "a timer that catches",
    "go(); setTimeout(() => { for (;;) { try { for (;;) {} } catch {} } }, 1); await new Promise(() => {});",
  ],
  ["a wait on shared memory", "go(); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"],
  ["a regular expression with exponential backtracking", `go(); /^(a+)+$/.test("a".repeat(40) + "b");`],
  [
    "a display method",
    `({ [Symbol.for("Jupyter.display")]() { go(); for (;;) { try { for (;;) {} } catch {} } } })`,
  ],
  ["a display method of a library", `({ [Symbol.for("Jupyter.display")]: () => { go(); endless(); } })`],
  [
    "a display method that never settles",
    `({ [Symbol.for("Jupyter.display")]: () => { go(); return new Promise(() => {}); } })`,
  ],
  [
    "a request for input, in a loop that catches",
    "go(); for (;;) { try { await sleep(1); await input(); } catch {} }",
  ],
];

for (const [what, code] of cells) {
  test(`one interrupt ends ${what}`, async () => {
    await session.client.execute(`const go = () => console.log("go");`);
    await endsWhenInterrupted(session.client, code);
  });
}

test("the clean-up of an interrupted cell runs, including its loops and functions", async () => {
  await session.client.execute(
    "let closed: string[] = []; const close = (name: string) => { closed.push(name); };",
  );
  await endsWhenInterrupted(
    session.client,
    `
    console.log("go");
    try { for (;;) {} } catch (error) { for (const name of ["a", "b"]) close(name); throw error; } finally { close("c"); await sleep(1); close("d"); }`,
  );
  assert.equal(resultText(await session.client.execute("closed.join('')")), "'abcd'");
});

test("the kernel survives 30 interrupts that arrive just as a library call ends", async () => {
  await session.client.execute(
    `const spin = new Function("ms", "const end = Date.now() + ms; while (Date.now() < end);") as (ms: number) => void;`,
  );
  for (let n = 0; n < 30; n++) {
    const id = await session.client.startExecute(`console.log("go"); spin(${235 + n});`);
    await session.client.until(
      () => session.client.publishedFor(id).find(({ type }) => type === "stream"),
      "output",
    );
    await session.client.interrupt();
    await session.client.finished(id, PATIENCE_MS);
  }
  await usable(session.client);
});

test("an abandoned cell does not continue during the next one", async () => {
  await session.client.execute("let turns = 0;");
  await endsWhenInterrupted(
    session.client,
    `console.log("go"); for (;;) { try { await refuse(150); } catch { turns++; } }`,
  );
  const before = resultText(await session.client.execute("turns"));
  await session.client.execute("await sleep(600);");
  assert.equal(resultText(await session.client.execute("turns")), before);
});

for (const [what, code] of [
  ["that never settles", "return new Promise(() => {});"],
  ["that loops and catches", "for (;;) { try { for (;;) {} } catch {} }"],
  ["that calls a library", "stubborn();"],
] as const) {
  test(`one interrupt ends a comm handler ${what}`, async () => {
    const target = what.replaceAll(" ", "");
    await session.client.execute(`(globalThis as any)[Symbol.for("Jupyter.comms")].registerTarget("${target}", (comm: any) =>
      comm.onMessage((): unknown => { console.log("go"); ${code} }));`);
    await session.client.send(session.client.shell, "comm_open", {
      comm_id: target,
      target_name: target,
      data: {},
    });
    const id = await session.client.send(session.client.shell, "comm_msg", { comm_id: target, data: {} });
    await session.client.until(
      () => session.client.publishedFor(id).find(({ type }) => type === "stream"),
      "output",
      PATIENCE_MS,
    );
    await session.client.interrupt();
    await session.client.idle(id, PATIENCE_MS);
    await usable(session.client);
  });
}
