import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { GaussianModel } from "../../model/gaussianModel";
import { Random } from "../../random";
import type { AxesModel } from "./measureAxes";
import { measureAxes } from "./measureAxes";

const count = 40;
const boxSize = 32;
const apix = 3;
const boxLength = boxSize * apix;
/** Gaussians of the domain that moves, at the beginning. */
const domain = 10;

const neutral: GaussianModel = (() => {
  const random = new Random(9);
  const params = new Float32Array(5 * count);
  for (let i = 0; i < 3 * count; i++) params[i] = 0.1 * random.normal();
  params.fill(1, 3 * count, 5 * count);
  return { count, params, boxSize, apix };
})();

/**
 * Three axes: the first moves the domain by 4 Å per unit around a circle of 10 Å, the second moves it by 1 Å per unit and takes
 * away a tenth of its density, the third a twentieth. The rest is fixed.
 */
const model: AxesModel = {
  ...{ latent: 3, neutral, roles: { position: [0, 1], density: [1, 2] } },
  free: Uint8Array.from({ length: count }, (_, i) => (i < domain ? 1 : 0)),
  decodeMany: (points) => {
    const models = new Float32Array((points.length / 3) * 5 * count);
    for (let p = 0; 3 * p < points.length; p++) {
      const [a, b, c] = [points[3 * p]!, points[3 * p + 1]!, points[3 * p + 2]!];
      const params = models.subarray(p * 5 * count, (p + 1) * 5 * count);
      params.set(neutral.params);
      for (let i = 0; i < domain; i++) {
        params[i]! += (10 * Math.sin(0.4 * a) + b) / boxLength;
        params[count + i]! += (10 * Math.cos(0.4 * a)) / boxLength;
        params[3 * count + i] = 1 - 0.1 * b - 0.05 * c;
      }
    }
    return models;
  },
};

/** Normally distributed coordinates. */
const places = (() => {
  const random = new Random(4);
  return Float32Array.from({ length: 3 * 4000 }, () => random.normal());
})();

describe("axes of a latent space", () => {
  const axes = measureAxes(model, {
    places,
    observability: places.map((_, i) => [0.9, 0.6, 0.2][i % 3]!),
    evidence: { axes: [true, true, false].map((real) => ({ real })) as never },
  });

  test("kinds follow from what the axes change, and are numbered", () => {
    assert.deepEqual(
      axes.map(({ name, label }) => [name, label]),
      [
        ["z1", "conformation 1"],
        ["z2", "mixed 1"],
        ["z3", "composition 1"],
      ],
    );
    const both = measureAxes({ ...model, roles: { position: [0, 1, 2], density: [] } }, { places });
    assert.deepEqual(
      both.map(({ label }) => label),
      ["conformation 1", "conformation 2", "conformation 3"],
    );
  });

  test("the size is the length of the path of the Gaussians that may move, also of a curved one", () => {
    const [circle, line] = axes;
    assert.ok(Math.abs(circle!.motion.perUnit - 4) < 0.02, `${circle!.motion.perUnit}`);
    assert.ok(Math.abs(circle!.angstrom(-1.5) + 6) < 0.02, `${circle!.angstrom(-1.5)}`);
    assert.ok(Math.abs(circle!.angstrom(0)) < 1e-6);
    assert.ok(Math.abs(line!.motion.perUnit - 1) < 0.01);
    const [low, high] = circle!.range;
    assert.ok(Math.abs(low + 1.96) < 0.1 && Math.abs(high - 1.96) < 0.1, `${low} to ${high}`);
    assert.ok(Math.abs(circle!.motion.range - 4 * (high - low)) < 0.1);
    assert.equal(circle!.density.perUnit, 0);
  });

  test("composition has no length but a fraction of the density", () => {
    const composition = axes[2]!;
    assert.ok(Math.abs(composition.density.perUnit - 0.05) < 0.005, `${composition.density.perUnit}`);
    assert.ok(Math.abs(composition.densityChange(1) - 0.05) < 0.005);
    assert.equal(composition.angstrom(1), 0);
  });

  test("the text has kind, size, reality, and a warning where most views tell little", () => {
    assert.equal(axes[0]!.title, "conformation 1 · 1 unit = 4.0 Å RMS");
    assert.match(
      axes[0]!.summary,
      /^z1: conformation 1 · .* over 95 % .*, real; a typical view tells 90 % of it$/,
    );
    assert.match(axes[1]!.title, /^mixed 1 · 1 unit = 1\.0 Å RMS, 10 % of density$/);
    assert.match(axes[2]!.summary, /, not real$/, "of an axis that is not real nothing is told");
    const unmeasured = measureAxes(model, { places, observability: places.map(() => 0.3) });
    assert.match(unmeasured[2]!.summary, /particles\); most views tell little of it \(median 30 %\)/);
    assert.ok(unmeasured[2]!.hardlySeen && !axes[0]!.hardlySeen);
  });

  test("without particles the population is taken as normal", () => {
    const [axis] = measureAxes(model, { places: new Float32Array(0) });
    assert.deepEqual([...axis!.range], [-1.96, 1.96]);
    assert.ok(Math.abs(axis!.motion.perUnit - 4) < 0.02);
    assert.equal(axis!.real, undefined);
  });
});
