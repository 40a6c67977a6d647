import assert from "node:assert/strict";
import { afterAll, describe, test } from "vitest";
import { disc } from "../../fourier/disc";
import { GaussianHead } from "../../network/head";
import { LatentModel } from "../../network/latentModel";
import type { ParticleTargets } from "../../particles/targets";
import { exampleBatch } from "../../projection/examples";
import { ReferenceEngine } from "../../projection/reference";
import { Random } from "../../random";
import type { RingWeights } from "../weights";
import { latentLikelihood } from "./likelihood";

const count = 3;
const latent = 3;
const boxSize = 20;
const rings = 8;
const { batch } = exampleBatch({ count, gaussians: 40, boxSize, rings, shared: true, seed: 4 });
const neutral = { count: 40, params: batch.model, boxSize, apix: 2 };
const engine = new ReferenceEngine();
const model = new LatentModel(
  { latent, featureSize: 4, hidden: [300, 300], dropout: 0 },
  new GaussianHead(neutral, ["position", "amplitude"]),
  new Random(5),
  1,
);
afterAll(() => model.dispose());
// An untrained decoder returns nearly the neutral model everywhere. Large biases keep most units from switching nearby, so
// that finite differences are those of a smooth function.
const factors: Record<string, (w: number) => number> = { bias0: () => 5, weight2: (w) => 40 * w };
model.decoder.load(
  model.decoder
    .save()
    .map((array) => ({ ...array, data: array.data.map(factors[array.name] ?? ((w) => w)) })),
);

/** Correlation of the images with the truth: 1 without noise, 0 for images of something else. */
let expected = 1;
const weights = {
  of: (particles: ArrayLike<number>) =>
    Float32Array.from({ length: particles.length * (rings + 1) }, (_, i) => 5 + (i % (rings + 1))),
  expectedFrc: () => expected,
} as unknown as RingWeights;
const context = { neutral, model, weights, engine };

/** Particles that look like these transforms. */
function targetsOf(transforms: Float32Array): ParticleTargets {
  const { rotations, shifts } = batch;
  const width = 2 * disc(rings).samples;
  return {
    ...{ count, boxSize, apix: 2, rings, rotations, shifts, ctfPower: new Float32Array(0), inMemory: true },
    batch: async (indices) => {
      const out = new Float32Array(indices.length * width);
      for (let i = 0; i < indices.length; i++) {
        out.set(transforms.subarray(indices[i]! * width, (indices[i]! + 1) * width), i * width);
      }
      return out;
    },
  } as ParticleTargets;
}

const particles = Int32Array.of(2, 0, 1);
const z = Float32Array.from({ length: count * latent }, (_, i) => Math.sin(3 * i));

describe("likelihood of the latents", () => {
  test("value is the weighted score; gradient, without expected curvature, is the forward difference", async () => {
    expected = 0;
    const likelihood = latentLikelihood({ ...context, targets: targetsOf(batch.targets) });
    const { value, gradient } = await likelihood.local(particles, z);
    const at = async (i: number, place: Float32Array) => {
      const { [0]: score } = await likelihood.shared(particles.slice(i, i + 1), place);
      return score!;
    };
    for (let i = 0; i < count; i++) {
      const own = z.slice(i * latent, (i + 1) * latent);
      assert.ok(Math.abs(value[i]! - (await at(i, own))) < 1e-3, `value ${value[i]}`);
      for (let d = 0; d < latent; d++) {
        const ahead = own.map((x, k) => (k === d ? x + 0.02 : x));
        const difference = ((await at(i, ahead)) - (await at(i, own))) / 0.02;
        const error = Math.abs(gradient[i * latent + d]! - difference);
        assert.ok(
          error < 0.02 * (1 + Math.abs(difference)),
          `gradient ${gradient[i * latent + d]}, not ${difference}`,
        );
      }
    }
  });

  test("a subset of a batch is not read again", async () => {
    const targets = targetsOf(batch.targets);
    let reads = 0;
    const counting = {
      ...targets,
      batch: (indices: ArrayLike<number>) => {
        reads++;
        return targets.batch(indices);
      },
    };
    const likelihood = latentLikelihood({ ...context, targets: counting });
    const all = await likelihood.local(particles, z);
    const fewer = await likelihood.local(particles.slice(1), z.slice(latent));
    assert.equal(reads, 1);
    assert.deepEqual([...fewer.value], [...all.value.subarray(1)]);
    assert.deepEqual([...fewer.gradient], [...all.gradient.subarray(latent)]);
  });

  test("for noise-free images, curvature is that of the score at the truth, and gradient vanishes there", async () => {
    expected = 1;
    const truth = model.decode(z, count);
    const { rotations, shifts } = batch;
    const images = await engine.project(
      { count, gaussians: 40, model: truth, rotations, shifts },
      { boxSize, rings },
    );
    const layout = disc(rings);
    const width = 2 * layout.samples;
    for (let b = 0; b < count; b++) {
      const norm = new Float64Array(rings + 1);
      for (let i = 0; i < width; i++) {
        const s = i >> 1;
        norm[layout.ring[s]!]! += layout.multiplicity[s]! * images[b * width + i]! ** 2;
      }
      for (let i = 0; i < width; i++) {
        const s = i >> 1;
        images[b * width + i] =
          layout.multiplicity[s]! > 0 ? images[b * width + i]! / Math.sqrt(norm[layout.ring[s]!]!) : 0;
      }
    }
    const likelihood = latentLikelihood({ ...context, targets: targetsOf(images) });
    const order = Int32Array.of(0, 1, 2);
    const { gradient, curvature } = await likelihood.local(order, z);
    const score = async (i: number, moves: [axis: number, by: number][]) => {
      const place = z.slice(i * latent, (i + 1) * latent);
      for (const [axis, by] of moves) place[axis]! += by;
      return (await likelihood.shared(order.slice(i, i + 1), place))[0]!;
    };
    const h = 0.05;
    for (let i = 0; i < count; i++) {
      let largest = 0;
      for (let d = 0; d < latent; d++) largest = Math.max(largest, curvature[(i * latent + d) * latent + d]!);
      assert.ok(largest > 1, "the images tell something");
      for (let d = 0; d < latent; d++) {
        assert.ok(
          Math.abs(gradient[i * latent + d]!) < 0.02 * largest,
          `gradient ${gradient[i * latent + d]}`,
        );
        for (let e = 0; e <= d; e++) {
          const mixed =
            ((await score(i, [
              [d, h],
              [e, h],
            ])) -
              (await score(i, [
                [d, h],
                [e, -h],
              ])) -
              (await score(i, [
                [d, -h],
                [e, h],
              ])) +
              (await score(i, [
                [d, -h],
                [e, -h],
              ]))) /
            (4 * h * h);
          for (const at of [(i * latent + d) * latent + e, (i * latent + e) * latent + d]) {
            assert.ok(
              Math.abs(curvature[at]! + mixed) < 0.08 * largest,
              `${curvature[at]}, by differences ${-mixed}`,
            );
          }
        }
      }
    }
  });
});
