import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../random";
import { gatherRows } from "../training/batches";
import { divideParts } from "./dividedParts";
import { ParticleGroups } from "./particleGroups";

const error = 0.15;

/**
 * Two halves of particles at given truths, each placed twice with the same error of its image and a small one of the part.
 * @param bend of the second space
 */
function halves(truth: ArrayLike<number>, seed: number, bend = 0) {
  const random = new Random(seed);
  const n = truth.length;
  const seen = Float64Array.from({ length: n }, (_, i) => truth[i]! + error * random.normal());
  const first = Float32Array.from(seen, (x) => x + 0.02 * random.normal());
  const second = Float32Array.from(seen, (x) => -x - bend * x * x + 0.02 * random.normal());
  const owner = Uint8Array.from({ length: n }, (_, i) => (i < n / 2 ? 1 : 2));
  const rows = [1, 2].map((part) => Int32Array.from(owner.keys()).filter((i) => owner[i] === part));
  const both = [first, second].map(
    (points, p) => new ParticleGroups(gatherRows(points, 1, rows[p]!), 1, [0.85 * error]),
  ) as [ParticleGroups, ParticleGroups];
  return {
    both,
    common: { placed: { first, firstAxes: 1, second, secondAxes: 1 }, owner },
    shared: [{ axis: 1, first: Float64Array.from(first), second: Float64Array.from(second, (x) => -x) }],
    reference: 1 as const,
  };
}

const numbers = (count: number, of: (random: Random, i: number) => number, seed = 5) => {
  const random = new Random(seed);
  return Float64Array.from({ length: count }, (_, i) => of(random, i));
};

describe("the groups of two halves", () => {
  test("that each finds by itself are compared as they are", async () => {
    const truth = numbers(600, (random) => random.integer(3) * 1.2);
    const { report } = await divideParts(halves(truth, 1), "auto", { seed: 1 });
    assert.deepEqual([report.numbers, report.apart, report.chosen], [[3, 3], [3, 3], "apart"]);
    assert.ok(report.pairs.every(({ matched }) => matched));
  });

  test("are one continuum where one half has a gap by chance", async () => {
    // A gap in the second half only: in the continuum of all particles there is none.
    const truth = numbers(800, (random, i) => {
      for (;;) {
        const x = 3.4 * random.uniform() - 1.7;
        if (i < 400 || Math.abs(x - 0.3) > 0.45) return x;
      }
    });
    const { report } = await divideParts(halves(truth, 2), "auto", { seed: 1 });
    assert.notEqual(Math.max(...report.apart), 1);
    assert.deepEqual([report.numbers, report.chosen], [[1, 1], "together"]);
  });

  test("are as many as both have together where one half joins two of them, or has too few particles of one", async () => {
    // Few particles lie between the first two groups, all in the first half.
    const truth = numbers(1200, (random, i) =>
      i < 90 ? 0.7 * random.uniform() + 0.35 : [0, 1.4, 3][random.integer(3)]!,
    );
    const context = halves(truth, 3);
    const { report } = await divideParts(context, "auto", { seed: 1 });
    assert.notEqual(report.apart[0], report.apart[1]);
    assert.equal(report.chosen, "together");
    assert.ok(report.numbers[0] === report.numbers[1] && report.numbers[0] >= 3, `${report.numbers}`);
    assert.ok(
      report.pairs.every(({ matched }) => matched),
      JSON.stringify(report.pairs),
    );
  });

  test("are the same where many states lie on a line, which each half cuts elsewhere", async () => {
    const truth = numbers(900, (random) => 0.62 * random.integer(12));
    const { report, labels } = await divideParts(halves(truth, 7), "auto", { seed: 1 });
    assert.ok(
      report.pairs.every(({ matched }) => matched) && report.numbers[0] === report.numbers[1],
      JSON.stringify(report),
    );
    assert.deepEqual(report.alone, [[], []]);
    assert.equal(labels[0].length, 900);
  });

  test("are as many as are asked for, also in a continuum", async () => {
    const truth = numbers(600, (random) => 3.4 * random.uniform());
    const { report } = await divideParts(halves(truth, 4), 4, { seed: 1 });
    assert.deepEqual([report.numbers, report.apart, report.chosen], [[4, 4], [4, 4], "given"]);
  });

  test("are not compared where the halves have nothing in common", async () => {
    const context = halves(
      numbers(600, (random) => random.integer(2) * 2),
      5,
    );
    const random = new Random(6);
    context.common.placed.second = context.common.placed.second.map(() => random.normal());
    const { report } = await divideParts({ ...context, shared: [] }, "auto", { seed: 1 });
    assert.deepEqual([report.numbers, report.chosen], [[1, 1], "none"]);
  });
});
