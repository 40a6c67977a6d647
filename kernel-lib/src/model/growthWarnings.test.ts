import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { modelDensity } from "./density";
import { emptyModel, Row } from "./gaussianModel";
import { growNeutralModel } from "./growNeutralModel";
import { growthWarnings } from "./growthWarnings";
import { hotVoxel } from "./mapChecks";

/** 60 pseudo-atoms on a spiral in a box of 32 voxels of 2 Å. */
const molecule = emptyModel(60, 32, 2);
for (let i = 0; i < 60; i++) {
  const angle = 0.6 * i;
  molecule.params.set([0.2 * Math.cos(angle)], i);
  molecule.params.set([0.2 * Math.sin(angle)], 60 + i);
  molecule.params.set([0.006 * (i - 30)], 120 + i);
  molecule.params[Row.amplitude * 60 + i] = 1;
  molecule.params[Row.sigma * 60 + i] = 1.2;
}
const map = modelDensity(molecule);
const hot = { ...map, data: map.data.slice() };
hot.data[(5 * 32 + 4) * 32 + 3] = 5000;

describe("warnings about a grown model", () => {
  test("a model that describes its map gives none", async () => {
    const { warnings } = await growNeutralModel(map, { resolution: 10, gaussians: 60, startGaussians: 30 });
    assert.deepEqual(warnings, []);
  });

  test("too few Gaussians: how far they describe the map, and how many would suffice", async () => {
    const { warnings } = await growNeutralModel(map, { resolution: 5, gaussians: 6, startGaussians: 6 });
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      /mean FRC is 0\.\d+ to 5 Å, below the target of 0\.95: it describes the map to/,
    );
    assert.match(
      warnings[0]!,
      /roughly \d+\), leave --gaussians out, or use a coarser resolution, about \d+\.\d Å/,
    );
  });

  test("a hot voxel is reported", async () => {
    assert.equal(hotVoxel(map), undefined);
    assert.match(hotVoxel(hot)!, /voxel \(3, 4, 5\), counted from 0, has density 5000/);
    const { warnings } = await growNeutralModel(hot, { resolution: 10, gaussians: 30, startGaussians: 30 });
    assert.match(warnings[0]!, /voxel \(3, 4, 5\)/);
  });

  test("a model that does not describe its map", () => {
    const round = { gaussians: 64, resolution: 8, frcByRing: [0, 0.03, 0.03, 0.02], frc: 0.03 };
    const [warning] = growthWarnings(map, [round], { gaussians: 64, resolution: 8 });
    assert.match(warning!, /mean FRC is 0\.030 .*does not describe the map in any ring.*check the map/);
  });
});
