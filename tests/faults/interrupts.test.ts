import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KernelProcess, resultText, type WireClient } from "../kernel/wireClient";

/**
 * An interrupt ends a cell whatever it catches and whatever it waits for: one interrupt, and the kernel is free and has
 * what earlier cells made. How long that may take on a busy machine is the patience of the test.
 */
const PATIENCE_MS = 30_000;

let kernel: KernelProcess;
let client: WireClient;

before(async () => {
  kernel = await KernelProcess.start();
  client = await kernel.client();
  await client.execute(`
    let kept = 42;
    const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const refuse = (ms: number) => new Promise((_, reject) => setTimeout(() => reject(new Error("no")), ms));
    const endless = new Function("for (;;);") as () => void;
    const stubborn = new Function("for (;;) { try { for (;;); } catch {} }") as () => void;`);
});
after(() => kernel.stop());

async function usable(): Promise<void> {
  assert.equal(resultText(await client.execute("let s = 0; for (let i = 0; i < 7; i++) s += 6; s")), "42");
  assert.equal(
    resultText(await client.execute("await null; kept")),
    "42",
    "what earlier cells made is there",
  );
}

/** Runs a cell, interrupts it once it has printed "go", and waits for its end. */
async function endsWhenInterrupted(code: string): Promise<void> {
  const id = await client.startExecute(code);
  await client.until(
    () =>
      client.publishedFor(id).find(({ type, content }) => type === "stream" && /go/.test(content["text"])),
    "output",
    PATIENCE_MS,
  );
  await client.interrupt();
  const { reply, published } = await client.finished(id, PATIENCE_MS);
  assert.equal(reply.content["status"], "error");
  assert.equal(reply.content["ename"], "Interrupted");
  assert.equal(published.filter(({ type }) => type === "error").length, 1);
  await usable();
}

const cells: [what: string, code: string][] = [
  ["a loop that catches in a loop", "go(); while (true) { try { for (;;) {} } catch {} }"],
  [
    "loops that catch, three deep",
    "go(); for (;;) { try { for (;;) { try { for (;;) { try { for (;;) {} } catch {} } } catch {} } } catch {} }",
  ],
  [
    "a loop that goes on in finally",
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
  ["an async loop of promises that are settled", "go(); while (true) { try { await null; } catch {} }"],
  [
    "an async loop of promises that were rejected",
    "go(); while (true) { try { await Promise.reject(1); } catch {} }",
  ],
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
  ["a regular expression that takes for ever", `go(); /^(a+)+$/.test("a".repeat(40) + "b");`],
  [
    "the method that shows a result",
    `({ [Symbol.for("Jupyter.display")]() { go(); for (;;) { try { for (;;) {} } catch {} } } })`,
  ],
  [
    "the method that shows a result, of a library",
    `({ [Symbol.for("Jupyter.display")]: () => { go(); endless(); } })`,
  ],
  [
    "the method that shows a result and never settles",
    `({ [Symbol.for("Jupyter.display")]: () => { go(); return new Promise(() => {}); } })`,
  ],
  [
    "input that nobody gives, in a loop that catches",
    "go(); for (;;) { try { await sleep(1); await input(); } catch {} }",
  ],
];

for (const [what, code] of cells) {
  test(`one interrupt ends ${what}`, async () => {
    await client.execute(`const go = () => console.log("go");`);
    await endsWhenInterrupted(code);
  });
}

test("what an interrupted cell does to clean up runs, loops and functions in it too", async () => {
  await client.execute("let closed: string[] = []; const close = (name: string) => { closed.push(name); };");
  await endsWhenInterrupted(`
    console.log("go");
    try { for (;;) {} } catch (error) { for (const name of ["a", "b"]) close(name); throw error; } finally { close("c"); await sleep(1); close("d"); }`);
  assert.equal(resultText(await client.execute("closed.join('')")), "'abcd'");
});

test("nothing of a cell that was given up runs on beside the next", async () => {
  await client.execute("let turns = 0;");
  await endsWhenInterrupted(`console.log("go"); for (;;) { try { await refuse(150); } catch { turns++; } }`);
  const before = resultText(await client.execute("turns"));
  await client.execute("await sleep(600);");
  assert.equal(resultText(await client.execute("turns")), before);
});

for (const [what, code] of [
  ["that never settles", "return new Promise(() => {});"],
  ["that loops and catches", "for (;;) { try { for (;;) {} } catch {} }"],
  ["that calls a library", "stubborn();"],
] as const) {
  test(`one interrupt ends a comm handler ${what}`, async () => {
    const target = what.replaceAll(" ", "");
    await client.execute(`(globalThis as any)[Symbol.for("Jupyter.comms")].registerTarget("${target}", (comm: any) =>
      comm.onMessage((): unknown => { console.log("go"); ${code} }));`);
    await client.send(client.shell, "comm_open", { comm_id: target, target_name: target, data: {} });
    const id = await client.send(client.shell, "comm_msg", { comm_id: target, data: {} });
    await client.until(
      () => client.publishedFor(id).find(({ type }) => type === "stream"),
      "output",
      PATIENCE_MS,
    );
    await client.interrupt();
    await client.idle(id, PATIENCE_MS);
    await usable();
  });
}

// ---- library calls: not only the cell has to end, the work has to as well

const library: [what: string, code: string][] = [
  [
    "growNeutralModel",
    "await gmm.growNeutralModel(map, { resolution: 9, gaussians: 512, startGaussians: 512, onProgress });",
  ],
  ["reconstruct", "for (;;) await gmm.reconstruct(particles, { onProgress });"],
  [
    "simulateFromModels",
    `await gmm.simulateFromModels([model], { folder: "more", particlesPerState: 200_000, onProgress });`,
  ],
  [
    "prepareTargets",
    "for (;;) { const t = await gmm.prepareTargets(particles, { boxSize: 32, rings: 12, onProgress }); await t.dispose(); }",
  ],
  ["umap", "await gmm.umap(many, 2, { epochs: 100_000, onProgress });"],
  [
    "train",
    `await gmm.train({ particles: data.star, model: "model.txt", out: "run", options: { latent: 1, epochs: 10_000 } }, { onProgress });`,
  ],
];

test("library calls", async (t) => {
  const made = await client.execute(
    `import * as gmm from "e2gmm";
     const data = await gmm.simulateLinearMotion({ folder: "sim", states: 3, particlesPerState: 100, boxSize: 32, apix: 4, range: 0.25, seed: 3 });
     const map = await gmm.readMap(data.consensus);
     const particles = await gmm.openParticles(data.star);
     const { model } = await gmm.growNeutralModel(map, { resolution: 16, gaussians: 16, startGaussians: 16 });
     await gmm.writeModelText("model.txt", model);
     const random = new gmm.Random(1);
     const many = Float32Array.from({ length: 20_000 }, () => random.normal());
     let steps = 0;
     const onProgress = () => { if (steps++ === 0) console.log("go"); };`,
    { timeout: 120_000 },
  );
  assert.equal(made.reply.content["status"], "ok", JSON.stringify(made.reply.content));
  for (const [what, code] of library) {
    await t.test(`one interrupt ends ${what}, and the work that it does`, async () => {
      await client.execute("steps = 0;");
      await endsWhenInterrupted(
        `void (async () => { ${code} })().catch(() => {}); await new Promise(() => {});`,
      );
      await client.execute("await sleep(400);");
      const before = resultText(await client.execute("steps"));
      await client.execute("await sleep(400);");
      assert.equal(resultText(await client.execute("steps")), before, "it goes on");
    });
  }
});
