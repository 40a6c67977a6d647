import assert from "node:assert/strict";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { sharedData } from "../../../tests/testing";
import { trainingBox as boxFor } from "../fourier/trainingBox";
import { readMap } from "../maps/mapFile";
import { MapProjector } from "../maps/mapProjector";
import type { Volume } from "../maps/volume";
import { Random } from "../random";
import { modelDensity } from "./density";
import { boxLengthOf, emptyModel, type GaussianModel, Row } from "./gaussianModel";
import { growNeutralModel } from "./growNeutralModel";
import { projectionFrc } from "./projectionFrc";
import { maskFlags } from "./regions";

/** A molecule of 200 pseudo-atoms as a random chain inside a ball, in a box of 40 voxels of 2 Å. */
function chainMolecule(): GaussianModel {
  const count = 200;
  const model = emptyModel(count, 40, 2);
  const random = new Random(11);
  const place = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const step = [0, 1, 2].map(() => 0.03 * random.normal());
    if (Math.hypot(...place.map((c, axis) => c + step[axis]!)) > 0.27) step.fill(0);
    for (let axis = 0; axis < 3; axis++) {
      place[axis]! += step[axis]!;
      model.params[axis * count + i] = place[axis]!;
    }
    model.params[Row.amplitude * count + i] = 1;
    model.params[Row.sigma * count + i] = 1.1;
  }
  return model;
}

const molecule = modelDensity(chainMolecule());
const withNan: Volume = { ...molecule, data: molecule.data.slice() };
withNan.data[7] = Number.NaN;

test("a model grows in rounds until its projections match the map's, at the map's scale", async () => {
  const seen: string[] = [];
  const { model, rounds, trainingBox } = await growNeutralModel(molecule, {
    resolution: 8,
    gaussians: 150,
    startGaussians: 40,
    onProgress: ({ task }) => seen.push(task),
  });
  assert.equal(model.count, 150);
  assert.equal(trainingBox, boxFor({ boxSize: 40, apix: 2 }, 8).boxSize);
  assert.equal(model.boxSize, trainingBox);
  assert.ok(Math.abs(boxLengthOf(model) - 80) < 1e-6);
  assert.deepEqual(
    rounds.map((r) => r.gaussians),
    [40, 80, 150],
  );
  for (const round of rounds) assert.ok(round.frc >= 0.95, `FRC ${round.frc} to ${round.resolution} Å`);
  assert.ok(rounds.at(-1)!.frc >= 0.99, `FRC ${rounds.at(-1)!.frc}`);
  assert.ok(new Set(seen).size === 3);
  const frc = projectionFrc(model, new MapProjector(molecule), 10);
  for (let r = 1; r <= 10; r++) {
    const kept = rounds.at(-1)!.frcByRing[r]!;
    assert.ok(
      Math.abs(frc[r]! - kept) < 2e-3,
      `ring ${r}: ${kept} reported, ${frc[r]} from the original map`,
    );
  }
  // The scale by least squares against the map: the best factor for the model's density is near one.
  const fitted = modelDensity(model, { boxSize: 40 }).data;
  let [cross, own] = [0, 0];
  fitted.forEach((v, i) => {
    cross += v * molecule.data[i]!;
    own += v * v;
  });
  assert.ok(Math.abs(cross / own - 1) < 0.01, `factor ${cross / own}`);
  for (let i = 0; i < model.count; i++) {
    assert.ok(model.params[Row.amplitude * model.count + i]! >= 0, "no negative amplitudes");
  }
});

test("without a given number of Gaussians, it doubles until the target FRC is reached", async () => {
  const { model, rounds } = await growNeutralModel(molecule, {
    resolution: 8,
    startGaussians: 6,
    targetFrc: 0.97,
  });
  assert.ok(model.count > 6);
  assert.ok(rounds.at(-1)!.frc >= 0.97);
  assert.ok(rounds.at(-2)!.frc < 0.97 || rounds.length === 3, "no round more than needed");
});

