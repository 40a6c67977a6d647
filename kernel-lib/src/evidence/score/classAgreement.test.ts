import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../../random";
import { classAgreement, isClassColumn } from "./classAgreement";

const states = Int32Array.from({ length: 300 }, (_, i) => i % 3);
/** Where the three states are: the second is not between the others. */
const centres = [0, 0, 9, 9, 9, 0];

describe("classes as the truth", () => {
  test("states that are apart are told apart, whatever their numbers", async () => {
    const random = new Random(1);
    const places = Float32Array.from(
      { length: 600 },
      (_, i) => centres[2 * states[i >> 1]! + (i % 2)]! + random.normal(),
    );
    const found = await classAgreement({ classes: states, places, latent: 2 });
    assert.equal(found.classes, 3);
    assert.ok(found.nearest > 0.99 && found.randIndex > 0.99, JSON.stringify(found));
    const renamed = await classAgreement({ classes: states.map((s) => [7, 100, -2][s]!), places, latent: 2 });
    assert.deepEqual(renamed, found);
  });

  test("places that have nothing to do with the states are at the level of chance", async () => {
    const random = new Random(2);
    const places = Float32Array.from({ length: 600 }, () => random.normal());
    const { nearest, chance, randIndex } = await classAgreement({ classes: states, places, latent: 2 });
    assert.ok(Math.abs(chance - 1 / 3) < 1e-12);
    assert.ok(Math.abs(nearest - chance) < 0.09, `${nearest}`);
    assert.ok(Math.abs(randIndex) < 0.05, `${randIndex}`);
  });

  test("columns of classes have their name and few whole numbers", () => {
    assert.ok(isClassColumn("state", states));
    assert.ok(isClassColumn("Class_id", states));
    assert.ok(!isClassColumn("angle", states));
    assert.ok(
      !isClassColumn(
        "state",
        states.map((_, i) => i),
      ),
    );
    assert.ok(!isClassColumn("state", [0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1]));
  });

  test("too few classes, and classes of other particles, are refused", async () => {
    const places = new Float32Array(8);
    await assert.rejects(
      classAgreement({ classes: [1, 1, 1, 1], places, latent: 2 }),
      /classes: expected two or more, found 1/,
    );
    await assert.rejects(
      classAgreement({ classes: [1, 2], places, latent: 2 }),
      /classes: expected 4, one for each place/,
    );
  });
});
