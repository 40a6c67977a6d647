import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { describe, test } from "vitest";
import { Random } from "../random";
import { Adam } from "./adam";
import { DenseNetwork } from "./denseNetwork";
import { NetworkThreads } from "./networkThreads";
import type { AdamStep, NamedArray } from "./parameters";
import { someNumbers } from "./testData.test.helper";

const threads = new NetworkThreads(1);

function someNetwork(spec: Partial<DenseNetwork["spec"]>, seed = 3, on = threads): DenseNetwork {
  const whole = { inputs: 5, hidden: [16, 12], outputs: 3, dropout: 0, batchNorm: false, outputScale: 1 };
  return new DenseNetwork({ ...whole, ...spec }, new Random(seed), on);
}

/** A step that moves nothing and leaves the gradient as Adam's first moment. */
const still: AdamStep = { beta1: 0, beta2: 0, epsilon: 1, rate: 0, root: 1, decay: 0 };

/** Checks d(Σ output·direction) in some of the weights and inputs against central differences. */
function checkGradients(spec: Partial<DenseNetwork["spec"]>, rows = 7): void {
  const network = someNetwork(spec);
  const { inputs, outputs } = network.spec;
  const input = someNumbers(rows * inputs, 4);
  const direction = someNumbers(rows * outputs, 5);
  // The same seed draws the same dropout.
  const value = (x: Float32Array) =>
    network
      .forward(x, rows, new Random(11))
      .dense(rows)
      .reduce((sum, y, i) => sum + y * direction[i]!, 0);
  network.resetMoments();
  network.forward(input, rows, new Random(11)).put(direction, 0, rows);
  const inputGradient = network.backward(still, true)!;
  const gradients = network.moments().map(({ first }) => first);
  const step = 1e-3;
  const probe = (name: string, values: Float32Array, gradient: Float32Array, at: () => number) => {
    assert.equal(gradient.length, values.length, name);
    const random = new Random(21);
    for (let k = 0; k < 8; k++) {
      const i = random.integer(values.length);
      const moved = (by: number) => {
        const old = values[i]!;
        values[i] = old + by;
        const found = at();
        values[i] = old;
        return found;
      };
      const numeric = (moved(step) - moved(-step)) / (2 * step);
      assert.ok(
        Math.abs(numeric - gradient[i]!) < 2e-2 * (1 + Math.abs(numeric)),
        `${name}[${i}]: ${gradient[i]} against ${numeric} by differences`,
      );
    }
  };
  const saved = network.save();
  for (const [v, gradient] of gradients.entries()) {
    probe(saved[v]!.name, saved[v]!.data, gradient, () => {
      network.load(saved);
      return value(input);
    });
  }
  network.load(saved);
  probe("input", input, inputGradient, () => value(input));
}