test("the same seed gives the same model bit for bit", async () => {
  const grow = (seed: number) =>
    growNeutralModel(molecule, { resolution: 16, gaussians: 30, startGaussians: 15, seed });
  const [a, b, c] = [await grow(3), await grow(3), await grow(4)];
  assert.deepEqual(a, b);
  assert.notDeepEqual(a.model.params, c.model.params);
});

test("a constant solvent density changes nothing", async () => {
  const raised: Volume = { ...molecule, data: molecule.data.map((v) => v + 0.5) };
  const options = { resolution: 16, gaussians: 30, startGaussians: 15 };
  const [plain, offset] = [
    await growNeutralModel(molecule, options),
    await growNeutralModel(raised, options),
  ];
  offset.rounds.at(-1)!.frcByRing.forEach((value, r) => {
    const expected = plain.rounds.at(-1)!.frcByRing[r]!;
    assert.ok(Math.abs(value - expected) < 0.01, `ring ${r}: ${value} for ${expected}`);
  });
});

test("Gaussians stay inside the mask", async () => {
  const mask: Volume = { ...molecule, data: molecule.data.map((_, i) => (i % 40 >= 20 ? 1 : 0)) };
  const { model } = await growNeutralModel(molecule, {
    resolution: 10,
    gaussians: 40,
    startGaussians: 20,
    mask,
  });
  assert.equal(model.count, 40);
  assert.ok(maskFlags(model, mask).every((inside) => inside === 1));
});

for (const [name, map, options, message] of [
  ["a map of inverted contrast", { ...molecule, data: molecule.data.map((v) => -v) }, {}, /inverted/],
  ["an empty map", { ...molecule, data: new Float32Array(64000) }, {}, /a density that varies, found 0/],
  ["a map with NaN", withNan, {}, /voxel 7: .*found NaN/],
  ["a map that is not a cube", { ...molecule, size: [40, 20, 80] }, {}, /a cubic map, found 40×20×80/],
  ["a resolution beyond the pixels", molecule, { resolution: 3 }, /resolution: expected at least 4\.\d+ Å/],
  ["a resolution of 0", molecule, { resolution: 0 }, /resolution: expected a number of Å above 0/],
  ["a training box too small", molecule, { boxSize: 16 }, /boxSize: expected at least 24/],
  ["an invalid number of Gaussians", molecule, { gaussians: 0.5 }, /gaussians: expected a whole number/],
  [
    "a mask of another size",
    molecule,
    { mask: { ...molecule, size: [20, 20, 20] } },
    /mask: expected 40×40×40/,
  ],
  [
    "an empty mask",
    molecule,
    { mask: { ...molecule, data: new Float32Array(64000) } },
    /mask: .*at least 0\.5/,
  ],
] as [string, Volume, object, RegExp][]) {
  test(`${name} is refused`, async () => {
    await assert.rejects(growNeutralModel(map, { resolution: 8, ...options }), (error: Error) => {
      assert.equal(error.name, "InputError");
      assert.match(error.message, message);
      return true;
    });
  });
}

test("growth stops when its signal is set", async () => {
  const controller = new AbortController();
  const run = growNeutralModel(molecule, {
    resolution: 8,
    signal: controller.signal,
    onProgress: () => controller.abort(new Error("enough")),
  });
  await assert.rejects(run, { name: "StoppedError", message: "enough" });
});

const truth = sharedData("adk/truth_maps/state_00.mrc");
test(
  "256 Gaussians describe a protein's map to 6 Å with FRC above 0.95",
  skipIf(truth ? false : "no ../shared data"),
  async () => {
    const { rounds } = await growNeutralModel(await readMap(truth!), { resolution: 6, gaussians: 256 });
    assert.ok(rounds.at(-1)!.frc > 0.95, `FRC ${rounds.at(-1)!.frc}`);
  },
);
