import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { resizeVolume } from "../maps/resize";
import type { Volume } from "../maps/volume";
import { Random } from "../random";
import { modelDensity } from "./density";
import { emptyModel, Row } from "./gaussianModel";
import { growNeutralModel } from "./growNeutralModel";
import { allowedResolution, describedResolution, firstGaussians } from "./growthChoices";
import { volumeInMask } from "./growthMap";

/** 80 wide Gaussians in a box of 40 voxels of 2 Å: nothing finer than about 8 Å. */
function softMolecule(): Volume {
  const random = new Random(3);
  const model = emptyModel(80, 40, 2);
  for (let i = 0; i < 80; i++) {
    for (let axis = 0; axis < 3; axis++) model.params[80 * axis + i] = 0.09 * random.normal();
    model.params[Row.amplitude * 80 + i] = 1;
    model.params[Row.sigma * 80 + i] = 1.3;
  }
  return modelDensity(model);
}

const soft = softMolecule();

function withNoise(map: Volume, deviation: number): Volume {
  const random = new Random(4);
  return { ...map, data: map.data.map((v) => v + deviation * random.normal()) };
}

describe("choice of resolution and number of Gaussians", () => {
  test("a clear map is described to three voxels, by as many Gaussians as its volume suggests", async () => {
    const { resolution, choices, rounds, model } = await growNeutralModel(soft);
    assert.equal(resolution, 6);
    assert.equal(model.count, firstGaussians(volumeInMask(soft, undefined), 6));
    assert.ok(rounds.at(-1)!.frc >= 0.95);
    assert.match(choices[0]!, /^resolution 6\.0 Å: 3 voxels of the map$/);
    assert.match(
      choices[1]!,
      /^\d+ Gaussians: mean FRC with the map \d\.\d+ to 6\.0 Å, enough for the target of 0\.95$/,
    );
  });

  test("a noisy map gets the resolution to which it has signal, and Gaussians for what its noise allows", async () => {
    const { resolution, choices, rounds } = await growNeutralModel(withNoise(soft, 0.3));
    assert.ok(resolution > 6.5 && resolution < 12, `${resolution} Å`);
    assert.match(
      choices[0]!,
      /in the next ring less than a quarter of the map's power within the molecule is signal/,
    );
    const [, frc, allowed] = choices[1]!.match(
      /FRC with the map (0\.\d+) to .* enough for the target of 0\.95 of the (0\.\d+) that the noise of the map allows$/,
    )!;
    assert.ok(Number(allowed) < 0.9 && Number(frc) >= 0.95 * Number(allowed), choices[1]);
    assert.equal(rounds.at(-1)!.frc.toFixed(3), frc);
  });

  test("where noise is not seen around the molecule, the resolution is the one to which Gaussians describe the map", async () => {
    const masked = withNoise(soft, 0.8);
    for (const [i, v] of soft.data.entries()) if (v < 0.02) masked.data[i] = 0;
    const { resolution, choices, rounds } = await growNeutralModel(masked);
    assert.ok(resolution > 6.5 && resolution < 30, `${resolution} Å`);
    assert.ok(rounds.at(-1)!.frc >= 0.93, `FRC ${rounds.at(-1)!.frc}`);
    assert.match(
      choices[0]!,
      /to there \d+ Gaussians describe the map .* to 6\.0 Å \(3 voxels of the map\) with 0\.\d+ only$/,
    );
  });

  test("a given resolution and number are kept, without a word", async () => {
    const { resolution, choices, model } = await growNeutralModel(soft, { resolution: 16, gaussians: 12 });
    assert.deepEqual([resolution, model.count, choices], [16, 12, []]);
  });

  test("Gaussians that gain nothing are taken back, and the target that is missed is named", async () => {
    const noise = withNoise({ ...soft, data: soft.data.map((v) => 0.05 * v) }, 1);
    const { choices, model, rounds } = await growNeutralModel(noise, { resolution: 8, startGaussians: 40 });
    assert.equal(model.count, rounds.at(-1)!.gaussians);
    assert.match(choices[0]!, /short of the target of 0\.95/);
  });

  test("the volume does not depend on the voxels, and limits the resolution of large molecules", () => {
    const volume = volumeInMask(soft, undefined);
    const finer = volumeInMask(resizeVolume(soft, { size: 64 }), undefined);
    assert.ok(Math.abs(finer / volume - 1) < 0.1, `${volume} and ${finer} Å³`);
    assert.deepEqual(allowedResolution(3e4, 1.5).resolution, 4.5);
    const large = allowedResolution(6e6, 1.5);
    assert.ok(large.resolution > 14 && large.resolution < 15, `${large.resolution} Å`);
    assert.match(large.reason, /more than 3000 Gaussians/);
  });

  test("a map is described as far as the mean FRC reaches the target, of what its noise allows", () => {
    const task = { targetFrc: 0.95, boxLength: 100 };
    assert.equal(describedResolution([0, 1, 1, 0.9, 0.4, 0.1], task), 100 / 3);
    assert.equal(describedResolution([0, 0.9, 0.5], task), undefined);
    const clear = { fraction: Float64Array.of(0, 1, 1, 1), allowedFrc: Float64Array.of(0, 1, 0.8, 0.6) };
    assert.equal(describedResolution([0, 1, 0.8, 0.5], { ...task, clear }), 100 / 3);
    assert.equal(describedResolution([0, 1, 0.8, 0.4], { ...task, clear }), 50);
  });
});
