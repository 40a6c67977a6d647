import assert from "node:assert/strict";
import { test } from "vitest";
import { colourAt, scales } from "./colours.js";
import { resolutionAt } from "./resolutionGrid.js";
import { ResolutionPaint } from "./resolutionPaint.js";
import { fakeMap } from "./viewer.test.helper.js";

/** 4 to 8 Å along x, and one voxel of which nothing is known. */
const grid = {
  steps: Uint8Array.from({ length: 27 }, (_, i) => (i === 26 ? 0 : 1 + 127 * (i % 3))),
  size: [3, 3, 3],
  apix: 2,
  origin: [-2, -2, -2],
  low: 4,
  high: 8,
};

test("the resolution is that of the voxels around a place, linear between them, as far as it is known", () => {
  const places = Float32Array.of(-2, 0, 0, 0, 0, 0, 1, -1, -1, 1.5, 1.5, 1.5, 2, 2, 2, 40, 0, 0);
  const found = [...resolutionAt(grid, places)];
  [4, 6, 7, undefined, 8, 8].forEach((expected, i) => {
    if (expected !== undefined)
      assert.ok(Math.abs(found[i]! - expected) < 1e-5, `${found[i]} Å at place ${i}`);
  });
  // Seven of the eight voxels around it are known
  assert.ok(found[3]! > 6 && found[3]! < 8);
});

const shown = (name: string, [resolutionLow, resolutionHigh]: readonly [number, number]) =>
  fakeMap({
    ...{
      name,
      visible: true,
      colourBy: "local resolution",
      data: new Uint16Array(27),
      resolution: grid.steps,
    },
    ...{ size: [3, 3, 3], apix: 2, origin: [-2, -2, -2], resolutionLow, resolutionHigh },
  });

test("two maps are coloured on one scale, which the legend explains in Å", () => {
  const maps = [shown("a", [4, 8]), shown("b", [6, 12])];
  const painting = new ResolutionPaint(() => maps);
  // Of a picture with one of them too
  const legend = painting.legend([maps[0]!]);
  assert.deepEqual(legend, {
    ...{ kind: "scale", title: "Local resolution (Å)", scale: scales.resolution, low: 4, high: 12 },
  });
  const coarsest = painting.of(maps[0]!)!(Float32Array.of(2, 0, 0));
  for (const [c, value] of colourAt(scales.resolution, 0.5).entries()) {
    assert.ok(Math.abs(coarsest[c]! - value) < 1e-5);
  }
});

test("the colours change only with what they depend on", () => {
  const maps = [shown("a", [4, 8]), shown("b", [6, 12])];
  const painting = new ResolutionPaint(() => maps);
  const paint = painting.of(maps[0]!);
  assert.equal(painting.of(maps[0]!), paint);
  maps[1]!.set({ visible: false });
  assert.notEqual(painting.of(maps[0]!), paint);
});

test("a map whose resolution is not known yet, or that is hidden, has no such colours and no legend", () => {
  const [map] = [shown("a", [4, 8])];
  const painting = new ResolutionPaint(() => [map!]);
  map!.set({ visible: false });
  assert.deepEqual([painting.of(map!), painting.legend([map!])], [undefined, undefined]);
  map!.set({ visible: true, resolution: new Uint8Array() });
  assert.deepEqual([painting.of(map!), painting.legend([map!])], [undefined, undefined]);
});
