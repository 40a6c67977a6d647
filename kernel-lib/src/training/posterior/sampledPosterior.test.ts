import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { LearnedMoments } from "./learnedMoments";
import { mostSampledAxes, sampledPosterior } from "./sampledPosterior";

/** A likelihood, the same for all particles. */
const likelihoodOf = (of: (z: ArrayLike<number>) => number, latent: number) => ({
  scores: async (particles: Int32Array, z: Float32Array) => {
    assert.ok(particles.length > 0, "engines refuse batches of no particle");
    return { score: Float32Array.from(particles, (_, b) => of(z.subarray(b * latent, (b + 1) * latent))) };
  },
});

/** Moments of a posterior over two axes by sums on a fine grid. */
function exact(of: (z: ArrayLike<number>) => number) {
  let [total, x, xx, y, yy] = [0, 0, 0, 0, 0];
  for (let a = -5; a <= 5; a += 0.02) {
    for (let b = -5; b <= 5; b += 0.02) {
      const p = Math.exp(of([a, b]) - (a * a + b * b) / 2);
      total += p;
      x += p * a;
      xx += p * a * a;
      y += p * b;
      yy += p * b * b;
    }
  }
  const [mx, my] = [x / total, y / total];
  return { mean: [mx, my], deviation: [Math.sqrt(xx / total - mx * mx), Math.sqrt(yy / total - my * my)] };
}

