import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { afterAll, test } from "vitest";
import { examples, expectAgreement, expectProducts } from "./agreement";
import type { ProjectionBatch } from "./engine";
import { exampleBatch } from "./examples";
import { choosePlan } from "./plan";
import { ReferenceEngine } from "./reference";
import { cheapestSpread } from "./spreadPlan";
import { WasmEngine } from "./wasm";
import { measureWidths } from "./widths";

const separable = new WasmEngine({ threads: 2, plan: () => ({ method: "separable" }) });
const chosen = new WasmEngine({ threads: 2 });
afterAll(() => Promise.all([separable, chosen].map((engine) => engine.dispose())));

for (const options of examples) {
  const { gaussians, boxSize, rings } = options;
  const name = `N ${gaussians}, S ${boxSize}${rings ? `, rings to ${rings}` : ""}`;
  test(`separable factors agree with the reference: ${name}`, () => expectAgreement(separable, options));
  test(`the chosen formulation agrees with the reference: ${name}`, () => expectAgreement(chosen, options));
  test(`products of neighbouring models agree with the reference: ${name}`, async () => {
    await expectProducts(separable, options);
    await expectProducts(chosen, options);
  });
}

// Grids with each radix of the FFT, barely large enough and larger, with and without widening.
for (const [grid, options] of [
  [48, { count: 3, gaussians: 33, boxSize: 24, shared: true }],
  [64, { count: 2, gaussians: 50, boxSize: 27, ownWeights: true }],
  [72, { count: 2, gaussians: 50, boxSize: 27 }],
  [32, { count: 2, gaussians: 300, boxSize: 32, rings: 9, targetRings: 12, ownWeights: true }],
  [96, { count: 2, gaussians: 530, boxSize: 64 }],
  [144, { count: 1, gaussians: 530, boxSize: 64 }],
  [128, { count: 2, gaussians: 270, boxSize: 85, shared: true }],
] as const) {
  test(`spreading on a grid of ${grid} agrees with the reference: N ${options.gaussians}, S ${options.boxSize}`, async () => {
    const engine = new WasmEngine({
      threads: 1,
      plan: (input) => {
        const found = cheapestSpread(grid, input);
        assert.ok(found, "the grid must be possible");
        return found.plan;
      },
    });
    await expectAgreement(engine, options);
    await engine.dispose();
  });
}

test("Gaussians partly outside the box, and ones of amplitude 0, agree with the reference", async () => {
  const wide = exampleBatch({ count: 2, gaussians: 40, boxSize: 48 });
  for (let i = 0; i < wide.batch.model.length; i++) {
    const row = Math.floor(i / 40) % 5;
    if (row < 3) wide.batch.model[i]! *= 1.6;
    if (row === 3 && i % 7 === 0) wide.batch.model[i] = 0;
  }
  for (const engine of [separable, chosen]) await expectAgreement(engine, wide);
});

test("amplitudes of 1e-14 give the same FRC and a gradient 1e14 times as large", async () => {
  const { batch, request } = exampleBatch({ count: 2, gaussians: 60, boxSize: 40 });
  const model = batch.model.map((v, i) => (Math.floor(i / 60) % 5 === 3 ? v * 1e-14 : v));
  for (const engine of [separable, chosen]) {
    const { frc, modelGradient } = await engine.evaluate(batch, request);
    const [plainFrc, plain] = [frc.slice(), modelGradient!.slice()];
    const scaled = await engine.evaluate({ ...batch, model }, request);
    for (const [i, v] of scaled.frc.entries()) assert.ok(Math.abs(v - plainFrc[i]!) < 1e-5);
    scaled.modelGradient!.forEach((v, i) => {
      const row = Math.floor(i / 60) % 5;
      const expected = plain[i]! * (row === 3 ? 1e14 : 1);
      const size = Math.hypot(...plain.subarray(60 * row, 60 * row + 60)) * (row === 3 ? 1e14 : 1);
      assert.ok(Math.abs(v - expected) < 1e-3 * size, `row ${row}: ${v} but ${expected}`);
    });
  }
});

