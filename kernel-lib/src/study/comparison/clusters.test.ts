import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../../random";
import { type Clustering, compareClusters } from "./clusters";
import { areEqual, deviationsOf, fractionInterval } from "./fractions";

const triangle = [0, 0, 4, 0, 0, 2];

/** Clusters of 600 particles: 300, 200, 100. @param order number of each of them */
function clustering(order: readonly number[], turned = false): Clustering {
  const sizes = [300, 200, 100];
  const labels = Int32Array.from(sizes.flatMap((size, c) => Array.from({ length: size }, () => order[c]!)));
  const centres = new Float64Array(6);
  for (const [c, at] of order.entries()) {
    const [x, y] = [triangle[2 * c]!, triangle[2 * c + 1]!];
    centres.set(turned ? [-y, 3 * x] : [x, y], 2 * at);
  }
  return { labels, centres, dimensions: 2, spread: turned ? [1, 3] : [1, 1] };
}

/** Every other particle is of the first part. */
const owner = Uint8Array.from({ length: 600 }, (_, i) => 1 + (i % 2));

describe("clusters of two parts", () => {
  test("in another order and in a turned space are matched one to one, with their sizes and their arrangement", () => {
    const report = compareClusters({
      first: clustering([0, 1, 2]),
      second: clustering([2, 0, 1], true),
      owner,
    });
    assert.deepEqual(report.numbers, [3, 3]);
    assert.equal(report.rand, 1);
    assert.deepEqual(
      report.pairs.map(({ first, second, matched, equal }) => [first, second, matched, equal]),
      [
        [1, 3, true, true],
        [2, 1, true, true],
        [3, 2, true, true],
      ],
    );
    assert.deepEqual(report.pairs[0]!.counts, [300, 300]);
    assert.equal(report.pairs[0]!.fractions[0].value, 0.5);
    assert.deepEqual(report.alone, [[], []]);
    assert.ok(report.arrangement! > 0.9999);
  });

  test("that one part does not divide are named", () => {
    const joined = clustering([0, 1, 2]);
    const two: Clustering = {
      ...joined,
      labels: joined.labels.map((label) => Math.min(label, 1)),
      centres: [0, 0, 4, 0],
    };
    const { pairs, alone, numbers, arrangement } = compareClusters({ first: joined, second: two, owner });
    assert.deepEqual(numbers, [3, 2]);
    assert.deepEqual(alone, [[3], []]);
    assert.ok(Math.abs(pairs[1]!.overlap - 2 / 3) < 1e-12);
    assert.equal(arrangement, undefined);
  });

  test("that have nothing to do with each other do not match", () => {
    const random = new Random(3);
    const second = clustering([0, 1, 2]);
    second.labels = second.labels.map(() => random.integer(3));
    const { rand, pairs, alone } = compareClusters({ first: clustering([0, 1, 2]), second, owner });
    assert.ok(Math.abs(rand) < 0.05, `${rand}`);
    assert.ok(pairs.every(({ matched }) => !matched));
    assert.deepEqual(alone, [
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  test("of other sizes in either half are not called equal", () => {
    const second = clustering([0, 1, 2]);
    // A third of the first cluster of the second half's own particles is in the third one.
    second.labels = second.labels.map((label, i) => (i < 200 && i % 2 === 1 ? 2 : label));
    const { pairs } = compareClusters({ first: clustering([0, 1, 2]), second, owner });
    assert.equal(pairs[0]!.equal, false);
    assert.equal(pairs[1]!.equal, true);
  });
});

describe("fractions", () => {
  test("deviations are those of the normal distribution", () => {
    assert.ok(Math.abs(deviationsOf(0.05) - 1.959964) < 1e-5);
    assert.ok(Math.abs(deviationsOf(0.01) - 2.575829) < 1e-5);
  });

  test("intervals hold in 95 % of the samples", () => {
    const random = new Random(8);
    for (const fraction of [0.02, 0.3]) {
      let holds = 0;
      for (let sample = 0; sample < 500; sample++) {
        let part = 0;
        for (let i = 0; i < 400; i++) part += Number(random.uniform() < fraction);
        const { low, high } = fractionInterval(part, 400, deviationsOf(0.05));
        holds += Number(low <= fraction && fraction <= high);
      }
      assert.ok(holds > 460 && holds < 495, `${fraction}: ${holds} of 500`);
    }
  });

  test("a difference within the error is none", () => {
    const deviations = deviationsOf(0.05);
    assert.ok(areEqual({ part: 100, total: 1000 }, { part: 120, total: 1000 }, deviations));
    assert.ok(!areEqual({ part: 100, total: 1000 }, { part: 140, total: 1000 }, deviations));
  });
});
