import assert from "node:assert/strict";
import { test } from "vitest";
import { symmetryCorrelation } from "../maps/symmetry";
import { pointGroup, turned } from "../optics/symmetry";
import { Random } from "../random";
import { ringMolecule, unitGaussians } from "../simulate/ring.test.helper";
import { maskOfGaussians, symmetriseModel } from "./asymmetricUnit";
import { modelDensity } from "./density";
import { emptyModel, type GaussianModel, pickGaussians, Row } from "./gaussianModel";
import { growNeutralModel } from "./growNeutralModel";
import { maskFlags } from "./regions";
import { mapTransform } from "./shellTarget";
import { allUnits, centreOf, SymmetricShellTarget } from "./symmetricModel";

const box = { boxSize: 40, apix: 4 };
const perUnit = unitGaussians.body + unitGaussians.domain;
const ring = (n: number) =>
  ringMolecule(
    box,
    Array.from({ length: n }, () => ({})),
  );

/** Largest distance of a copy of a Gaussian, by any operator, from the Gaussian that should be it. */
function asymmetry(model: GaussianModel, symmetry: string): number {
  const group = pointGroup(symmetry);
  const m = model.count / group.order;
  let most = 0;
  for (let j = 0; j < m; j++) {
    for (const [g, operator] of group.operators.entries()) {
      const [a, b] = [turned(operator, centreOf(model, j)), centreOf(model, g * m + j)];
      most = Math.max(most, Math.hypot(...a.map((x, axis) => x - b[axis]!)));
      for (const row of [Row.amplitude, Row.sigma]) {
        const own = model.params[row * model.count + j]!;
        most = Math.max(most, Math.abs(model.params[row * model.count + g * m + j]! - own));
      }
    }
  }
  return most;
}

test.for([
  ["C3", 3],
  ["C7", 7],
] as const)(
  "a model grown with %s is exactly symmetric and describes the map; its unit is one subunit",
  async ([symmetry, n]) => {
    const molecule = ring(n);
    const { model, unit, rounds, warnings } = await growNeutralModel(modelDensity(molecule), {
      resolution: 18,
      gaussians: 16 * n,
      startGaussians: 5 * n,
      symmetry,
    });
    assert.equal(model.count, 16 * n);
    assert.equal(unit?.gaussians, 16);
    assert.ok(asymmetry(model, symmetry) < 1e-6);
    assert.ok(rounds.at(-1)!.frc > 0.97, `FRC ${rounds.at(-1)!.frc}`);
    assert.deepEqual(warnings, []);
    // The mass of the unit is nearer to atoms of the subunit at angle 0 than to any other.
    const mass = [0, 0];
    for (let j = 0; j < 16; j++) {
      const own = centreOf(model, j);
      const distances = Array.from({ length: molecule.count }, (_, i) =>
        Math.hypot(...own.map((x, axis) => x - centreOf(molecule, i)[axis]!)),
      );
      const [amplitude, sigma] = [3, 4].map((row) => model.params[row * model.count + j]!) as [
        number,
        number,
      ];
      mass[distances.indexOf(Math.min(...distances)) < perUnit ? 0 : 1]! += amplitude * sigma ** 3;
    }
    assert.ok(mass[1]! < 0.02 * mass[0]!, `${mass}`);
  },
);

test.for(["D3", "T", "I2"])("a model grown with %s is exactly symmetric", async (symmetry) => {
  const group = pointGroup(symmetry);
  const random = new Random(4);
  const first = emptyModel(2, 40, 4);
  for (let i = 0; i < 6; i++) first.params[i] = 0.1 + 0.12 * random.uniform();
  first.params.fill(1, 6, 8);
  first.params.fill(1.2, 8);
  const { model, rounds } = await growNeutralModel(modelDensity(allUnits(first, group)), {
    resolution: 20,
    gaussians: 5 * group.order,
    startGaussians: 2 * group.order,
    symmetry,
  });
  assert.equal(model.count, 5 * group.order);
  assert.ok(asymmetry(model, symmetry) < 1e-6);
  assert.ok(rounds.at(-1)!.frc > 0.95, `FRC ${rounds.at(-1)!.frc}`);
});

test("of a map that is symmetric in part the symmetric part is described, with a warning", async () => {
  const map = modelDensity(ringMolecule(box, [{}, {}, { displacement: 0.1 }]));
  const { model, warnings } = await growNeutralModel(map, {
    resolution: 14,
    gaussians: 42,
    startGaussians: 21,
    symmetry: "C3",
  });
  assert.ok(asymmetry(model, "C3") < 1e-6);
  assert.match(warnings.join(), /the map has symmetry C3 only in part/);
});

