import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { ArcLengthScale } from "./arcLength";
import { LatentFrame, scalePoints } from "./latentFrame";
import { someNumbers } from "./testData.test.helper";

/** A table that rises unevenly, with 0 at 0. */
function someScale(): ArcLengthScale {
  const network = Float32Array.from({ length: scalePoints }, (_, p) => -4 + (8 * p) / (scalePoints - 1));
  return new ArcLengthScale(
    network,
    network.map((x) => x + 0.3 * Math.sin(x)),
  );
}

const matrix = Float64Array.of(0.5, 1, 0.1, -1.2, 0.4, 0, 0.2, 0.3, 0.9);

function someFrame(): LatentFrame {
  return new LatentFrame(matrix, [undefined, someScale(), undefined]);
}

function assertClose(found: Float32Array, expected: Float32Array, tolerance: number): void {
  assert.equal(found.length, expected.length);
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(found[i]! - value) < tolerance, `number ${i}: ${found[i]}, expected ${value}`);
}

describe("frame of a latent space", () => {
  test("coordinates go there and back, within and beyond the table of an arc length", () => {
    const frame = someFrame();
    const z = someNumbers(300, 1).map((x) => 2 * x);
    assertClose(frame.toNetwork(frame.fromNetwork(z.slice())), z, 1e-4);
  });

  test("going back leaves its argument as it is", () => {
    const y = Float32Array.of(1, 2, 3);
    someFrame().toNetwork(y);
    assert.deepEqual([...y], [1, 2, 3]);
  });

  test("the gradient equals finite differences", () => {
    const frame = someFrame();
    const z = someNumbers(12, 2);
    const inFrame = someNumbers(12, 3);
    const before = z.slice();
    const gradient = frame.gradient(z, inFrame);
    assert.deepEqual(z, before);
    const loss = (at: Float32Array) =>
      frame.fromNetwork(at).reduce((sum, value, i) => sum + value * inFrame[i]!, 0);
    for (let i = 0; i < z.length; i++) {
      const step = 2e-3;
      const [low, high] = [-step, step].map((d) => loss(z.map((x, j) => (i === j ? x + d : x))));
      const expected = (high! - low!) / (2 * step);
      // A step may cross into the next segment of the table.
      assert.ok(Math.abs(gradient[i]! - expected) < 0.02, `latent ${i}: ${gradient[i]}, ${expected}`);
    }
  });

  test("a saved frame is exactly the same after loading", () => {
    const frame = someFrame();
    const loaded = LatentFrame.load(frame.save(), 3)!;
    const z = someNumbers(300, 4);
    assert.deepEqual(loaded.fromNetwork(z.slice()), frame.fromNetwork(z.slice()));
    assert.deepEqual(loaded.toNetwork(z), frame.toNetwork(z));
  });

  test("with a reduction less is decoded along an axis, from its centre; coordinates stay, and it is saved", () => {
    const frame = someFrame();
    const reduction = { factors: Float32Array.of(1, 0.5, 0), centre: Float32Array.of(3, 0.25, -1) };
    const less = new LatentFrame(frame.matrix, frame.scales, reduction);
    const y = someNumbers(30, 4);
    const nearer = y.map((value, i) => [value, 0.125 + 0.5 * value, -1][i % 3]!);
    assertClose(less.toDecoded(y), frame.toNetwork(nearer), 1e-6);
    assert.deepEqual(less.toNetwork(y), frame.toNetwork(y));
    assert.deepEqual(less.fromNetwork(y.slice()), frame.fromNetwork(y.slice()));
    assert.deepEqual(frame.toDecoded(y), frame.toNetwork(y));
    const again = LatentFrame.load(less.save(), 3)!;
    assert.deepEqual(again.reduction, reduction);
    assert.deepEqual(again.toDecoded(y), less.toDecoded(y));
    const damaged = less
      .save()
      .map((array) =>
        array.name === "reduction" ? { ...array, data: array.data.map((x) => 2 * x) } : array,
      );
    assert.throws(() => LatentFrame.load(damaged, 3), /latent\.reduction: expected 3 factors from 0 to 1/);
  });

  test("a run without a frame has none, and a one-dimensional run of an earlier version has its arc length", () => {
    assert.equal(LatentFrame.load([], 2), undefined);
    assert.equal(LatentFrame.load([], 1), undefined);
    const scale = someScale();
    const frame = LatentFrame.load(
      [
        { name: "network", shape: [scalePoints], data: scale.network },
        { name: "even", shape: [scalePoints], data: scale.arcLength },
      ],
      1,
    )!;
    const z = someNumbers(20, 5);
    assert.deepEqual(
      frame.fromNetwork(z.slice()),
      z.map((x) => scale.toArcLength(x)),
    );
  });

  test("arrays that are no frame are refused", () => {
    const saved = someFrame().save();
    const replaced = (name: string, data: Float32Array) =>
      saved.map((a) => (a.name === name ? { ...a, shape: [data.length], data } : a));
    const invalid = /weights latent\.frame: expected 9 finite numbers/;
    assert.throws(() => LatentFrame.load(replaced("frame", Float32Array.of(1, 0, 0, 1)), 3), invalid);
    assert.throws(
      () => LatentFrame.load(replaced("frame", new Float32Array(9).fill(Number.NaN)), 3),
      invalid,
    );
    assert.throws(
      () => LatentFrame.load(replaced("frame", new Float32Array(9).fill(1)), 3),
      /RangeError: weights latent\.frame: expected independent axes/,
    );
    const table = /weights latent\.even1: expected as many ascending numbers as in latent\.network1/;
    assert.throws(() => LatentFrame.load(replaced("even1", new Float32Array(3)), 3), table);
    const falling = someScale().arcLength.map((x) => -x);
    assert.throws(() => LatentFrame.load(replaced("even1", falling), 3), table);
    const half = saved.filter(({ name }) => name !== "even1");
    assert.throws(() => LatentFrame.load(half, 3), table);
  });
});
