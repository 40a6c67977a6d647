import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { disc } from "../../fourier/disc";
import { rotationFromVector, vectorFromRotation } from "../../optics/pose";
import { product } from "../../optics/symmetry";
import type { ParticleTargets } from "../../particles/targets";
import { exampleBatch } from "../../projection/examples";
import { ReferenceEngine } from "../../projection/reference";
import { Random } from "../../random";
import type { RingWeights } from "../weights";
import { fixedModel, type PlaceDecoder, someAxes } from "./decoders";
import { HalfSamples } from "./halfSamples";
import { PlaceLikelihood } from "./likelihood";
import { PlaceSearch } from "./placePosterior";
import { PointLayout } from "./poseOffsets";
import { withUncertainPoses } from "./uncertainPoses";

const count = 4;
const gaussians = 40;
const boxSize = 24;
const rings = 10;
const { batch } = exampleBatch({ count, gaussians, boxSize, rings, shared: true, seed: 4 });
const neutral = { count: gaussians, params: batch.model, boxSize, apix: 2 };
const engine = new ReferenceEngine();
const particles = Int32Array.of(0, 1, 2, 3);
const weights = {
  of: (some: ArrayLike<number>) => new Float32Array(some.length * (rings + 1)).fill(40),
  expectedFrc: () => 1,
} as unknown as RingWeights;

/** The first half of the Gaussians moves along x, by 0.05 box units per unit of z. */
const decoder: PlaceDecoder = {
  latent: 1,
  decode: (z, n) => {
    const models = fixedModel(neutral.params).decode(z, n);
    for (let b = 0; b < n; b++) {
      for (let i = 0; i < gaussians / 2; i++) models[5 * gaussians * b + i]! += 0.05 * z[b]!;
    }
    return models;
  },
};

/** Particles whose noise-free images have these poses and places, in a file with the poses of the batch. */
async function imagesOf(points: Float32Array): Promise<ParticleTargets> {
  const layout = new PointLayout(1, { rotation: true, shift: true });
  const rotations = batch.rotations.slice();
  const shifts = batch.shifts.slice();
  for (let i = 0; i < count; i++) {
    const pose = { rotation: rotations.subarray(9 * i, 9 * i + 9), shift: shifts.subarray(2 * i, 2 * i + 2) };
    layout.apply(points.subarray(6 * i, 6 * i + 6), pose);
  }
  const model = decoder.decode(layout.places(points), count);
  const images = await engine.project({ count, gaussians, model, rotations, shifts }, { boxSize, rings });
  const { ring, multiplicity, samples } = disc(rings);
  for (let b = 0; b < count; b++) {
    const image = images.subarray(2 * b * samples, 2 * (b + 1) * samples);
    const power = new Float64Array(rings + 1);
    image.forEach((x, i) => {
      power[ring[i >> 1]!]! += multiplicity[i >> 1]! * x * x;
    });
    for (let i = 0; i < image.length; i++) {
      image[i] = multiplicity[i >> 1]! > 0 ? image[i]! / Math.sqrt(power[ring[i >> 1]!]!) : 0;
    }
  }
  return {
    ...{ count, boxSize, apix: 2, rings, inMemory: true },
    ...{ rotations: batch.rotations, shifts: batch.shifts, ctfPower: new Float32Array(0) },
    batch: async (indices: ArrayLike<number>) =>
      Float32Array.from(
        Array.from(indices).flatMap((i) => [...images.subarray(2 * i * samples, 2 * (i + 1) * samples)]),
      ),
    dispose: async () => undefined,
  };
}

/** z, rotation in radians, shift in box units. */
const truth = Float32Array.of(
  ...[0.6, 0.05, -0.04, 0.06, 0.01, -0.02],
  ...[-0.8, -0.03, 0.06, 0.02, -0.015, 0.01],
  ...[0.3, 0.06, 0.05, -0.05, 0.005, 0.012],
  ...[1.1, -0.05, -0.02, 0.03, -0.01, -0.01],
);
const prior = { rotation: 20, shift: 5 };

