import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../random";
import { coverage } from "./coverage";

/** Places of particles with two true coordinates, and intervals `factor` times as wide as they should be. */
function places(factor: number) {
  const random = new Random(4);
  const count = 4000;
  const truth = [0, 1].map(() => Float64Array.from({ length: count }, () => random.uniform()));
  const z: number[] = [];
  const deviations: number[] = [];
  for (let i = 0; i < count; i++) {
    for (const [a, b] of [
      [3, -1],
      [0.5, 2],
    ] as const) {
      const deviation = 0.05 + 0.2 * random.uniform();
      z.push(0.3 + a * truth[0]![i]! + b * truth[1]![i]! + deviation * random.normal());
      deviations.push(factor * deviation);
    }
  }
  return { places: z, standardDeviations: deviations, truth };
}

describe("coverage of intervals", () => {
  test("right intervals hold 68 % and 95 % of the particles on each axis, after affine alignment", () => {
    for (const { within68, within95, correlation } of coverage(places(1))) {
      assert.ok(Math.abs(within68 - 0.683) < 0.02, `${within68}`);
      assert.ok(Math.abs(within95 - 0.95) < 0.01, `${within95}`);
      assert.ok(correlation > 0.9 && correlation < 1);
    }
  });

  test("intervals that are too wide hold more, and too narrow ones fewer", () => {
    assert.ok(coverage(places(2))[0]!.within68 > 0.94);
    assert.ok(coverage(places(0.5))[0]!.within68 < 0.42);
  });

  test("a true coordinate that is constant changes nothing", () => {
    const data = places(1);
    const with1 = coverage({ ...data, truth: [...data.truth, new Float64Array(4000).fill(7)] });
    assert.deepEqual(
      with1.map(({ within68 }) => within68),
      coverage(data).map(({ within68 }) => within68),
    );
  });

  test("arrays of different particles are refused", () => {
    const data = places(1);
    assert.throws(() => coverage({ ...data, truth: [[1, 2]] }), /truth: expected a number for each/);
    assert.throws(() => coverage({ ...data, standardDeviations: [1] }), /standardDeviations: expected 8000/);
  });
});