describe("network", () => {
  test("gradients of a plain network agree with finite differences", () => checkGradients({}));
  test("gradients of wide layers whose sizes are not multiples of a vector agree with finite differences", () =>
    checkGradients({ inputs: 37, hidden: [66, 35], outputs: 283 }, 5));
  test("gradients through dropout agree with finite differences", () => checkGradients({ dropout: 0.3 }));
  test("gradients through batch normalization agree with finite differences", () =>
    checkGradients({ batchNorm: true, dropout: 0.3 }));

  test("predictions are the products of the layers, also for more rows than fit into one pass", () => {
    const network = someNetwork({ inputs: 9, hidden: [21], outputs: 11 });
    const values = Object.fromEntries(network.save().map(({ name, data }) => [name, data]));
    const rows = 150;
    const input = someNumbers(rows * 9, 2);
    const layer = (x: Float32Array, index: number, [inputs, outputs]: [number, number], relu: boolean) =>
      Float32Array.from({ length: rows * outputs }, (_, at) => {
        const [b, j] = [Math.floor(at / outputs), at % outputs];
        let sum = values[`bias${index}`]![j]!;
        for (let i = 0; i < inputs; i++)
          sum += x[b * inputs + i]! * values[`weight${index}`]![i * outputs + j]!;
        return relu ? Math.max(sum, 0) : sum;
      });
    const expected = layer(layer(input, 0, [9, 21], true), 1, [21, 11], false);
    const found = network.predict(input, rows);
    for (let i = 0; i < expected.length; i++) assert.ok(Math.abs(found[i]! - expected[i]!) < 1e-4, `${i}`);
  });

  test("inference with running statistics agrees with training", () => {
    const network = someNetwork({ batchNorm: true });
    const input = someNumbers(64 * 5, 8);
    let trained = new Float32Array(0);
    for (let i = 0; i < 200; i++) trained = network.forward(input, 64, new Random(1)).dense(64);
    const found = network.predict(input, 64);
    for (let i = 0; i < found.length; i++) assert.ok(Math.abs(found[i]! - trained[i]!) < 1e-3);
  });

  test("the number of threads does not change what is learned", () => {
    const spec = { inputs: 70, hidden: [300, 260], outputs: 900, dropout: 0.3, batchNorm: true };
    const learned = [1, 3].map((count) => {
      const own = new NetworkThreads(count);
      const network = someNetwork(spec, 3, own);
      const adam = new Adam([network], { learningRate: 1e-2, weightDecay: 0.1 });
      const random = new Random(7);
      // The worker threads start in the course of the steps.
      for (let step = 0; step < 40; step++) {
        network.forward(someNumbers(50 * 70, step), 50, random).put(someNumbers(50 * 900, 100 + step), 0, 50);
        network.backward(adam.next());
      }
      const saved = network.save();
      own.dispose();
      return saved;
    });
    assert.deepEqual(learned[1], learned[0]);
  });

  test("a backward pass without a forward pass is refused", () => {
    const network = someNetwork({});
    network.resetMoments();
    network.forward(someNumbers(10, 1), 2, new Random(1));
    network.predict(someNumbers(10, 1), 2);
    assert.throws(() => network.backward(still), /expected a forward pass/);
  });

  test("weights of another shape are refused by name", () => {
    const saved = someNetwork({ outputs: 4 }).save();
    assert.throws(
      () => someNetwork({}).load(saved),
      /weights weight2: expected shape \[12,3\], found \[12,4\]/,
    );
  });

  test("a worker thread that ends makes every later layer fail with its reason", async () => {
    const own = new NetworkThreads(3);
    const network = someNetwork({ inputs: 400, hidden: [], outputs: 900 }, 1, own);
    const run = () => network.predict(someNumbers(64 * 400, 1), 64);
    run();
    const { workers } = own as unknown as { workers: { terminate(): Promise<number> }[] };
    await workers[0]!.terminate();
    await new Promise(setImmediate);
    for (let i = 0; i < 2; i++) assert.throws(run, /networks: a worker thread ended, exit code \d/);
    own.dispose();
  });

  test("a thread that fails during a task ends it at once with the reason", {
    timeout: 30_000,
  }, async () => {
    const own = new NetworkThreads(3);
    const network = someNetwork({ inputs: 400, hidden: [], outputs: 900 }, 1, own);
    const run = () => network.predict(someNumbers(64 * 400, 1), 64);
    const { control, kernels } = own as unknown as {
      control: Int32Array;
      kernels: { network(at: number): void };
    };
    const working = kernels.network;
    run();
    for (let waited = 0; control[2] !== 2 && waited < 200; waited++) await setTimeout(10);
    assert.equal(control[2], 2, "the worker threads have started");
    // Only the worker threads run this task, whose data lie outside the memory.
    Object.assign(own, {
      kernels: {
        ...kernels,
        network: () => undefined,
        denseChunks: () => 2 ** 30,
      },
    });
    assert.throws(run, /networks: a worker thread failed, .*out of bounds/);
    assert.throws(run, /networks: a worker thread failed/);
    Object.assign(own, { kernels: { ...kernels, network: working } });
    own.dispose();
  });

  test("Adam follows its published recurrence, with decay of weights only, also across saving and loading", () => {
    let network = someNetwork({ inputs: 1, hidden: [], outputs: 1 });
    const value = (name: string) => network.save().find((a: NamedArray) => a.name === name)!.data[0]!;
    let weight = value("weight0");
    let bias = value("bias0");
    const options = { learningRate: 0.1, weightDecay: 0.5 };
    let adam = new Adam([network], options);
    let m = 0;
    let v = 0;
    for (let t = 1; t <= 6; t++) {
      const g = Math.sin(t);
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const step = (0.1 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-7);
      weight = weight * (1 - 0.05) - step;
      bias -= step;
      network.forward(Float32Array.of(1), 1, new Random(1)).put(Float32Array.of(g), 0, 1);
      network.backward(adam.next());
      if (t !== 3) continue;
      const [values, state] = [network.save(), adam.save()];
      network = someNetwork({ inputs: 1, hidden: [], outputs: 1 }, 99);
      adam = new Adam([network], options);
      network.load(values);
      adam.load(state);
    }
    assert.ok(Math.abs(value("weight0") - weight) < 1e-5);
    assert.ok(Math.abs(value("bias0") - bias) < 1e-5);
  });
});