describe("place and pose together", () => {
  test("noise-free images give back place, rotation and shift, to the width of the posterior", async () => {
    const search = new PlaceSearch({
      neutral,
      engine,
      decoder,
      weights,
      targets: await imagesOf(truth),
      prior,
    });
    const start = search.startAt(new Float32Array(count), count);
    const { mean, standardDeviation } = await search.find(particles, start);
    const worst = mean.reduce((most, x, i) => {
      const off = Math.abs(x - truth[i]!);
      assert.ok(
        off < 0.35 * standardDeviation[i]!,
        `number ${i}: ${x} ± ${standardDeviation[i]}, not ${truth[i]}`,
      );
      return Math.max(most, off / Math.abs(truth[i]!));
    }, 0);
    assert.ok(worst < 0.35, `${worst}`);
  });

  test("without latent axes poses are refined against one model", async () => {
    const at = truth.map((x, i) => (i % 6 === 0 ? 0 : x));
    const one = fixedModel(neutral.params);
    const search = new PlaceSearch({
      neutral,
      engine,
      decoder: one,
      weights,
      targets: await imagesOf(at),
      prior,
    });
    const { mean, standardDeviation } = await search.find(particles, new Float32Array(5 * count));
    for (let i = 0; i < mean.length; i++) {
      const right = at[6 * Math.floor(i / 5) + 1 + (i % 5)]!;
      assert.ok(Math.abs(mean[i]! - right) < 0.35 * standardDeviation[i]!, `${mean[i]}, not ${right}`);
    }
    const poses = search.likelihood.posesOf(Int32Array.of(2), mean.slice(10, 15));
    const offset = vectorFromRotation(product(poses.rotations, transpose(batch.rotations.subarray(18, 27))));
    for (const d of [0, 1, 2]) assert.ok(Math.abs(offset[d]! - mean[10 + d]!) < 1e-5);
  });

  test("places are as wide as the posterior of place and pose together, if poses are not known", async () => {
    const shared = {
      neutral,
      engine,
      decoder,
      weights,
      targets: await imagesOf(new Float32Array(6 * count)),
    };
    const population = {
      latent: 1,
      members: particles,
      mean: new Float32Array(count),
      standardDeviation: new Float32Array(count),
    };
    const narrow = await new PlaceSearch(shared).find(particles, population.mean, {});
    // A population of unit variance, as the prior of the search.
    const { mean } = population;
    const spread = Float32Array.of(1, -1, 1, -1).map(
      (side, i) => side * Math.sqrt(1 - narrow.standardDeviation[i]! ** 2),
    );
    const of = (at: Float32Array) => ({
      ...population,
      ...{ mean: at, standardDeviation: narrow.standardDeviation },
    });
    assert.ok(mean.every((z) => z === 0));
    const known = await withUncertainPoses(shared, {
      ...{ places: of(spread), deviations: [1] },
      prior: { rotation: 1e-3, shift: 1e-4 },
    });
    known.standardDeviation.forEach((s, i) => {
      assert.ok(Math.abs(s / narrow.standardDeviation[i]! - 1) < 1e-3, `${s}`);
    });
    const targets = await imagesOf(
      Float32Array.from({ length: 6 * count }, (_, i) => (i % 6 === 0 ? spread[i / 6]! : 0)),
    );
    const there = { ...shared, targets };
    const fixed = await new PlaceSearch(there).find(particles, spread);
    const joint = new PlaceSearch({ ...there, prior });
    const both = await joint.find(particles, joint.startAt(spread, count));
    const { standardDeviation } = await withUncertainPoses(there, {
      ...{ places: { ...of(spread), standardDeviation: fixed.standardDeviation }, deviations: [1] },
      prior,
    });
    standardDeviation.forEach((s, i) => {
      assert.ok(s > 1.1 * fixed.standardDeviation[i]!, `${s} in place of ${fixed.standardDeviation[i]}`);
      const expected = both.standardDeviation[6 * i]!;
      assert.ok(Math.abs(s / expected - 1) < 0.1, `${s}, in the posterior of both ${expected}`);
    });
  });

  test("without any freedom the result is empty, and scores are those of the file's poses", async () => {
    const targets = await imagesOf(truth);
    const one = new PlaceSearch({ neutral, engine, decoder: fixedModel(neutral.params), weights, targets });
    const { mean } = await one.find(particles, new Float32Array(0));
    assert.equal(mean.length, 0);
    const { score, ofRing } = await one.likelihood.scores(particles, mean);
    const uniform = await engine.evaluate(
      { ...batch, model: neutral.params, targets: await targets.batch(particles) },
      { boxSize, rings, ringWeights: weights.of([0]) },
    );
    for (let i = 0; i < count; i++) {
      assert.ok(Math.abs(score[i]! - uniform.score[i]!) < 1e-3);
      const sum = ofRing.subarray(i * (rings + 1), (i + 1) * (rings + 1)).reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(score[i]! - sum) < 1e-2);
    }
  });

  test("gradient and expected curvature are those of the score, by finite differences", async () => {
    const targets = await imagesOf(truth);
    const likelihood = new PlaceLikelihood({
      ...{ neutral, engine, decoder, weights, targets },
      pose: { rotation: true, shift: true },
    });
    const { layout } = likelihood;
    const near = truth.map((x, i) => x + 0.004 * Math.sin(5 * i));
    const { gradient } = await likelihood.local(particles, near);
    const { curvature, gradient: atTruth } = await likelihood.local(particles, truth);
    const scoreAt = async (points: Float32Array, moves: [number, number][]) => {
      const step = new Float64Array(6);
      for (const [d, by] of moves) step[d]! += by;
      const moved = new Float32Array(points.length);
      for (let i = 0; i < count; i++) moved.set(layout.move(points.slice(6 * i, 6 * i + 6), step), 6 * i);
      return (await likelihood.scores(particles, moved)).score;
    };
    const h = [0.05, 0.02, 0.02, 0.02, 0.004, 0.004];
    for (let d = 0; d < 6; d++) {
      const [ahead, behind] = [await scoreAt(near, [[d, h[d]!]]), await scoreAt(near, [[d, -h[d]!]])];
      const [up, down] = [await scoreAt(truth, [[d, h[d]!]]), await scoreAt(truth, [[d, -h[d]!]])];
      const middle = await scoreAt(truth, []);
      for (let i = 0; i < count; i++) {
        const own = curvature[(i * 6 + d) * 6 + d]!;
        const deviation = 1 / Math.sqrt(own);
        const slope = (ahead[i]! - behind[i]!) / (2 * h[d]!);
        assert.ok(
          Math.abs(gradient[i * 6 + d]! - slope) * deviation < 0.1,
          `${gradient[i * 6 + d]}, not ${slope}`,
        );
        assert.ok(Math.abs(atTruth[i * 6 + d]!) * deviation < 0.05);
        const bend = (2 * middle[i]! - up[i]! - down[i]!) / h[d]! ** 2;
        assert.ok(Math.abs(own / bend - 1) < 0.1, `number ${d}: curvature ${own}, not ${bend}`);
      }
    }
  });

  test("covariances are returned on request, with the priors where the images say nothing", async () => {
    const targets = await imagesOf(truth);
    const silent = { of: weights.of, expectedFrc: () => 0 } as unknown as RingWeights;
    const search = new PlaceSearch({ neutral, engine, decoder, weights: silent, targets, prior });
    const start = search.startAt(new Float32Array(count), count);
    const { covariance, standardDeviation } = await search.find(particles, start, { covariance: true });
    const expected = [1, ...Array(3).fill((20 * Math.PI) / 180), ...Array(2).fill(5 / 48)];
    for (let d = 0; d < 6; d++) {
      assert.ok(Math.abs(standardDeviation[d]! / expected[d]! - 1) < 1e-5);
      for (let e = 0; e < 6; e++) {
        const right = d === e ? expected[d]! ** 2 : 0;
        assert.ok(Math.abs(covariance![6 * d + e]! - right) < 1e-5);
      }
    }
  });
});

