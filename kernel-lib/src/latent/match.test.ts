import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../random";
import { assignment, matchLabels } from "./match";

/** The smallest total cost over all assignments, by brute force. */
function leastByTrying(cost: number[], rows: number, columns: number): number {
  if (rows > columns) {
    const turned = cost.map((_, e) => cost[(e % rows) * columns + Math.floor(e / rows)]!);
    return leastByTrying(turned, columns, rows);
  }
  const from = (row: number, taken: number): number => {
    if (row === rows) return 0;
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < columns; j++) {
      if (taken & (1 << j)) continue;
      least = Math.min(least, cost[row * columns + j]! + from(row + 1, taken | (1 << j)));
    }
    return least;
  };
  return from(0, 0);
}

describe("assignment", () => {
  test("minimizes the sum for matrices of any shape and sign", () => {
    const random = new Random(3);
    for (const [rows, columns] of [
      [1, 1],
      [2, 2],
      [4, 4],
      [7, 7],
      [3, 6],
      [6, 3],
      [1, 5],
      [5, 1],
    ] as const) {
      for (let trial = 0; trial < 20; trial++) {
        // Integers, so that there are ties.
        const cost = Array.from({ length: rows * columns }, () => random.integer(12) - 6);
        const found = assignment(cost, rows, columns);
        const used = [...found].filter((j) => j >= 0);
        assert.equal(used.length, Math.min(rows, columns));
        assert.equal(new Set(used).size, used.length);
        const sum = found.reduce((total, j, i) => total + (j < 0 ? 0 : cost[i * columns + j]!), 0);
        assert.equal(sum, leastByTrying(cost, rows, columns));
      }
    }
  });

  test("of an empty matrix is empty, and NaN is refused", () => {
    assert.deepEqual([...assignment([], 0, 0)], []);
    assert.deepEqual([...assignment([], 2, 0)], [-1, -1]);
    assert.throws(() => assignment([1, 2, 3], 2, 2), /cost: expected 2×2 finite numbers, found 3 numbers/);
    assert.throws(() => assignment([1, Number.NaN], 1, 2), /finite numbers/);
  });
});

describe("matching labels", () => {
  test("recovers a renumbering", () => {
    const first = [0, 0, 1, 1, 2, 2, -1, 0];
    const second = [2, 2, 0, 0, 1, 1, 0, 0];
    const { match, shared, agreement } = matchLabels(first, second);
    assert.deepEqual([...match], [2, 0, 1]);
    assert.deepEqual([...shared], [2, 2, 2]);
    assert.equal(agreement, 6 / 7);
  });

  test("is one to one even if one cluster is the best partner of two", () => {
    const first = [...new Array(10).fill(0), ...new Array(9).fill(1)];
    const second = [...new Array(10).fill(0), ...new Array(8).fill(0), 1];
    const { match, agreement } = matchLabels(first, second);
    assert.deepEqual([...match], [0, 1]);
    assert.equal(agreement, 11 / 19);
  });

  test("leaves labels without a partner unmatched", () => {
    assert.deepEqual([...matchLabels([0, 1, 2], [0, 0, 1]).match].sort(), [-1, 0, 1]);
    assert.deepEqual(matchLabels([-1, -1], [0, 1]), {
      match: new Int32Array(0),
      shared: new Int32Array(0),
      agreement: 0,
    });
    assert.throws(() => matchLabels([0], [0, 1]), /labels of the same points, 1, found 2/);
  });
});
