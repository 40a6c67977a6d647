import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../../random";
import { latentPosterior } from "./latentPosterior";
import type { LatentLikelihood } from "./posterior";

/** A Gaussian likelihood around `seen`, whose posterior is known. */
function gaussianLikelihood(seen: Float32Array, precision: number[][]): LatentLikelihood {
  const latent = precision.length;
  const at = (i: number, z: ArrayLike<number>, offset: number) => {
    const d = Array.from({ length: latent }, (_, k) => z[offset + k]! - seen[i * latent + k]!);
    const gradient = precision.map((row) => -row.reduce((sum, p, k) => sum + p * d[k]!, 0));
    return { value: gradient.reduce((sum, s, k) => sum + 0.5 * s * d[k]!, 0), gradient };
  };
  return {
    async shared(particles, z) {
      return Float32Array.from(particles, (i) => at(i, z, 0).value);
    },
    async scores(particles, z) {
      return { score: Float32Array.from(particles, (i, b) => at(i, z, b * latent).value) };
    },
    async local(particles, z) {
      const all = Array.from(particles, (i, b) => at(i, z, b * latent));
      return {
        value: Float32Array.from(all, (a) => a.value),
        gradient: Float32Array.from(all.flatMap((a) => a.gradient)),
        curvature: Float32Array.from(all.flatMap(() => precision.flat())),
      };
    },
  };
}

describe("posterior of the latents", () => {
  test("in one dimension, with a broad prior, the standard deviation is that of the likelihood", async () => {
    const random = new Random(1);
    const count = 500;
    const truth = Float32Array.from({ length: count }, () => 3.4 * (random.uniform() - 0.5));
    const seen = truth.map((z) => z + 0.1 * random.normal());
    const start = truth.map((z) => z + 0.4 * random.normal());
    const { mean, standardDeviation: deviation } = await latentPosterior(
      gaussianLikelihood(seen, [[100]]),
      start,
      1,
    );
    for (let i = 0; i < count; i++) {
      if (Math.abs(seen[i]!) > 1.4) continue;
      assert.ok(Math.abs(mean[i]! - seen[i]!) < 0.05, `mean ${mean[i]} for ${seen[i]}`);
      assert.ok(Math.abs(deviation[i]! - 0.1) < 0.03, `deviation ${deviation[i]}`);
    }
  });

  test("in one dimension a higher peak far from the encoder's latent is found", async () => {
    const twoPeaks: LatentLikelihood = {
      async shared(particles, z) {
        const peak = (at: number, height: number) => height * Math.exp(-((z[0]! - at) ** 2) / 0.18);
        return Float32Array.from(particles, () => Math.log(peak(-1, 1) + peak(1, 50) + 1e-9));
      },
      scores: () => assert.fail("one dimension is searched on a grid"),
      local: () => assert.fail("one dimension is searched on a grid"),
    };
    const { mean } = await latentPosterior(twoPeaks, Float32Array.of(-1, -1.2, 1.3, -0.9), 1);
    for (const z of mean) assert.ok(Math.abs(z - 1) < 0.15, `${z}`);
  });

  test("in one dimension region and prior come from the population only", async () => {
    const seen = Float32Array.of(-0.4, -0.2, 0, 0.2, 0.4, 40);
    const likelihood = gaussianLikelihood(seen, [[100]]);
    const start = Float32Array.of(-0.4, -0.2, 0, 0.2, 0.4, 1000);
    const population = [0, 1, 2, 3, 4];
    const some = await latentPosterior(likelihood, start, 1, { population });
    const alone = await latentPosterior(likelihood, start.slice(0, 5), 1);
    assert.deepEqual(some.mean.slice(0, 5), alone.mean);
    assert.deepEqual(some.standardDeviation.slice(0, 5), alone.standardDeviation);
    assert.ok(some.mean[5]! < 0.6, "within the region of the others");
  });

  test("in two dimensions mean and standard deviation are those of likelihood times standard normal", async () => {
    const precision = [
      [30, 12],
      [12, 10],
    ];
    const random = new Random(2);
    const seen = Float32Array.from({ length: 60 }, () => random.normal());
    const start = seen.map((z) => z + 0.8 * random.normal());
    const { mean, standardDeviation: deviation } = await latentPosterior(
      gaussianLikelihood(seen, precision),
      start,
      2,
    );
    // (P + I)⁻¹ P x and the diagonal of (P + I)⁻¹.
    const [a, b, d] = [31, 12, 11];
    const determinant = a * d - b * b;
    for (let i = 0; i < 30; i++) {
      const [x, y] = [seen[2 * i]!, seen[2 * i + 1]!];
      const [px, py] = [30 * x + 12 * y, 12 * x + 10 * y];
      assert.ok(Math.abs(mean[2 * i]! - (d * px - b * py) / determinant) < 1e-2);
      assert.ok(Math.abs(mean[2 * i + 1]! - (a * py - b * px) / determinant) < 1e-2);
      assert.ok(Math.abs(deviation[2 * i]! - Math.sqrt(d / determinant)) < 1e-3);
      assert.ok(Math.abs(deviation[2 * i + 1]! - Math.sqrt(a / determinant)) < 1e-3);
    }
  });

  test("an uninformative direction has the prior's width", async () => {
    const { standardDeviation: deviation } = await latentPosterior(
      gaussianLikelihood(Float32Array.of(0.3, 0.2), [
        [50, 0],
        [0, 0],
      ]),
      Float32Array.of(0, 0),
      2,
    );
    assert.ok(deviation[0]! < 0.15);
    assert.ok(Math.abs(deviation[1]! - 1) < 1e-3);
  });

  test("a particle with NaN keeps its latent with the prior's width; the others are refined", async () => {
    const sound = gaussianLikelihood(Float32Array.of(0.5, -0.5, 0.4, 0.2), [
      [40, 0],
      [0, 40],
    ]);
    const broken: LatentLikelihood = {
      ...sound,
      async local(particles, z) {
        const found = await sound.local(particles, z);
        for (const [i, particle] of particles.entries()) {
          if (particle === 0) found.curvature.fill(Number.NaN, 4 * i, 4 * i + 4);
        }
        return found;
      },
    };
    const { mean, standardDeviation: deviation } = await latentPosterior(
      broken,
      Float32Array.of(0.1, 0.2, 0, 0),
      2,
    );
    assert.deepEqual([...mean.subarray(0, 2)], [...Float32Array.of(0.1, 0.2)]);
    assert.deepEqual([...deviation.subarray(0, 2)], [1, 1]);
    assert.ok(Math.abs(mean[2]! - (0.4 * 40) / 41) < 1e-2 && Math.abs(mean[3]! - (0.2 * 40) / 41) < 1e-2);
  });

  test("it can be aborted", async () => {
    const controller = new AbortController();
    controller.abort(new Error("enough"));
    await assert.rejects(
      latentPosterior(gaussianLikelihood(Float32Array.of(0), [[1]]), Float32Array.of(0), 1, {
        signal: controller.signal,
      }),
      { name: "StoppedError", message: "enough" },
    );
  });
});
