import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { describe, test } from "vitest";
import type { GaussianModel } from "../model/gaussianModel";
import { Random } from "../random";
import { Adam } from "./adam";
import { Rows } from "./denseLayer";
import { DenseNetwork } from "./denseNetwork";
import { GaussianHead, type Varied } from "./head";
import { HeadLayer } from "./headLayer";
import { LatentModel } from "./latentModel";
import { NetworkThreads } from "./networkThreads";
import type { AdamStep, NamedArray } from "./parameters";

function someNumbers(count: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.normal());
}

function someModel(count: number): GaussianModel {
  const random = new Random(9);
  const params = new Float32Array(5 * count);
  for (let i = 0; i < count; i++) {
    for (let row = 0; row < 3; row++) params[row * count + i] = 0.6 * (random.uniform() - 0.5);
    params[3 * count + i] = 0.5 + random.uniform();
    params[4 * count + i] = 1 + random.uniform();
  }
  return { count, params, boxSize: 32, apix: 2 };
}

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
  network.startLearning();
  network.forward(input, rows, new Random(11)).put(direction, 0, rows);
  const inputSlope = network.learn(still, true)!;
  const slopes = network.moments().map(({ first }) => first);
  const step = 1e-3;
  const probe = (name: string, values: Float32Array, slope: Float32Array, at: () => number) => {
    assert.equal(slope.length, values.length, name);
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
        Math.abs(numeric - slope[i]!) < 2e-2 * (1 + Math.abs(numeric)),
        `${name}[${i}]: ${slope[i]} against ${numeric} by differences`,
      );
    }
  };
  const saved = network.save();
  for (const [v, slope] of slopes.entries()) {
    probe(saved[v]!.name, saved[v]!.data, slope, () => {
      network.load(saved);
      return value(input);
    });
  }
  network.load(saved);
  probe("input", input, inputSlope, () => value(input));
}

