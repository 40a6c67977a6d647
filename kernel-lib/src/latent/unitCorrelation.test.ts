import assert from "node:assert/strict";
import { test } from "vitest";
import { pointGroup } from "../optics/symmetry";
import { Random } from "../random";
import type { UnitLatents } from "../training/units/unitTables";
import { pearson } from "./statistics";
import { formatUnitCorrelation, unitCorrelation } from "./unitCorrelation";

/** Coordinates of units, each the sum of its own and of its neighbours' random numbers around the ring. */
function ring(symmetry: string, particles: number, weights: readonly number[], seed = 1): UnitLatents {
  const group = pointGroup(symmetry);
  const n = group.order;
  const random = new Random(seed);
  const refined = new Float32Array(particles * n);
  for (let i = 0; i < particles; i++) {
    const own = Array.from({ length: n }, () => random.normal());
    for (let g = 0; g < n; g++) {
      refined[i * n + g] = 3 + weights.reduce((sum, w, k) => sum + w * own[(g + k) % n]!, 0);
    }
  }
  return {
    ...{ group, particles, units: n, latent: 1, refined },
    ...{ standardDeviation: refined.map(() => 1), leftOut: new Uint8Array(particles) },
  };
}

test("neighbours of a ring have the correlation that they were made with, others none, within the interval", () => {
  // r of direct neighbours is 0.8 · 1 / (1 + 0.8²).
  const expected = [0.8 / 1.64, 0, 0];
  const found = unitCorrelation(ring("C7", 2000, [1, 0.8]), { centre: [50, 0, 3] });
  assert.deepEqual(
    found.kinds.map(({ neighbour, pairs }) => [neighbour, pairs]),
    [
      [1, 7],
      [2, 7],
      [3, 7],
    ],
  );
  for (const [k, { correlation, low, high, angle, distance }] of found.kinds.entries()) {
    const r = expected[k]!;
    assert.ok(Math.abs(correlation[0]! - r) < 0.03, `${k}: ${correlation[0]}`);
    assert.ok(low[0]! < r + 0.01 && high[0]! > r - 0.01 && high[0]! - low[0]! < 0.06);
    assert.ok(Math.abs(angle - (360 * (k + 1)) / 7) < 1e-6);
    assert.ok(Math.abs(distance! - 100 * Math.sin((Math.PI * (k + 1)) / 7)) < 1e-6);
  }
  assert.ok(Math.abs(found.reliability[0]! - 1.64 / 2.64) < 0.02);
});

test("r is Pearson's over all pairs in both orders", () => {
  const data = ring("D2", 40, [1, 0.5, 0.2]);
  const { refined } = data;
  for (const { operators, correlation } of unitCorrelation(data).kinds) {
    const [a, b]: [number[], number[]] = [[], []];
    for (let i = 0; i < 40; i++) {
      // The group is abelian, of twofold rotations: its operators are 0, s, t and s·t.
      for (let g = 0; g < 4; g++) {
        const s = operators[0]!;
        const h = [
          [0, 1, 2, 3],
          [1, 0, 3, 2],
          [2, 3, 0, 1],
          [3, 2, 1, 0],
        ][g]![s]!;
        a.push(refined[4 * i + g]!);
        b.push(refined[4 * i + h]!);
      }
    }
    assert.ok(Math.abs(correlation[0]! - pearson(a, b)) < 1e-6);
  }
});

test("95 % intervals contain the truth in about 95 % of data sets", () => {
  let covered = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const { low, high } = unitCorrelation(ring("C3", 150, [1, 0.5], seed), { bootstrap: 200 }).kinds[0]!;
    const r = 0.5 / 1.25;
    if (low[0]! <= r && high[0]! >= r) covered++;
  }
  assert.ok(covered >= 88 && covered <= 100, `${covered}`);
});

test.for([
  ["C2", 1],
  ["C6", 3],
  ["D3", 4],
  ["T", 7],
  ["O", 16],
  ["I", 37],
] as const)("%s has %i kinds of pairs, which are all pairs", ([symmetry, kinds]) => {
  const data = ring(symmetry, 3, [1]);
  const found = unitCorrelation(data, { bootstrap: 10, centre: [31, 17, 7] }).kinds;
  assert.equal(found.length, kinds);
  const n = data.units;
  assert.equal(
    found.reduce((sum, { pairs }) => sum + pairs, 0),
    (n * (n - 1)) / 2,
  );
  const distances = found.map(({ distance }) => distance!);
  assert.ok(distances.every((distance, k) => k === 0 || distance >= distances[k - 1]!));
});

test("particles that were left out of training do not count", () => {
  const data = ring("C3", 50, [1, 0.5]);
  const broken = { ...data, refined: data.refined.slice(), leftOut: data.leftOut.slice() };
  broken.refined.fill(1e6, 0, 3);
  broken.leftOut[0] = 1;
  const { particles, kinds } = unitCorrelation(broken);
  assert.equal(particles, 49);
  assert.ok(Math.abs(kinds[0]!.correlation[0]!) < 0.7);
  const rows = formatUnitCorrelation(unitCorrelation(data)).trim().split("\n");
  assert.equal(rows.length, 2);
  assert.match(rows[1]!, /^z1,1,120\.00,,3,0\.\d{4},/);
  assert.throws(() => unitCorrelation(data, { bootstrap: 2 }), /bootstrap: expected an integer/);
  assert.throws(() => unitCorrelation(data, { confidence: 95 }), /confidence: expected/);
});
