import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { skipIf } from "../requirement";
import { checkStored, execute, joined, outputs, skip } from "./executed";

// Runs the notebook of the simulated designs in its short form, and checks what it finds of the truth.

const name = "simulated-designs";

describe(`${name}.ipynb`, skipIf(skip), () => {
  test("finds the line and the occupancy with every seed, and shows truth beside place of all three designs", (t) => {
    const { notebook } = execute(t, name, { E2GMM_NOTEBOOK_SIZE: "small" });
    const { figures, shown, errors } = outputs(notebook);
    assert.deepEqual(errors, []);
    for (const start of [
      /^linear: .* 5 pictures/,
      /^circular: .* 6 pictures/,
      /^occupancy: .* 4 pictures/,
      /^its standard deviation against z .* coloured by True displacement/,
      /^z, sign as the truth against True displacement/,
      /^Linear: true states, and decoded below: 10 pictures/,
      /^z2 against z1 .* coloured by True angle/,
      /^Angle around the centre .* against True angle/,
      /^Circular: true states, and decoded below: 12 pictures/,
      /^direction of the occupancy against direction of the motion .* coloured by True displacement/,
      /^direction of the occupancy against direction of the motion .* coloured by Second domain/,
      /^direction of the motion against True displacement/,
      /^Occupancy: true states, and decoded below: 8 pictures/,
    ]) {
      const found = figures.filter(({ words }) => start.test(words));
      assert.equal(found.length, 1, `${start}: ${figures.map(({ words }) => words).join("\n")}`);
      assert.equal(found[0]!.png.subarray(1, 4).toString(), "PNG");
    }
    const tables = shown.map((data) => joined(data["text/plain"]));
    const rows = tables
      .find((text) => text.startsWith("Correlation with the truth"))!
      .split("\n")
      .slice(2)
      .map((line) => line.trim().split(/\s+/).map(Number));
    assert.equal(rows.length, 2);
    // Half of the particles and 16 epochs are not enough for the circle, of which only the figures are checked.
    for (const [seed, line, , motion, occupancy] of rows) {
      assert.ok(line! > 0.95 && motion! > 0.85 && occupancy! > 0.95, `seed ${seed}: ${rows}`);
    }
    const verdicts = tables.find((text) => text.startsWith("Seeds 1, 2"))!;
    assert.match(verdicts, /linear +2 of 2/);
    assert.match(verdicts, /occupancy +2 of 2/);
  });
});

test(`${name}.ipynb is stored with all outputs and figures, and small enough to view on GitHub`, () => {
  checkStored(name, 13);
});
