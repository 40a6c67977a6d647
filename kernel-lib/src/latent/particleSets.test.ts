import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { fourStates } from "./fourStates.test.helper";
import { particleSets } from "./particleSets";

const states = fourStates();

describe("sets of the particles of a run", () => {
  test("groups are assigned by images as they are read, with the probability of each", async () => {
    const sets = await particleSets(states.run, { engine: { threads: 1 } });
    assert.equal(sets.by, "images", sets.advice);
    assert.equal(sets.sizes.length, 4, sets.advice);
    assert.ok(
      states.agreement(sets.indices, sets.labels) > 0.97,
      `${states.agreement(sets.indices, sets.labels)}`,
    );
    assert.match(
      sets.advice,
      /^Separate groups.*\n.*\nParticles are assigned to the 4 groups by their images/,
    );
    sets.labels.forEach((label, i) => {
      const own = sets.probabilities.subarray(4 * i, 4 * i + 4);
      assert.equal(own[label], sets.certainty[i]);
      assert.ok(Math.abs(own.reduce((a, b) => a + b) - 1) < 1e-4);
    });
  });

  test("groups are assigned by places if asked", async () => {
    const sets = await particleSets(states.run, { by: "places" });
    assert.equal(sets.by, "places");
    assert.doesNotMatch(sets.advice, /images/);
    assert.ok(states.agreement(sets.indices, sets.labels) > 0.9);
  });

  test("groups of other particles are refused", async () => {
    const mixture = {
      ...{ weights: Float64Array.of(1), means: Float64Array.of(0), covariances: Float64Array.of(1) },
      responsibilities: new Float32Array(7).fill(1),
    };
    const groups = { mixture, groupOf: Int32Array.of(0), tied: true };
    await assert.rejects(
      states.run.assignByImages(groups),
      /groups: expected probabilities of 300 particles, found 7/,
    );
  });
});
