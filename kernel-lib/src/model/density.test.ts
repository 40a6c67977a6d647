import assert from "node:assert/strict";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { readMap, writeMap } from "../maps/mapFile";
import { MapProjector } from "../maps/mapProjector";
import { Random } from "../random";
import { modelDensity } from "./density";
import { emptyModel, type GaussianModel, Row } from "./gaussianModel";
import { projectionFrc, uniformRotations } from "./projectionFrc";

function blob(): GaussianModel {
  const model = emptyModel(5, 24, 2.5);
  const random = new Random(2);
  for (let i = 0; i < 5; i++) {
    for (let axis = 0; axis < 3; axis++) model.params[axis * 5 + i] = 0.4 * (random.uniform() - 0.5);
    model.params[Row.amplitude * 5 + i] = 1 + random.uniform();
    model.params[Row.sigma * 5 + i] = 1 + random.uniform();
  }
  return model;
}

/** M at a position in Å from the origin, straight from the formula. */
function densityAt({ count, params, boxSize, apix }: GaussianModel, place: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const sigma = params[4 * count + i]! * apix;
    const square = place.reduce((s, p, axis) => s + (p - params[axis * count + i]! * boxSize * apix) ** 2, 0);
    sum += params[3 * count + i]! * Math.exp(-square / (2 * sigma * sigma));
  }
  return sum;
}

for (const [name, options] of [
  ["its own box", {}],
  ["a finer sampling", { boxSize: 48 }],
  ["an odd box", { boxSize: 25 }],
  ["a larger box of other pixels", { boxSize: 30, apix: 3 }],
  ["a box that cuts it", { boxSize: 9, apix: 2 }],
] as const) {
  test(`the density on ${name} follows the formula at every voxel`, () => {
    const model = blob();
    const map = modelDensity(model, options);
    const n = map.size[0];
    let worst = 0;
    for (let i = 0; i < map.data.length; i++) {
      const place = [i % n, Math.floor(i / n) % n, Math.floor(i / (n * n))].map(
        (index) => (index - Math.floor(n / 2)) * map.apix,
      );
      worst = Math.max(worst, Math.abs(map.data[i]! - densityAt(model, place)));
    }
    assert.ok(worst < 1e-6, `largest difference ${worst}`);
  });
}

test("with a pixel size alone the map gets the box size closest to the model's box length", () => {
  const map = modelDensity(blob(), { apix: 2 });
  assert.deepEqual(map.size, [30, 30, 30]);
  assert.throws(() => modelDensity(blob(), { boxSize: 2.5 }), /boxSize: expected a whole number/);
  assert.throws(() => modelDensity(blob(), { apix: -1 }), /boxSize|apix/);
});

test("projections of the density, read back from a file, equal those of the model", async (t) => {
  const file = path.join(temporaryFolder(t), "density.mrc");
  const model = blob();
  await writeMap(file, modelDensity(model));
  const frc = projectionFrc(model, new MapProjector(await readMap(file)), 8, uniformRotations(20));
  for (let r = 1; r <= 8; r++) assert.ok(frc[r]! > 0.9999, `ring ${r}: ${frc[r]}`);
});