describe("moments of a posterior by sampling", () => {
  test("a normal posterior keeps its moments", async () => {
    const precision = [30, 12, 12, 10];
    const determinant = 31 * 11 - 12 * 12;
    const covariance = Float32Array.of(11, -12, -12, 31).map((x) => x / determinant);
    const [x, y] = [0.4, -0.9];
    const at = [
      (11 * (30 * x + 12 * y) - 12 * (12 * x + 10 * y)) / determinant,
      (31 * (12 * x + 10 * y) - 12 * (30 * x + 12 * y)) / determinant,
    ];
    const quadratic = ([a, b]: ArrayLike<number> & Iterable<number>) => {
      const [u, v] = [a! - x, b! - y];
      return -(precision[0]! * u * u + 2 * precision[1]! * u * v + precision[3]! * v * v) / 2;
    };
    const local = {
      mean: Float32Array.from(at),
      standardDeviation: Float32Array.of(Math.sqrt(covariance[0]!), Math.sqrt(covariance[3]!)),
      covariance,
    };
    const found = await sampledPosterior(likelihoodOf(quadratic as never, 2), local, 2);
    for (const d of [0, 1]) {
      assert.ok(Math.abs(found.mean[d]! - local.mean[d]!) < 1e-4);
      assert.ok(Math.abs(found.standardDeviation[d]! - local.standardDeviation[d]!) < 1e-4);
    }
  });

  test("a long tail that the curvature at the maximum does not show counts", async () => {
    // As on a circle seen from its side: steep towards the outside, and a slow fall to the other end.
    const tail = ([a, b]: ArrayLike<number> & Iterable<number>) =>
      -60 * (b! - 0.2) ** 2 +
      Math.log(Math.exp(-12 * (a! - 0.5) ** 2) + 0.6 * Math.exp(-1.5 * (a! - 1.4) ** 2));
    const { mean, deviation } = exact(tail as never);
    // What samples show of the tail is chance, which averages out over particles at places of their own.
    const count = 60;
    const local = {
      mean: Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? 0.52 + 0.0005 * i : 0.198)),
      standardDeviation: Float32Array.from({ length: 2 * count }, (_, i) => [0.21, 0.09][i % 2]!),
      covariance: Float32Array.from({ length: 4 * count }, (_, i) => [0.21 ** 2, 0, 0, 0.09 ** 2][i % 4]!),
    };
    const found = await sampledPosterior(likelihoodOf(tail as never, 2), local, 2);
    const average = (values: Float32Array, d: number) =>
      values.reduce((sum, value, i) => sum + (i % 2 === d ? value / count : 0), 0);
    const x = average(found.mean, 0);
    // More than half of the way from the maximum to the mean, and of the width; some samples miss the tail.
    assert.ok(x > 0.55 + (mean[0]! - 0.55) / 2 && x < mean[0]! + 0.1, `${x}, ${mean[0]}`);
    const widths = [0, 1].map((d) => average(found.standardDeviation, d) / deviation[d]!);
    assert.ok(widths[0]! > 0.6 && widths[0]! < 1.1, `${widths}`);
    assert.ok(Math.abs(widths[1]! - 1) < 0.15, `${widths}`);
    const first = (values: Float32Array, numbers: number) => values.slice(0, 5 * numbers);
    const part = {
      mean: first(local.mean, 2),
      standardDeviation: first(local.standardDeviation, 2),
      covariance: first(local.covariance, 4),
    };
    const alone = await sampledPosterior(likelihoodOf(tail as never, 2), part, 2);
    assert.deepEqual(alone.mean, first(found.mean, 2), "whichever others are sampled");
  });

  test("of many particles some are sampled, and all get what is learned from those that are like them", async () => {
    // Two kinds of particles, at two places: a long tail to the right, and none.
    const tail = (z: ArrayLike<number>) =>
      -60 * (z[1]! - 0.2) ** 2 +
      Math.log(Math.exp(-12 * (z[0]! - 0.5) ** 2) + 0.6 * Math.exp(-1.5 * (z[0]! - 1.4) ** 2));
    const plain = (z: ArrayLike<number>) => -60 * (z[1]! + 0.9) ** 2 - 12 * (z[0]! + 0.5) ** 2;
    const count = 600;
    const isTailed = (i: number) => (i * 7) % 10 < 5;
    let evaluated = 0;
    const likelihood = {
      scores: async (particles: Int32Array, z: Float32Array) => {
        evaluated += particles.length;
        const of = (b: number) => (isTailed(particles[b]!) ? tail : plain)(z.subarray(2 * b, 2 * b + 2));
        return { score: Float32Array.from(particles, (_, b) => of(b)) };
      },
    };
    const local = {
      mean: Float32Array.from(
        { length: 2 * count },
        (_, i) => (isTailed(i >> 1) ? [0.52, 0.198] : [-0.48, -0.893])[i % 2]!,
      ),
      standardDeviation: Float32Array.from({ length: 2 * count }, (_, i) => [0.2, 0.0909][i % 2]!),
      covariance: Float32Array.from({ length: 4 * count }, (_, i) => [0.04, 0, 0, 1 / 121][i % 4]!),
    };
    const found = await sampledPosterior(likelihood, local, 2, { most: 150 });
    assert.ok(evaluated < 0.3 * 48 * count, `${evaluated} projections`);
    assert.equal(found.sampled, 150);
    // Any part of them gets the same by what was learned, also if that was stored.
    const part = {
      mean: local.mean.slice(200, 300),
      standardDeviation: local.standardDeviation.slice(200, 300),
      covariance: local.covariance.slice(400, 600),
    };
    const moments = LearnedMoments.load(2, found.moments!.save("moments"));
    const again = await sampledPosterior({ scores: () => assert.fail("nothing to sample") }, part, 2, {
      moments,
    });
    assert.deepEqual(again.mean, found.mean.slice(200, 300));
    assert.deepEqual(again.standardDeviation, found.standardDeviation.slice(200, 300));
    const { mean, deviation } = exact(tail);
    for (const [which, [x, width]] of [
      [isTailed, [mean[0]!, deviation[0]!]],
      [(i: number) => !isTailed(i), [-0.48, 0.2]],
    ] as const) {
      const own = Array.from({ length: count }, (_, i) => i).filter(which);
      const off = own.map((i) => (found.mean[2 * i]! - x) / width);
      const ratios = own.map((i) => found.standardDeviation[2 * i]! / width);
      const average = (values: number[]) => values.reduce((sum, value) => sum + value / own.length, 0);
      assert.ok(Math.abs(average(off)) < 0.1, `mean off by ${average(off)} widths`);
      const scatter = Math.sqrt(average(off.map((x) => x * x)));
      assert.ok(scatter < 0.3, `scatter of ${scatter} widths`);
      assert.ok(Math.abs(average(ratios) - 1) < 0.1, `widths times ${average(ratios)}`);
    }
  });

  test("what is not told, not finite, or has too many axes keeps the normal approximation", async () => {
    const local = {
      mean: Float32Array.of(0.3, 0),
      standardDeviation: Float32Array.of(1, 1),
      covariance: Float32Array.of(1, 0, 0, 1),
    };
    const never = { scores: () => assert.fail("nothing to sample") };
    assert.deepEqual((await sampledPosterior(never, local, 2)).mean, local.mean);
    const sharp = { ...local, covariance: Float32Array.of(0.1, 0, 0, 0.1) };
    const broken = likelihoodOf(() => Number.NaN, 2);
    assert.deepEqual((await sampledPosterior(broken, sharp, 2)).standardDeviation, local.standardDeviation);
    const many = mostSampledAxes + 1;
    const wide = {
      mean: new Float32Array(many),
      standardDeviation: new Float32Array(many),
      covariance: new Float32Array(many ** 2),
    };
    assert.equal(await sampledPosterior(never, wide, many), wide);
  });
});
