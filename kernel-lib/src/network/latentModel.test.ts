import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../random";
import { Adam } from "./adam";
import { GaussianHead } from "./head";
import { LatentModel } from "./latentModel";
import { someModel, someNumbers } from "./testData.test.helper";

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

  test("training starts at the neutral model everywhere in the latent space, and leaves it", () => {
    const model = someLatentModel(1);
    const { neutral } = model.head;
    const farthest = () => {
      const models = model.decode(Float32Array.of(0, 0, 1, 1, -2, 1), 3);
      return models.reduce((most, x, i) => Math.max(most, Math.abs(x - neutral.params[i % 30]!)), 0);
    };
    assert.ok(farthest() < 0.01, `${farthest()}`);
    const adam = new Adam([model.encoder, ...model.decoder.networks], { learningRate: 0.05, weightDecay: 0 });
    for (let step = 0; step < 5; step++) {
      const pass = model.forward(someNumbers(50, 1), 5, { noise: 0.1, random: new Random(3) });
      pass.backward(someNumbers(5 * 30, 2), { scale: 1, penalty: 0 }, adam.next());
    }
    assert.ok(farthest() > 0.01, `${farthest()}`);
  });

  test("initialized networks equal new ones", () => {
    const [used, fresh] = [someLatentModel(1), someLatentModel(7)];
    const features = someNumbers(50, 1);
    const results = [used, fresh].map((model, i) => {
      if (i === 0) {
        const adam = new Adam([model.encoder, ...model.decoder.networks], {
          learningRate: 0.05,
          weightDecay: 0,
        });
        model
          .forward(features, 5, { noise: 0.1, random: new Random(3) })
          .backward(new Float32Array(5 * 30), { scale: 1, penalty: 0 }, adam.next());
        model.calibrate(features, 5);
        model.initialize(new Random(7));
      }
      new Adam([model.encoder, ...model.decoder.networks], { learningRate: 0.05, weightDecay: 0 });
      return [
        model.save(),
        model.encoder.moments(),
        model.decoder.networks.map((network) => network.moments()),
      ];
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

  test("arc-length latents have equal change per step, unit variance, and the same zero", async () => {
    const head = new GaussianHead(someModel(6), ["position"]);
    const spec = { latent: 1, featureSize: 10, hidden: [16, 16], dropout: 0 };
    const model = new LatentModel(spec, head, new Random(8));
    const features = someNumbers(600 * 10, 4);
    model.calibrate(features, 600);
    // A nonlinear decoder, whose output grows with a high power of the network coordinate.
    const decoder = model.decoder.save();
    decoder[0]!.data = decoder[0]!.data.map((w) => 3 * w);
    decoder[1]!.data.fill(-1.5);
    model.decoder.load(decoder);
    const uneven = changes(model, head);
    assert.ok(Math.max(...uneven) > 1.5 * Math.min(...uneven), `${uneven}`);
    const before = model.decode(Float32Array.of(0), 1);
    model.orderAxes(features, 600);
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

  test("roles follow the axes when they are ordered, and after loading", () => {
    const head = new GaussianHead(someModel(6), ["position", "amplitude"]);
    const roles = { position: [1], density: [0] };
    const spec = { latent: 2, featureSize: 10, hidden: [16], dropout: 0, roles };
    const model = new LatentModel(spec, head, new Random(3));
    const features = someNumbers(400 * 10, 4);
    model.calibrate(features, 400);
    assert.deepEqual(model.roles, roles);
    // Positions that change far more than amplitudes come first.
    const arrays = model.decoder.save();
    for (const a of arrays) if (!a.name.startsWith("part1")) a.data = a.data.map((w) => 5 * w);
    model.decoder.load(arrays);
    model.orderAxes(features, 400);
    assert.deepEqual(model.roles, { position: [0], density: [1] });
    const loaded = new LatentModel(spec, head, undefined);
    loaded.load(model.save());
    assert.deepEqual(loaded.roles, model.roles);
    const only = new GaussianHead(someModel(6), ["amplitude"]);
    const { roles: ofOne } = new LatentModel({ ...spec, roles: undefined }, only, new Random(3));
    assert.deepEqual(ofOne, { position: [], density: [0, 1] });
  });

  test("a saved model decodes and encodes the same after loading", async () => {
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
