import assert from "node:assert/strict";
import { test } from "vitest";
import { squaredDistances } from "../../maps/distanceTransform";
import { emptyModel } from "../../model/gaussianModel";
import { maskFlags } from "../../model/regions";
import { Random } from "../../random";
import { gaussiansInShapes, type MaskShape } from "../gaussianViewer/maskShapes";
import { regionMask } from "./regionMask";

/** 150 Gaussians in a box of 24 pixels of 5 Å. */
function molecule() {
  const random = new Random(3);
  const model = { ...emptyModel(150, 24, 5), origin: [7, -5, 3] as [number, number, number] };
  for (let i = 0; i < 3 * model.count; i++) model.params[i] = 0.5 * (random.uniform() - 0.5);
  model.params.fill(1, 3 * model.count);
  return model;
}

const sphere: MaskShape = { kind: "sphere", mode: "add", centre: [5, 0, -5], radius: 22 };
const bite: MaskShape = { kind: "box", mode: "subtract", centre: [15, 0, 0], size: [20, 30, 12] };
const chosen: MaskShape = { kind: "gaussians", mode: "add", name: "some", indices: [1, 4, 9, 16, 25, 36] };

for (const [what, shapes] of [
  ["a sphere", [sphere]],
  ["a sphere and a box that takes some out", [sphere, bite]],
  ["chosen Gaussians", [chosen]],
  ["a sphere without chosen Gaussians", [sphere, { ...chosen, mode: "subtract" }]],
] as [string, MaskShape[]][]) {
  test(`the mask of ${what} holds the Gaussians of the region, and no others`, () => {
    const model = molecule();
    const { mask, gaussians } = regionMask(model, shapes);
    const expected = gaussiansInShapes(model, shapes);
    const flags = maskFlags(model, mask);
    // Of two centres in one voxel the one inside counts
    const differ = [...flags].filter((flag, i) => flag !== expected[i]).length;
    assert.ok(differ <= 1, `${differ} Gaussians differ`);
    assert.equal(
      gaussians,
      flags.reduce((sum, flag) => sum + flag, 0),
    );
  });
}

test("the mask is the sphere itself with a cosine border, in the box and at the origin of the model", () => {
  const model = molecule();
  const { mask } = regionMask(model, [sphere], { softEdge: 10 });
  assert.deepEqual([mask.size, mask.apix], [[48, 48, 48], 2.5]);
  // Voxel 24 of 48 lies where voxel 12 of 24 does
  assert.deepEqual(mask.origin, [7, -5, 3]);
  let volume = 0;
  for (let z = 0, i = 0; z < 48; z++) {
    for (let y = 0; y < 48; y++) {
      for (let x = 0; x < 48; x++, i++) {
        const distance = Math.hypot((x - 24) * 2.5 - 5, (y - 24) * 2.5, (z - 24) * 2.5 + 5) - 22;
        const value = mask.data[i]!;
        volume += value * 2.5 ** 3;
        if (distance < -8) assert.equal(value, 1);
        if (distance > 10) assert.ok(value < 0.01, `${value} at ${distance} Å`);
      }
    }
  }
  const exact = (4 / 3) * Math.PI * 22 ** 3;
  // The centres that lie in a voxel on the border change it by a few voxels
  assert.ok(Math.abs(volume / exact - 1) < 0.06, `${volume} instead of ${exact} Å³`);
});

test("the border is that of distances in the whole box, also where the region ends at its faces", () => {
  const model = molecule();
  const corner: MaskShape = { kind: "sphere", mode: "add", centre: [-58, 0, 50], radius: 25 };
  const { mask } = regionMask(model, [sphere, corner], { softEdge: 17 });
  const inside = Uint8Array.from(mask.data, (value) => (value > 0.5 ? 1 : 0));
  const [outward, inward] = [inside, inside.map((value) => 1 - value)].map((set) =>
    squaredDistances(set, [48, 48, 48]),
  );
  for (let i = 0; i < inside.length; i++) {
    const distance = inside[i] ? 0.5 - Math.sqrt(inward![i]!) : Math.sqrt(outward![i]!) - 0.5;
    const part = Math.min(1, Math.max(0, (distance * 2.5) / 17 + 0.5));
    assert.ok(Math.abs(mask.data[i]! - (0.5 + 0.5 * Math.cos(Math.PI * part))) < 1e-6, `voxel ${i}`);
  }
});

test("a region without a Gaussian and a border of no width are refused", () => {
  const model = molecule();
  assert.throws(
    () => regionMask(model, []),
    /region: expected at least one Gaussian of the neutral model in it, found none/,
  );
  assert.throws(
    () => regionMask(model, [sphere], { softEdge: 0 }),
    /soft edge: expected a length in Å above 0, found 0/,
  );
});
