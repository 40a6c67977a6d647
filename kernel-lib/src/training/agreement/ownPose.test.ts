import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../../random";
import { foreignPoses } from "./ownPose";

/** Gains over four other rotations, with the variance of log-likelihood ratios, of which some particles are in foreign ones. */
function simulated(count: number, expected: number, foreign: number, seed: number) {
  const random = new Random(seed);
  const isForeign = Array.from({ length: count }, (_, i) => (i * foreign) % 1 < foreign - 1e-9);
  // A foreign rotation is one of five that are equally bad.
  const own = isForeign.map((bad) => (bad ? Math.sqrt(expected) * random.normal() : expected));
  return Array.from({ length: 4 }, () => ({
    gains: Float64Array.from(own, (value) => value - Math.sqrt(expected) * random.normal()),
    expected: new Float64Array(count).fill(expected),
  }));
}

describe("the fraction of particles in foreign orientations", () => {
  for (const [count, expected, foreign] of [
    [512, 15, 0],
    [512, 15, 0.3],
    [512, 150, 0],
    [512, 150, 0.3],
    [512, 60, 0.1],
    [30, 60, 0],
    [30, 60, 0.5],
  ] as const) {
    test(`${foreign} of ${count} that gain ${expected} nats: within four standard errors`, () => {
      const { fraction, standardError, particles } = foreignPoses(simulated(count, expected, foreign, 7))!;
      assert.equal(particles, count);
      assert.ok(Math.abs(fraction - foreign) < 4 * standardError + 0.01, `${fraction} ± ${standardError}`);
      if (foreign === 0) assert.ok(fraction < 0.05, `${fraction}`);
    });
  }

  test("is not told by images that cannot tell orientations, or by few", () => {
    assert.equal(foreignPoses(simulated(512, 5, 0.3, 7)), undefined);
    assert.equal(foreignPoses(simulated(15, 60, 0.3, 7)), undefined);
  });
});