test("inputs that are not finite do not break the engine or affect the next call", async () => {
  const good = exampleBatch({ count: 2, gaussians: 60, boxSize: 40 });
  const expected = Array.from((await chosen.evaluate(good.batch, good.request)).score);
  for (const [row, value] of [
    [0, Number.POSITIVE_INFINITY],
    [1, Number.NaN],
    [2, 1e30],
    [3, Number.NaN],
    [4, Number.NaN],
    [4, Number.POSITIVE_INFINITY],
    [4, 1e9],
    [4, 0],
  ] as const) {
    const { batch, request } = exampleBatch({ count: 2, gaussians: 60, boxSize: 40 });
    // Of the first set only; once with an amplitude, once without.
    batch.model[row * 60 + 7] = value;
    if (row === 4) batch.model[3 * 60 + 7] = 0;
    await chosen.evaluate(batch, request);
    await separable.evaluate(batch, request);
    const { score } = await chosen.evaluate(good.batch, good.request);
    assert.deepEqual(Array.from(score), expected);
  }
});

/** The plan for a batch in a box of 64 with all rings. */
function planOf(gaussians: number, batch: ProjectionBatch) {
  return choosePlan({ gaussians, boxSize: 64, rings: 31, widths: measureWidths(batch) });
}

/** A batch whose Gaussians have these widths, cyclically. */
function withWidths(options: Parameters<typeof exampleBatch>[0], sigmas: readonly number[]) {
  const example = exampleBatch(options);
  const n = options.gaussians;
  for (let i = 0; i < example.batch.model.length; i++) {
    if (Math.floor(i / n) % 5 === 4) example.batch.model[i] = sigmas[i % sigmas.length]!;
  }
  return example;
}

for (const sigmas of [[2.2], [4], [1.15, 1.9, 2.05, 2.1]]) {
  test(`wide Gaussians, σ ${sigmas.join(", ")}, are narrowed on the grid, and agree with the reference`, async () => {
    const wide = withWidths({ count: 2, gaussians: 500, boxSize: 64 }, sigmas);
    const plan = planOf(500, wide.batch);
    assert.ok(plan.method === "spread" && plan.classes[0]!.extra < -0.5, JSON.stringify(plan));
    await expectAgreement(chosen, wide);
  });
}

for (const [gaussians, sigmas] of [
  [500, [0.8, 2, 2.2, 2.4, 2.6, 2.8, 3, 3.1, 3.2]],
  [1201, [0.9, 1.2, 2.6, 2.7, 2.8]],
] as const) {
  test(`Gaussians of very different widths are divided into classes, and agree with the reference: σ ${sigmas.join(", ")}`, async () => {
    const mixed = withWidths({ count: 2, gaussians, boxSize: 64 }, sigmas);
    // A Gaussian of amplitude 0 has a gradient, too.
    mixed.batch.model[3 * gaussians + 8] = 0;
    const plan = planOf(gaussians, mixed.batch);
    assert.ok(plan.method === "spread" && plan.classes.length > 1, JSON.stringify(plan));
    await expectAgreement(chosen, mixed);
    await expectProducts(chosen, { count: 2, gaussians, boxSize: 64 });
  });
}

test("a particle of wide Gaussians is right in a batch with one of narrow Gaussians, whose outer rings are much stronger", async () => {
  for (const [gaussians, narrow, wide] of [
    [1000, 1.5, 2.5],
    [3000, 1, 2.5],
  ] as const) {
    const both = withWidths({ count: 2, gaussians, boxSize: 64, rings: 28 }, [narrow]);
    both.batch.model.fill(wide, 9 * gaussians, 10 * gaussians);
    await expectAgreement(chosen, both);
  }
});

test("a Gaussian of amplitude 0 that is narrower than all others has a finite gradient, and does not affect others", async () => {
  const example = withWidths({ count: 2, gaussians: 600, boxSize: 64, rings: 28 }, [2]);
  for (const set of [0, 1]) {
    example.batch.model[(5 * set + 3) * 600 + 11] = 0;
    example.batch.model[(5 * set + 4) * 600 + 11] = 0.7;
  }
  await expectAgreement(chosen, example);
});

