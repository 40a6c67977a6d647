import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import type { GaussianModel } from "../model/gaussianModel";
import { Random } from "../random";
import { Adam } from "./adam";
import { GaussianHead, type Varied } from "./head";
import { LatentModel } from "./latentModel";
import { Mlp } from "./mlp";

before(() => tf.setBackend("cpu"));

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

/** Checks d(Σ output·direction) in some of the variables and inputs against central differences. */
function checkGradients(spec: Partial<ConstructorParameters<typeof Mlp>[0]>): void {
  const network = new Mlp(
    { inputs: 5, hidden: [16, 12], outputs: 3, dropout: 0, batchNorm: false, outputScale: 1, ...spec },
    new Random(3),
  );
  const rows = 7;
  const input = tf.tensor2d(someNumbers(rows * 5, 4), [rows, 5]);
  const direction = tf.tensor2d(someNumbers(rows * 3, 5), [rows, 3]);
  const value = (x: tf.Tensor2D) => {
    // The same seed draws the same dropout.
    const tape = network.forward(x, new Random(11));
    const sum = tf.tidy(() => tf.sum(tf.mul(tape.output, direction)).dataSync()[0]!);
    network.release(tape);
    return sum;
  };
  const tape = network.forward(input, new Random(11));
  const { gradients, input: inputGradient } = network.backward(tape, direction, true);
  const step = 1e-3;
  const probe = (name: string, old: tf.Tensor, gradient: tf.Tensor, set: (t: tf.Tensor) => number) => {
    const values = Float32Array.from(old.dataSync());
    const slope = gradient.dataSync();
    const random = new Random(21);
    for (let k = 0; k < 6; k++) {
      const i = random.integer(values.length);
      const moved = (by: number) => {
        const next = values.slice();
        next[i]! += by;
        return set(tf.tensor(next, old.shape));
      };
      const numeric = (moved(step) - moved(-step)) / (2 * step);
      moved(0);
      assert.ok(
        Math.abs(numeric - slope[i]!) < 2e-2 * (1 + Math.abs(numeric)),
        `${name}[${i}]: ${slope[i]} against ${numeric} by differences`,
      );
    }
  };
  for (let v = 0; v < network.variables.length; v++) {
    probe(`variable ${v}`, network.variables[v]!, gradients[v]!, (t) => {
      network.assign(v, t);
      return value(input);
    });
  }
  probe("input", input, inputGradient!, (t) => value(t as tf.Tensor2D));
}

describe("network", () => {
  test("gradients of a plain network agree with finite differences", () => checkGradients({}));
  test("gradients through dropout agree with finite differences", () => checkGradients({ dropout: 0.3 }));
  test("gradients through batch normalisation agree with finite differences", () =>
    checkGradients({ batchNorm: true, dropout: 0.3 }));

  test("a forward and backward pass leave no tensor behind", () => {
    const network = new Mlp(
      { inputs: 4, hidden: [8], outputs: 2, dropout: 0.3, batchNorm: true, outputScale: 1 },
      new Random(1),
    );
    const input = tf.tensor2d(someNumbers(12, 1), [3, 4]);
    const dy = tf.tensor2d(someNumbers(6, 2), [3, 2]);
    const before = tf.memory().numTensors;
    const tape = network.forward(input, new Random(2));
    const { gradients, input: dx } = network.backward(tape, dy, true);
    network.release(tape);
    tf.dispose([...gradients, dx!]);
    assert.equal(tf.memory().numTensors, before);
  });

  test("Adam follows its published recurrence, with decay on weights only", () => {
    const network = new Mlp(
      { inputs: 1, hidden: [], outputs: 1, dropout: 0, batchNorm: false, outputScale: 1 },
      new Random(5),
    );
    let weight = network.variables[0]!.dataSync()[0]!;
    let bias = network.variables[1]!.dataSync()[0]!;
    const adam = new Adam([network], { learningRate: 0.1, weightDecay: 0.5 });
    let m = 0;
    let v = 0;
    for (let t = 1; t <= 5; t++) {
      const g = Math.sin(t);
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const step = (0.1 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-7);
      weight = weight * (1 - 0.05) - step;
      bias -= step;
      adam.step([[tf.tensor2d([g], [1, 1]), tf.tensor1d([g])]]);
    }
    assert.ok(Math.abs(network.variables[0]!.dataSync()[0]! - weight) < 1e-5);
    assert.ok(Math.abs(network.variables[1]!.dataSync()[0]! - bias) < 1e-5);
  });
});

describe("head", () => {
  const neutral = someModel(6);

  test("a raw zero is the neutral model, and held Gaussians never leave it", () => {
    const free = Uint8Array.of(1, 0, 1, 1, 0, 1);
    const head = new GaussianHead(neutral, ["position", "width"], free);
    assert.equal(head.outputs, 4 * 4);
    assert.deepEqual([...head.decode(new Float32Array(16), 1)], [...neutral.params]);
    const moved = head.decode(someNumbers(16, 1), 1);
    for (const held of [1, 4]) {
      for (let row = 0; row < 5; row++) assert.equal(moved[row * 6 + held], neutral.params[row * 6 + held]);
    }
    for (let i = 0; i < 6; i++)
      assert.equal(moved[18 + i], neutral.params[18 + i], "amplitude is not varied");
  });

  for (const kind of ["position", "amplitude", "width"] as Varied[]) {
    test(`the gradient in the raw numbers of ${kind} agrees with finite differences`, () => {
      const head = new GaussianHead(neutral, [kind]);
      const raw = someNumbers(2 * head.outputs, 2).map((x) => 0.2 * x);
      const direction = someNumbers(2 * 30, 3);
      const value = (r: Float32Array) => head.decode(r, 2).reduce((sum, x, i) => sum + x * direction[i]!, 0);
      const gradient = head.backward(raw, direction, 2);
      for (let i = 0; i < raw.length; i += 3) {
        const [up, down] = [0.01, -0.01].map((by) => {
          const next = raw.slice();
          next[i]! += by;
          return value(next);
        });
        assert.ok(Math.abs((up! - down!) / 0.02 - gradient[i]!) < 1e-3);
      }
    });
  }
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
      adam.step(pass.backward(someNumbers(5 * model.head.outputs, 2)));
      pass.release();
    }
    assert.ok(farthest() > 0.01, `${farthest()}`);
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
    const weight = model.decoder.variables[0]!;
    model.decoder.assign(0, tf.mul(weight, 3));
    model.decoder.assign(1, tf.mul(tf.ones([16]), -1.5));
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
    other.load(await model.save());
    assert.deepEqual([...other.encode(features, 600)], [...z]);
    assert.deepEqual([...other.decode(z.subarray(0, 1), 1)], [...particle]);
  });

  test("what was saved decodes and encodes the same after loading", async () => {
    const model = someLatentModel(5);
    const features = someNumbers(30, 6);
    model.calibrate(features, 3);
    const other = someLatentModel(6);
    other.load(await model.save());
    assert.deepEqual([...other.encode(features, 3)], [...model.encode(features, 3)]);
    assert.deepEqual(
      [...other.decode(Float32Array.of(1, -1), 1)],
      [...model.decode(Float32Array.of(1, -1), 1)],
    );
  });
});
