import assert from "node:assert/strict";
import { test } from "vitest";
import { alternateHalves, splitByImage, undividedHalves } from "./halves";

test("without shared images halves alternate, and unused particles have none", () => {
  assert.deepEqual([...alternateHalves([4, 1, 3], 6)], [0, 2, 0, 1, 1, 0]);
  assert.deepEqual([...alternateHalves([0, 1, 2, 3], 4, [9, 8, 7, 6])], [1, 2, 1, 2]);
});

test("images alternate, with all particles that share them", () => {
  assert.deepEqual([...alternateHalves([0, 1, 2, 3, 4, 5], 6, [5, 5, 3, 3, 5, 1])], [1, 1, 2, 2, 1, 1]);
  assert.deepEqual([...alternateHalves([2, 2, 0], 3)], [2, 0, 1]);
});

test("given halves are kept, except for images in both, which alternate", () => {
  const halves = Uint8Array.of(1, 2, 1, 2, 2, 1);
  assert.equal(undividedHalves(halves, undefined).halves, halves);
  const found = undividedHalves(halves, [0, 0, 2, 3, 3, 2]);
  assert.deepEqual([[...found.halves], found.divided], [[1, 1, 1, 2, 2, 1], 1]);
  const both = undividedHalves(Uint8Array.of(1, 2, 1, 2), [7, 7, 8, 8]);
  assert.deepEqual([[...both.halves], both.divided], [[1, 1, 2, 2], 2]);
});

test("a split takes the first particles and those that share an image with them", () => {
  const order = [3, 0, 4, 2, 1];
  const plain = splitByImage(order, 2);
  assert.deepEqual(
    [[...plain.first], [...plain.rest]],
    [
      [0, 3],
      [1, 2, 4],
    ],
  );
  const shared = splitByImage(order, 2, [0, 1, 2, 1, 0]);
  assert.deepEqual(
    [[...shared.first], [...shared.rest]],
    [
      [1, 3],
      [0, 2, 4],
    ],
  );
});

test("a split leaves no part empty if many particles share an image", () => {
  const { first, rest } = splitByImage([1, 0, 2], 1, [4, 4, 4]);
  assert.deepEqual([first.length, rest.length], [0, 3]);
});