test("a width of NaN affects its own particle only", async () => {
  const example = withWidths({ count: 2, gaussians: 300, boxSize: 64, rings: 28 }, [1.5]);
  example.batch.model[4 * 300] = 8;
  example.batch.model[3 * 300]! *= 20;
  const { frc } = await new ReferenceEngine().evaluate(example.batch, { ...example.request, gradient: {} });
  example.batch.model[9 * 300 + 7] = Number.NaN;
  const found = await chosen.evaluate(example.batch, { ...example.request, gradient: {} });
  for (let r = 1; r <= 28; r++)
    assert.ok(Math.abs(found.frc[r]! - frc[r]!) < 1e-4, `ring ${r}: ${found.frc[r]}`);
});

test("Gaussians so much wider than others that they vanish at the last ring are not put on a float32 grid", () => {
  // The narrow ones are very weak, but narrowing would make them wrong.
  const { batch } = withWidths({ count: 1, gaussians: 500, boxSize: 64 }, [3]);
  for (let i = 0; i < 500; i += 100) {
    batch.model[3 * 500 + i]! *= 1e-6;
    batch.model[4 * 500 + i] = 0.8;
  }
  assert.equal(planOf(500, batch).method, "separable");
});

test("concurrent calls are run in order, each with its own result", async () => {
  const small = exampleBatch({ count: 2, gaussians: 20, boxSize: 16 });
  const large = exampleBatch({ count: 5, gaussians: 100, boxSize: 40 });
  const scores = (engine: WasmEngine, example: typeof small) =>
    engine.evaluate(example.batch, example.request).then(({ score }) => Array.from(score));
  const alone = [await scores(chosen, small), await scores(chosen, large)];
  assert.deepEqual(await Promise.all([scores(chosen, small), scores(chosen, large)]), alone);
});

test("the result does not depend on the number of threads", async () => {
  const { batch, request } = exampleBatch({ count: 7, gaussians: 90, boxSize: 32 });
  const one = new WasmEngine({ threads: 1 });
  const single = await one.evaluate(batch, request);
  assert.deepEqual(await chosen.evaluate(batch, request), single);
  await one.dispose();
});

test("projections agree with the reference", async () => {
  const { batch, request } = exampleBatch({ count: 3, gaussians: 60, boxSize: 33 });
  const expected = await new ReferenceEngine().project(batch, request);
  const largest = Math.max(...expected.map(Math.abs));
  for (const engine of [separable, chosen]) {
    const found = await engine.project(batch, request);
    assert.equal(found.length, expected.length);
    for (let i = 0; i < found.length; i++) {
      assert.ok(Math.abs(found[i]! - expected[i]!) < 1e-4 * largest, `number ${i}`);
    }
  }
});

test("an idle engine does not keep the process alive, and a disposed one reports it", async () => {
  const script = `
    const { WasmEngine } = require(${JSON.stringify(path.join(__dirname, "wasm.js"))});
    const { exampleBatch } = require(${JSON.stringify(path.join(__dirname, "examples.js"))});
    const { batch, request } = exampleBatch({ count: 4, gaussians: 10, boxSize: 16 });
    new WasmEngine({ threads: 2 }).evaluate(batch, request).then(({ score }) => console.log(score.length));`;
  const { status, stdout } = spawnSync(process.execPath, ["-e", script], {
    encoding: "utf8",
    timeout: 30000,
  });
  assert.equal(status, 0);
  assert.equal(stdout.trim(), "4");
  const engine = new WasmEngine({ threads: 1 });
  await engine.dispose();
  const { batch, request } = exampleBatch({ count: 1, gaussians: 10, boxSize: 16 });
  await assert.rejects(engine.evaluate(batch, request), /already disposed/);
});

test("when a thread dies, the call and every later one fail with its reason", async () => {
  const engine = new WasmEngine({ threads: 2, plan: () => ({ method: "separable" }) });
  const small = exampleBatch({ count: 2, gaussians: 10, boxSize: 16 });
  await engine.evaluate(small.batch, small.request);
  // Long enough for the thread to be busy when it is terminated.
  const { batch, request } = exampleBatch({ count: 40, gaussians: 6000, boxSize: 128, shared: true });
  const died = assert.rejects(engine.evaluate(batch, request), /a worker thread ended, exit code 1/);
  const { workers } = engine as unknown as { workers: { terminate(): Promise<number> }[] };
  await new Promise((resolve) => setTimeout(resolve, 50));
  await workers[0]!.terminate();
  await died;
  await assert.rejects(engine.evaluate(batch, request), /a worker thread ended, exit code 1/);
  await engine.dispose();
});
