import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../../random";
import { canonicalPairs } from "./canonical";
import { compareSpaces } from "./spaces";

/** Two coordinates of each of 600 particles. */
function coordinates(seed: number, count = 600): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: 2 * count }, () => random.normal());
}

/** Each row times a matrix [from · to], plus a shift and noise. */
function mapped(
  points: Float32Array,
  from: number,
  rows: readonly number[][],
  noise = 0,
  seed = 9,
): Float32Array {
  const random = new Random(seed);
  const to = rows[0]!.length;
  return Float32Array.from({ length: (points.length / from) * to }, (_, k) => {
    const [i, e] = [Math.floor(k / to), k % to];
    return rows.reduce((sum, row, d) => sum + points[from * i + d]! * row[e]!, 3 + noise * random.normal());
  });
}

describe("latent spaces of the same particles", () => {
  test("that are turned, exchanged, stretched or mirrored agree completely, also with another number of axes", () => {
    const first = coordinates(1);
    for (const map of [
      [
        [0, -1],
        [1, 0],
      ],
      [
        [3, 1],
        [0.2, -2],
      ],
      [
        [1, 0, 2],
        [0, 1, 1],
      ],
    ]) {
      const placed = { first, firstAxes: 2, second: mapped(first, 2, map), secondAxes: map[0]!.length };
      const { correlations } = canonicalPairs(placed);
      assert.equal(correlations.length, 2);
      for (const r of correlations) assert.ok(r > 0.99999, `${r}`);
    }
  });

  test("coordinates along a pair have variance 1 and the correlation of the pair", () => {
    const first = coordinates(2);
    const second = mapped(
      first,
      2,
      [
        [1, 0.4],
        [-0.3, 2],
      ],
      0.7,
    );
    const pairs = canonicalPairs({ first, firstAxes: 2, second, secondAxes: 2 });
    for (const [k, expected] of pairs.correlations.entries()) {
      const [a, b] = [pairs.first, pairs.second].map((all) => all.filter((_, i) => i % 2 === k));
      const mean = (of: (i: number) => number) => a!.reduce((sum, _, i) => sum + of(i) / a!.length, 0);
      assert.ok(Math.abs(mean((i) => a![i]! ** 2) - 1) < 1e-4);
      assert.ok(Math.abs(mean((i) => b![i]! ** 2) - 1) < 1e-4);
      assert.ok(Math.abs(mean((i) => a![i]! * b![i]!) - expected) < 1e-4);
    }
  });

  test("with one axis in common have one high correlation, and unrelated ones none", () => {
    const first = coordinates(3);
    const other = coordinates(4);
    const half = first.map((x, i) => (i % 2 === 0 ? -x : other[i]!));
    const [high, low] = canonicalPairs({ first, firstAxes: 2, second: half, secondAxes: 2 }).correlations;
    assert.ok(high! > 0.9999 && low! < 0.15, `${high} ${low}`);
    const none = canonicalPairs({ first, firstAxes: 2, second: other, secondAxes: 2 }).correlations;
    assert.ok(none[0]! < 0.15, `${none}`);
  });

  test("intervals hold the correlation, and narrow with the number of particles", () => {
    const width = (count: number) => {
      const first = coordinates(5, count);
      const random = new Random(9);
      const second = first.map((x, i) => x + [0.5, 2][i % 2]! * random.normal());
      const placed = { first, firstAxes: 2, second, secondAxes: 2 };
      const { canonical, axes, particles } = compareSpaces(placed, canonicalPairs(placed), 1);
      // With noise of deviation s the correlation is 1/√(1 + s²).
      for (const [k, r] of [0.8944, 0.4472].entries()) {
        const { low, high } = canonical[k]!;
        assert.ok(low < r && high > r && high - low < 0.4, `${low} to ${high}`);
      }
      assert.equal(particles, count);
      assert.ok(axes[0]![0]! > 0.8 && Math.abs(axes[0]![1]!) < 0.25);
      return canonical[0]!.high - canonical[0]!.low;
    };
    assert.ok(width(4000) < 0.6 * width(250));
  });

  test("places that are all the same, and fewer particles than axes, are refused", () => {
    const first = coordinates(6);
    assert.throws(
      () => canonicalPairs({ first, firstAxes: 2, second: new Float32Array(first.length), secondAxes: 2 }),
      /particles at different places/,
    );
    const few = first.slice(0, 8);
    assert.throws(
      () => canonicalPairs({ first: few, firstAxes: 2, second: few, secondAxes: 2 }),
      /particles to compare: expected more than 4, found 4/,
    );
  });
});