test("a map without the symmetry is refused", async () => {
  const map = modelDensity(ringMolecule(box, [{}, { missing: true }, { missing: true }]));
  const how = { resolution: 14, gaussians: 42, symmetry: "C3" };
  await assert.rejects(growNeutralModel(map, how), /expected symmetry C3 about its centre/);
  await assert.rejects(growNeutralModel(map, { ...how, symmetry: "X" }), /expected a point group/);
});

test("the correlation of a map with itself turned tells its symmetry", () => {
  const of = (map: GaussianModel, symmetry: string) =>
    symmetryCorrelation(modelDensity(map), pointGroup(symmetry));
  assert.ok(of(ring(3), "C3") > 0.97);
  assert.ok(of(ring(3), "C2") < 0.7);
  assert.ok(of(ring(4), "C2") > 0.97);
  assert.ok(of(ring(3), "D3") < 0.7);
});

test("the gradient of a unit is that of the loss of the whole model", () => {
  const group = pointGroup("D2");
  const random = new Random(2);
  const first = emptyModel(3, 24, 4);
  for (let i = 0; i < 9; i++) first.params[i] = 0.5 * random.uniform() - 0.25;
  for (let i = 0; i < 3; i++) first.params[9 + i] = 0.5 + random.uniform();
  first.params.fill(1.4, 12);
  const other = allUnits(first, group);
  for (let i = 0; i < other.params.length; i++) other.params[i]! *= 1 + 0.1 * random.normal();
  const target = new SymmetricShellTarget(group, mapTransform(modelDensity(other)), 8, 24);
  const weights = new Float64Array(9).fill(1 / 8);
  const gradient = new Float64Array(15);
  target.evaluate(first.params, 3, weights, gradient);
  for (let i = 0; i < 15; i++) {
    const step = i < 9 ? 2e-3 : 2e-2;
    const loss = (by: number) => {
      const params = first.params.slice();
      params[i]! += by;
      return target.evaluate(params, 3, weights).loss;
    };
    const difference = (loss(step) - loss(-step)) / (2 * step);
    assert.ok(Math.abs(difference - gradient[i]!) < 0.02 * Math.abs(difference) + 2e-3, `${i}`);
  }
});

test("a model of the whole molecule is made symmetric by its most compact unit, or by a given one", () => {
  const group = pointGroup("C7");
  const molecule = ring(7);
  const random = new Random(3);
  const shuffled = pickGaussians(molecule, random.permutation(molecule.count));
  for (let i = 0; i < 3 * shuffled.count; i++) shuffled.params[i]! += 0.002 * random.normal();
  const { model, gaussians, centre } = symmetriseModel(shuffled, group);
  assert.equal(gaussians, perUnit);
  assert.equal(model.count, molecule.count);
  assert.ok(asymmetry(model, "C7") < 1e-6);
  assert.ok(centre[0] > 0.15 && Math.abs(centre[1]) < 0.03, `${centre}`);
  const [x, y] = turned(group.operators[2]!, [0.2, 0, 0]);
  const near = Uint8Array.from({ length: shuffled.count }, (_, i) => {
    const [px, py] = centreOf(shuffled, i);
    return Math.hypot(px - x, py - y) < 0.05 ? 1 : 0;
  });
  const other = symmetriseModel(shuffled, group, near);
  assert.ok(Math.hypot(other.centre[0] - x, other.centre[1] - y) < 0.03);
  assert.equal(other.gaussians, perUnit);
});

test("Gaussians on a symmetry axis and on the border of two units are neither lost nor counted twice", () => {
  const group = pointGroup("C4");
  const first = emptyModel(3, 40, 4);
  // Around an angle of 0, on the axis, and at 45°, on the border of two units around 0 and 90°.
  first.params.set([0.2, 0, 0.1, 0, 0, 0.1, 0, 0.1, 0, 4, 1, 1, 1.5, 1.5, 1.5]);
  const all = allUnits(first, group);
  // One of the four that coincide on the axis.
  const keep = Array.from({ length: 12 }, (_, i) => i).filter((i) => !(i % 3 === 1 && i > 1));
  const model = pickGaussians(all, keep);
  const { model: found } = symmetriseModel(model, group);
  const mass = (of: GaussianModel) => of.params.slice(3 * of.count, 4 * of.count).reduce((a, b) => a + b, 0);
  assert.equal(found.count, 12);
  assert.ok(Math.abs(mass(found) - mass(model)) < 1e-5, `${mass(found)} instead of ${mass(model)}`);
});

test("the mask of a unit flags its Gaussians and no others", () => {
  const molecule = ring(7);
  const flags = Uint8Array.from({ length: molecule.count }, (_, i) => (i < perUnit ? 1 : 0));
  for (const boxSize of [40, 64]) {
    const mask = maskOfGaussians(molecule, flags, boxSize);
    assert.equal(mask.size[0], boxSize);
    assert.deepEqual(maskFlags(molecule, mask), flags);
  }
});