describe("halves of the Fourier samples", () => {
  test("without noise each half has its maximum at the truth, and their scores add up to the score of all", async () => {
    const targets = await imagesOf(truth);
    const of = (half?: HalfSamples) =>
      new PlaceLikelihood({
        ...{ neutral, engine, decoder, weights, targets, half },
        pose: { rotation: true, shift: true },
      });
    const all = await of().local(particles, truth);
    for (const block of [1, 3]) {
      const sum = new Float64Array(count);
      const curvature = new Float64Array(36 * count);
      for (const name of ["even", "odd"] as const) {
        const likelihood = of(new HalfSamples(rings, name, block));
        const half = await likelihood.local(particles, truth);
        const { score } = await likelihood.scores(particles, truth);
        for (let i = 0; i < count; i++) {
          sum[i]! += score[i]!;
          assert.ok(Math.abs(score[i]! - half.value[i]!) < 1e-3);
          for (let d = 0; d < 6; d++) {
            const deviation = 1 / Math.sqrt(half.curvature[36 * i + 7 * d]!);
            assert.ok(Math.abs(half.gradient[6 * i + d]!) * deviation < 0.1, `${name}: gradient ${d}`);
          }
        }
        half.curvature.forEach((c, i) => {
          curvature[i]! += c;
        });
      }
      for (let i = 0; i < count; i++) {
        assert.ok(Math.abs(sum[i]! / all.value[i]! - 1) < 1e-5);
        for (let d = 0; d < 6; d++) {
          const ratio = curvature[36 * i + 7 * d]! / all.curvature[36 * i + 7 * d]!;
          assert.ok(ratio > 0.6 && ratio < 1.1, `number ${d}: information ${ratio} of all`);
        }
      }
    }
  });

  test("they share no sample, Friedel mates stay together, and their shares add up to 1", () => {
    const { samples } = disc(rings);
    for (const block of [1, 2, 3, 4]) {
      const [even, odd] = (["even", "odd"] as const).map((half) => new HalfSamples(rings, half, block));
      for (let i = 0; i < samples; i++) assert.equal(even!.inside[i]! * odd!.inside[i]!, 0);
      for (let ky = 1; ky <= rings; ky++) {
        const [up, down] = [rings + ky, rings - ky];
        assert.equal(even!.inside[up], even!.inside[down]);
        assert.equal(even!.inside[up]! + odd!.inside[up]!, 1);
      }
      for (let r = 1; r <= rings; r++) assert.ok(Math.abs(even!.share[r]! + odd!.share[r]! - 1) < 1e-12);
      const ones = new Float32Array(2 * samples).fill(1);
      even!.restrict(ones).forEach((x, i) => {
        assert.equal(x > 0, even!.inside[i >> 1] === 1);
      });
    }
  });
});

