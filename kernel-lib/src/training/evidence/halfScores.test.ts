import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { gainOfToldApart, gainOver, type HalfScores } from "./halfScores";

/** Scores of two rings, of each particle and half, of which only the second differs from 0. */
function scoresOf(
  gains: readonly (readonly [even: number, odd: number])[],
  expected?: Float64Array[],
): HalfScores {
  const byRing = [0, 1].map((half) => Float64Array.from(gains.flatMap((gain) => [0, 0, gain[half]!])));
  return { byRing, ...(expected && { expected }) };
}

describe("gains of half scores", () => {
  const none = scoresOf(Array.from({ length: 40 }, () => [0, 0] as const));

  test("are means over particles of the sum of halves, in the rings that are asked for", () => {
    const of = scoresOf(Array.from({ length: 40 }, (_, i) => [i % 2, 1] as const));
    const { gain, standardError } = gainOver(of, none, { rings: 2 });
    assert.ok(Math.abs(gain - 1.5) < 1e-12);
    assert.ok(Math.abs(standardError - 0.5 / Math.sqrt(39)) < 1e-9);
    assert.equal(gainOver(of, none, { rings: 2, to: 1 }).gain, 0);
  });

  test("of particles told apart: halves that expect little are not counted, whatever they gain", () => {
    const expected = [0, 1].map((half) =>
      Float64Array.from({ length: 40 }, (_, i) => (i < 4 && half < 2 ? 8 : 1)),
    );
    expected[1]![3] = 0;
    const gains = Array.from({ length: 40 }, (_, i) => (i < 4 ? ([7, 9] as const) : ([50, 50] as const)));
    const apart = gainOfToldApart(scoresOf(gains, expected), none, 2)!;
    assert.equal(apart.particles, 4);
    assert.equal(apart.both, 3);
    assert.ok(Math.abs(apart.gain - (3 * 16 + 7) / 4) < 1e-12);
    // Gains are as expected: the noise is d² = 2·8 of each half.
    assert.ok(Math.abs(apart.standardError - Math.sqrt(2 * (7 * 8)) / 4) < 1e-9);
    // 3 particles of 40 that are all among 4: 4 · 37! … / C(40, 3)
    assert.ok(Math.abs(apart.chance - 4 / 9880) < 1e-9, `${apart.chance}`);
  });

  test("of particles told apart: noise above what is expected widens the error", () => {
    const expected = [0, 1].map(() => Float64Array.from({ length: 40 }, (_, i) => (i < 6 ? 8 : 0)));
    const gains = Array.from({ length: 40 }, (_, i) => [i % 2 === 0 ? 40 : -40, 0] as const);
    const apart = gainOfToldApart(scoresOf(gains, expected), none, 2)!;
    assert.ok(apart.standardError > 15 && Math.abs(apart.gain) < 1e-9, JSON.stringify(apart));
  });

  test("without particles told apart there is no such gain", () => {
    assert.equal(gainOfToldApart(none, none, 2), undefined);
  });
});
