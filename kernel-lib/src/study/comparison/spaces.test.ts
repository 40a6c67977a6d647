import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../../random";
import { comparePopulations, wasserstein } from "./populations";
import { compareSpaces, type NamedAxis } from "./spaces";

const n = 600;
const named = (count: number, real = count): NamedAxis[] =>
  Array.from({ length: count }, (_, d) => ({ label: `conformation ${d + 1}`, real: d < real }));

/** Places [n · axes] whose coordinates are functions of numbers of each particle. */
function places(axes: number, of: (i: number) => number[]): Float32Array {
  return Float32Array.from(Array.from({ length: n }, (_, i) => of(i).slice(0, axes)).flat());
}

const random = new Random(4);
const along = Float64Array.from({ length: n }, () => 3.4 * random.uniform() - 1.7);
const across = Float64Array.from({ length: n }, () => random.normal());
const noise = Float64Array.from({ length: 4 * n }, () => 0.1 * random.normal());
const rs = (of: { told: { value: number } }[]) => of.map(({ told }) => told.value);

describe("places of the same particles in two spaces", () => {
  test("agree where axes are turned, exchanged, stretched and mirrored, also with another number of axes", () => {
    const first = places(2, (i) => [along[i]!, across[i]!]);
    const turned = places(3, (i) => [
      0.6 * across[i]! - 4 * along[i]!,
      2 * across[i]! + along[i]! + 7,
      noise[i]!,
    ]);
    const { report, matched } = compareSpaces(
      { first, firstAxes: 2, second: turned, secondAxes: 3 },
      [named(2), named(3, 2)],
      1,
    );
    assert.ok(
      rs(report.axes[0]).every((r) => r > 0.999),
      `${rs(report.axes[0])}`,
    );
    assert.ok(report.axes[1][2]!.told.value < 0.1);
    assert.equal(report.reference, 1);
    assert.equal(matched.length, 2);
    assert.ok(matched[0]!.first.every((x, i) => Math.abs(x - matched[0]!.second[i]!) < 0.1));
  });

  test("agree where one axis of a space is a curve along two axes of the other, of which it is the shared scale", () => {
    const curve = places(2, (i) => [along[i]! ** 2 + noise[i]!, along[i]! + along[i]! ** 2 + noise[n + i]!]);
    const straight = places(1, (i) => [along[i]! + noise[2 * n + i]!]);
    const { report, matched } = compareSpaces(
      { first: curve, firstAxes: 2, second: straight, secondAxes: 1 },
      [named(2), named(1)],
      1,
    );
    assert.ok(report.axes[0][0]!.linear < 0.2 && report.axes[0][0]!.told.value > 0.95);
    assert.ok(report.axes[1][0]!.told.value > 0.97);
    assert.equal(report.reference, 2);
    assert.deepEqual(
      matched.map(({ axis }) => axis),
      [1],
    );
  });

  test("without a relation have r near 0, however many terms a polynomial has, and the interval holds the truth", () => {
    const first = places(4, (i) => [0, 1, 2, 3].map((d) => noise[d * n + i]!));
    const second = places(2, (i) => [along[i]!, across[i]!]);
    const { report } = compareSpaces({ first, firstAxes: 4, second, secondAxes: 2 }, [named(4), named(2)], 1);
    assert.ok(
      rs(report.axes.flat()).every((r) => r < 0.15),
      `${rs(report.axes.flat())}`,
    );
    // r of x and x + e with equal variances is √½.
    const noisy = places(1, (i) => [across[i]! + 10 * noise[i]!]);
    const plain = places(1, (i) => [across[i]!]);
    const { told } = compareSpaces(
      { first: plain, firstAxes: 1, second: noisy, secondAxes: 1 },
      [named(1), named(1)],
      1,
    ).report.axes[0][0]!;
    assert.ok(
      told.low < Math.SQRT1_2 && Math.SQRT1_2 < told.high && told.high - told.low < 0.12,
      JSON.stringify(told),
    );
  });
});

describe("the populations of two parts", () => {
  const owner = Uint8Array.from({ length: n }, (_, i) => 1 + (i % 2));
  const standard = along.map((x) => x / Math.sqrt(3.4 ** 2 / 12));

  test("are the same for halves of one population, within what chance makes", () => {
    const [found] = comparePopulations([{ axis: 1, first: standard, second: standard }], owner, 1);
    assert.ok(found!.same && found!.distance < 0.15 && found!.chance > 0.03, JSON.stringify(found));
    const total = found!.histograms.first.reduce((sum, x) => sum + x, 0);
    assert.ok(Math.abs(total - 1) < 0.002);
  });

  test("differ where one part has a continuum and the other two states", () => {
    const twoStates = along.map((x) => Math.sign(x) + 0.05 * across[0]!);
    const [found] = comparePopulations([{ axis: 1, first: standard, second: twoStates }], owner, 1);
    assert.ok(!found!.same && found!.distance > 0.3, JSON.stringify(found));
    // Of the same particles nothing is left to chance.
    const [all] = comparePopulations([{ axis: 1, first: standard, second: twoStates }], new Uint8Array(n), 1);
    assert.equal(all!.chance, 0);
  });

  test("have a distance of the shift between them", () => {
    const a = Float64Array.of(0, 1, 2, 3);
    assert.ok(
      Math.abs(
        wasserstein(
          a,
          a.map((x) => x + 0.7),
        ) - 0.7,
      ) < 1e-12,
    );
    assert.ok(Math.abs(wasserstein(a, Float64Array.of(0, 3)) - 0.5) < 1e-12);
  });
});