describe("pose offsets", () => {
  test("a rotation vector is found again from its matrix", () => {
    const random = new Random(3);
    for (const angle of [0, 1e-9, 1e-4, 0.3, 1.5, 3.1, Math.PI - 1e-9]) {
      const axis = [random.normal(), random.normal(), random.normal()];
      const length = Math.hypot(...axis);
      const vector = axis.map((x) => (x * angle) / length) as [number, number, number];
      const found = vectorFromRotation(rotationFromVector(vector));
      const near = (sign: number) => found.every((x, d) => Math.abs(x - sign * vector[d]!) < 1e-5);
      // A half turn has two axes.
      assert.ok(near(1) || (angle > 3.14 && near(-1)), `${found}, not ${vector}`);
    }
  });

  test("some axes of a decoder vary, the others are held", () => {
    const three: PlaceDecoder = { latent: 3, decode: (z) => z.slice() };
    const two = someAxes(three, [2, 0], [7, 8, 9]);
    assert.deepEqual([...two.decode(Float32Array.of(1, 2, 3, 4), 2)], [2, 8, 1, 4, 8, 3]);
    assert.throws(() => someAxes(three, [3], [0, 0, 0]), RangeError);
  });
});

function transpose(m: Float32Array): Float32Array {
  return Float32Array.from({ length: 9 }, (_, i) => m[3 * (i % 3) + Math.floor(i / 3)]!);
}
