import assert from "node:assert/strict";
import { test } from "vitest";
import { emptyModel } from "../../model/gaussianModel";
import { GaussianHead } from "../../network/head";
import { Random } from "../../random";
import { StrainEnergy } from "./strainEnergy";
import { StrainPenalty } from "./strainPenalty";

const random = new Random(4);
const neutral = emptyModel(40, 48, 2);
const n = neutral.count;
neutral.params.forEach((_, i) => {
  neutral.params[i] = i < 3 * n ? 0.3 * (random.uniform() - 0.5) : 1;
});
const numbers = (length: number) => Float32Array.from({ length }, () => random.normal());
/** Of a quarter of six particles, two, the penalty is computed, with three times the weight. */
const batch = 6;
const [some, share] = [2, 3];
const models = Float32Array.from(
  { length: batch * 5 * n },
  (_, i) => neutral.params[i % (5 * n)]! + 0.01 * random.normal(),
);
const score = numbers(batch * 5 * n);

/** What a penalty takes from the gradient of a score. */
function taken(weight: number, rows: number, gradient = score): Float32Array {
  const left = gradient.slice();
  new StrainPenalty(new GaussianHead(neutral, ["position"]), weight, rows).subtract(models, left);
  return gradient.map((g, i) => g - left[i]!);
}

test("its force is the weight times the noise of the mean gradient of the centres", () => {
  const strain = new Float32Array(batch * 5 * n);
  new StrainEnergy(neutral).addGradient(models, strain, 1);
  // Normal numbers: three of variance 1 for each centre.
  const noise = Math.sqrt(3 / 900);
  const found = taken(2, 900);
  for (const [i, force] of found.entries()) {
    if (i >= some * 5 * n || i % (5 * n) >= 3 * n) {
      assert.equal(force, 0, "other particles, amplitudes and widths are left alone");
      continue;
    }
    const expected = 2 * share * noise * strain[i]!;
    assert.ok(Math.abs(force - expected) < 0.1 * noise * (1 + share * Math.abs(strain[i]!)), `${i}`);
  }
});

test("it follows the scale of the score, and falls with the number of particles", () => {
  const double = score.map((g) => 2 * g);
  const [once, twice, more] = [taken(1, 100), taken(1, 100, double), taken(1, 400)];
  for (const [i, force] of once.entries()) {
    assert.ok(Math.abs(twice[i]! - 2 * force) < 1e-5);
    assert.ok(Math.abs(more[i]! - force / 2) < 1e-5);
  }
});