describe("network", () => {
  test("gradients of a plain network agree with finite differences", () => checkGradients({}));
  test("gradients of wide layers that fill no vector agree with finite differences", () =>
    checkGradients({ inputs: 37, hidden: [66, 35], outputs: 283 }, 5));
  test("gradients through dropout agree with finite differences", () => checkGradients({ dropout: 0.3 }));
  test("gradients through batch normalisation agree with finite differences", () =>
    checkGradients({ batchNorm: true, dropout: 0.3 }));

  test("what it predicts is the product of its layers, for more rows than fit into one pass", () => {
    const network = someNetwork({ inputs: 9, hidden: [21], outputs: 11 });
    const values = Object.fromEntries(network.save().map(({ name, data }) => [name, data]));
    const rows = 150;
    const input = someNumbers(rows * 9, 2);
    const layer = (x: Float32Array, index: number, inputs: number, outputs: number, relu: boolean) =>
      Float32Array.from({ length: rows * outputs }, (_, at) => {
        const [b, j] = [Math.floor(at / outputs), at % outputs];
        let sum = values[`bias${index}`]![j]!;
        for (let i = 0; i < inputs; i++)
          sum += x[b * inputs + i]! * values[`weight${index}`]![i * outputs + j]!;
        return relu ? Math.max(sum, 0) : sum;
      });
    const expected = layer(layer(input, 0, 9, 21, true), 1, 21, 11, false);
    const found = network.predict(input, rows);
    for (let i = 0; i < expected.length; i++) assert.ok(Math.abs(found[i]! - expected[i]!) < 1e-4, `${i}`);
  });

  test("running statistics bring inference to what training saw", () => {
    const network = someNetwork({ batchNorm: true });
    const input = someNumbers(64 * 5, 8);
    let trained = new Float32Array(0);
    for (let i = 0; i < 200; i++) trained = network.forward(input, 64, new Random(1)).dense(64);
    const found = network.predict(input, 64);
    for (let i = 0; i < found.length; i++) assert.ok(Math.abs(found[i]! - trained[i]!) < 1e-3);
  });

  test("the number of threads changes nothing in what is learnt", () => {
    const spec = { inputs: 70, hidden: [300, 260], outputs: 900, dropout: 0.3, batchNorm: true };
    const learnt = [1, 3].map((count) => {
      const own = new NetworkThreads(count);
      const network = someNetwork(spec, 3, own);
      const adam = new Adam([network], { learningRate: 1e-2, weightDecay: 0.1 });
      const random = new Random(7);
      // The helping threads come up in the course of the steps.
      for (let step = 0; step < 40; step++) {
        network.forward(someNumbers(50 * 70, step), 50, random).put(someNumbers(50 * 900, 100 + step), 0, 50);
        network.learn(adam.next());
      }
      const saved = network.save();
      own.dispose();
      return saved;
    });
    assert.deepEqual(learnt[1], learnt[0]);
  });

  test("a backward pass without a forward pass is refused", () => {
    const network = someNetwork({});
    network.startLearning();
    network.forward(someNumbers(10, 1), 2, new Random(1));
    network.predict(someNumbers(10, 1), 2);
    assert.throws(() => network.learn(still), /expected a forward pass/);
  });

  test("weights of another shape are refused by name", () => {
    const saved = someNetwork({ outputs: 4 }).save();
    assert.throws(
      () => someNetwork({}).load(saved),
      /weights weight2: expected shape \[12,3\], found \[12,4\]/,
    );
  });

  test("a worker thread that ends fails the next layer with its reason, and every later one", async () => {
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

  test("a thread that fails in the middle of a task ends it at once, with the reason", {
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
    assert.equal(control[2], 2, "the helping threads are up");
    // What only the helpers find: a task whose numbers lie outside the memory.
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

  test("Adam follows its published recurrence, with decay on weights only, also when it was saved in between", () => {
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
      network.learn(adam.next());
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

/** The formulas of the head in float64: each varied parameter of one set from its raw number. */
function decodeExactly(head: GaussianHead, raw: ArrayLike<number>): Float64Array {
  const { count: n, params } = head.neutral;
  const model = Float64Array.from(params);
  for (const [j, slot] of head.slots.entries()) {
    const sigmoid = 1 / (1 + Math.exp(-raw[j]!));
    if (slot < 3 * n) model[slot] = params[slot]! + 0.3 * Math.tanh(raw[j]! / 3);
    else model[slot] = params[slot]! * (slot < 4 * n ? 2 * sigmoid : 0.5 + sigmoid);
  }
  return model;
}

describe("head", () => {
  const neutral = someModel(6);
  const rowsOf = (head: GaussianHead, values: Float32Array): [rows: Rows, count: number] => {
    const count = values.length / head.outputs;
    const rows = new Rows(threads, 4 * Math.ceil(count / 4), head.outputs);
    rows.put(values, 0, count);
    return [rows, count];
  };
  const decode = (head: GaussianHead, values: Float32Array) =>
    new HeadLayer(threads, head).decode(...rowsOf(head, values));

  test("a raw zero is the neutral model, and held Gaussians never leave it", () => {
    const free = Uint8Array.of(1, 0, 1, 1, 0, 1);
    const head = new GaussianHead(neutral, ["position", "width"], free);
    assert.equal(head.outputs, 4 * 4);
    assert.deepEqual([...decode(head, new Float32Array(16))], [...neutral.params]);
    const moved = decode(head, someNumbers(16, 1));
    for (const held of [1, 4]) {
      for (let row = 0; row < 5; row++) assert.equal(moved[row * 6 + held], neutral.params[row * 6 + held]);
    }
    for (let i = 0; i < 6; i++)
      assert.equal(moved[18 + i], neutral.params[18 + i], "amplitude is not varied");
  });

  // 1,500 Gaussians make several pieces of a row, 7 leave a rest of the vectors.
  for (const [count, vary, some] of [
    [7, ["position", "amplitude", "width"], false],
    [1500, ["position", "amplitude", "width"], false],
    [1501, ["position", "width"], true],
    [1499, ["amplitude"], true],
  ] as [number, Varied[], boolean][]) {
    test(`${count} Gaussians${some ? ", some of them held," : ""} with ${vary.join(", ")} varied are those of the formulas`, () => {
      const free = some ? Uint8Array.from({ length: count }, (_, i) => Number(i % 3 !== 1)) : undefined;
      const head = new GaussianHead(someModel(count), vary, free);
      const raw = someNumbers(3 * head.outputs, 5).map((x, i) => (i % 50 === 0 ? 200 * x : 3 * x));
      const found = decode(head, raw);
      for (let b = 0; b < 3; b++) {
        const exact = decodeExactly(head, raw.subarray(b * head.outputs, (b + 1) * head.outputs));
        for (let i = 0; i < 5 * count; i++) {
          const error = Math.abs(found[b * 5 * count + i]! - exact[i]!);
          assert.ok(error < 3e-7 * (1 + Math.abs(exact[i]!)), `parameter ${i} of ${b}: ${error}`);
        }
      }
    });

    test(`the way back of ${count} Gaussians with ${vary.join(", ")} varied agrees with differences of the formulas`, () => {
      const free = some ? Uint8Array.from({ length: count }, (_, i) => Number(i % 3 !== 1)) : undefined;
      const head = new GaussianHead(someModel(count), vary, free);
      head.neutral.params[3 * count] = 0;
      const { outputs, slots } = head;
      const { params } = head.neutral;
      const raw = someNumbers(2 * outputs, 6);
      const direction = someNumbers(2 * 5 * count, 7);
      const how = { scale: -0.7, penalty: 0.3 };
      const layer = new HeadLayer(threads, head);
      const [rows] = rowsOf(head, raw);
      layer.decode(rows, 2, true);
      layer.back(rows, 2, direction, how);
      const found = rows.dense(2);
      // A parameter depends on its own raw number only, so each difference is of one term of the loss.
      const term = (b: number, j: number, by: number) => {
        const own = raw.slice(b * outputs, (b + 1) * outputs);
        own[j]! += by;
        const slot = slots[j]!;
        const value = decodeExactly(head, own)[slot]!;
        const strayed = slot < 3 * count || params[slot] === 0 ? 0 : value / params[slot]! - 1;
        return how.scale * direction[b * 5 * count + slot]! * value + (how.penalty * strayed ** 2) / count;
      };
      for (const b of [0, 1]) {
        for (let j = 0; j < outputs; j += 1 + Math.floor(outputs / 40)) {
          const difference = (term(b, j, 1 / 64) - term(b, j, -1 / 64)) * 32;
          const error = Math.abs(found[b * outputs + j]! - difference);
          assert.ok(error < 1e-4 * (1 + Math.abs(difference)), `raw number ${j} of ${b}: ${error}`);
        }
      }
    });
  }

  test("numbers that are not finite do not pass for a model", () => {
    const head = new GaussianHead(neutral, ["position", "amplitude", "width"]);
    for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const models = decode(head, new Float32Array(head.outputs).fill(broken));
      assert.ok(models.every(Number.isNaN), `${broken}`);
    }
  });
});

/** Mass-weighted RMSD between the models at neighbouring ones of 20 latents. */
function changes(model: LatentModel, head: GaussianHead): number[] {
  const steps = 20;
  const { params, count } = head.neutral;
  const at = Float32Array.from({ length: steps + 1 }, (_, i) => -1.5 + (3 * i) / steps);
  const models = model.decode(at, steps + 1);
  return Array.from({ length: steps }, (_, s) => {
    let sum = 0;
    for (let j = 0; j < 3 * count; j++) {
      const i = j % count;
      const mass = params[3 * count + i]! * params[4 * count + i]! ** 3;
      sum += mass * (models[(s + 1) * 5 * count + j]! - models[s * 5 * count + j]!) ** 2;
    }
    return Math.sqrt(sum);
  });
}

describe("encoder and decoder", () => {
  function someLatentModel(seed: number): LatentModel {
    const head = new GaussianHead(someModel(6), ["position"]);
    return new LatentModel(
      { latent: 2, featureSize: 10, hidden: [16, 16], dropout: 0.3 },
      head,
      new Random(seed),
    );
  }

  test("training begins at the neutral model, wherever in the latent space, and leaves it", () => {
    const model = someLatentModel(1);
    const { neutral } = model.head;
    const farthest = () => {
      const models = model.decode(Float32Array.of(0, 0, 1, 1, -2, 1), 3);
      return models.reduce((most, x, i) => Math.max(most, Math.abs(x - neutral.params[i % 30]!)), 0);
    };
    assert.ok(farthest() < 0.01, `${farthest()}`);
    const adam = new Adam([model.encoder, model.decoder], { learningRate: 0.05, weightDecay: 0 });
    for (let step = 0; step < 5; step++) {
      const pass = model.forward(someNumbers(50, 1), 5, 0.1, new Random(3));
      pass.learn(someNumbers(5 * 30, 2), { scale: 1, penalty: 0 }, adam.next());
    }
    assert.ok(farthest() > 0.01, `${farthest()}`);
  });

  test("networks that begin anew are as if they had just been made", () => {
    const [used, fresh] = [someLatentModel(1), someLatentModel(7)];
    const features = someNumbers(50, 1);
    const results = [used, fresh].map((model, i) => {
      if (i === 0) {
        const adam = new Adam([model.encoder, model.decoder], { learningRate: 0.05, weightDecay: 0 });
        model
          .forward(features, 5, 0.1, new Random(3))
          .learn(new Float32Array(5 * 30), { scale: 1, penalty: 0 }, adam.next());
        model.calibrate(features, 5);
        model.begin(new Random(7));
      }
      new Adam([model.encoder, model.decoder], { learningRate: 0.05, weightDecay: 0 });
      return [model.save(), model.encoder.moments(), model.decoder.moments()];
    });
    assert.deepEqual(results[0], results[1]);
  });

  test("calibrated latents have zero mean and unit variance over the data set", () => {
    const model = someLatentModel(2);
    const features = someNumbers(400 * 10, 4);
    model.calibrate(features, 400);
    const z = model.encode(features, 400);
    for (let d = 0; d < 2; d++) {
      const column = Array.from({ length: 400 }, (_, i) => z[2 * i + d]!);
      const mean = column.reduce((a, b) => a + b) / 400;
      const variance = column.reduce((a, b) => a + (b - mean) ** 2, 0) / 400;
      assert.ok(Math.abs(mean) < 1e-4 && Math.abs(variance - 1) < 1e-4, `mean ${mean}, variance ${variance}`);
    }
  });

  test("an evened latent has equal change per step, unit variance, and its zero where it was", async () => {
    const head = new GaussianHead(someModel(6), ["position"]);
    const spec = { latent: 1, featureSize: 10, hidden: [16, 16], dropout: 0 };
    const model = new LatentModel(spec, head, new Random(8));
    const features = someNumbers(600 * 10, 4);
    model.calibrate(features, 600);
    // A decoder that bends: what it says at a network coordinate grows with a high power of it.
    const decoder = model.decoder.save();
    decoder[0]!.data = decoder[0]!.data.map((w) => 3 * w);
    decoder[1]!.data.fill(-1.5);
    model.decoder.load(decoder);
    const uneven = changes(model, head);
    assert.ok(Math.max(...uneven) > 1.5 * Math.min(...uneven), `${uneven}`);
    const before = model.decode(Float32Array.of(0), 1);
    model.makeEven(features, 600);
    const z = model.encode(features, 600);
    const mean = z.reduce((a, b) => a + b) / 600;
    const variance = z.reduce((a, b) => a + (b - mean) ** 2, 0) / 600;
    assert.ok(Math.abs(variance - 1) < 0.02, `variance ${variance}`);
    const origin = model.decode(Float32Array.of(0), 1);
    for (let i = 0; i < 30; i++) assert.ok(Math.abs(origin[i]! - before[i]!) < 1e-6);
    const lengths = changes(model, head);
    assert.ok(Math.max(...lengths) < 1.3 * Math.min(...lengths), `${lengths}`);
    const particle = model.decode(z.subarray(0, 1), 1);
    const other = new LatentModel(spec, head, new Random(9));
    other.load(model.save());
    assert.deepEqual([...other.encode(features, 600)], [...z]);
    assert.deepEqual([...other.decode(z.subarray(0, 1), 1)], [...particle]);
  });

  test("what was saved decodes and encodes the same after loading", async () => {
    const model = someLatentModel(5);
    const features = someNumbers(30, 6);
    model.calibrate(features, 3);
    const other = someLatentModel(6);
    other.load(model.save());
    assert.deepEqual([...other.encode(features, 3)], [...model.encode(features, 3)]);
    assert.deepEqual(
      [...other.decode(Float32Array.of(1, -1), 1)],
      [...model.decode(Float32Array.of(1, -1), 1)],
    );
  });
});
