import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { inputOf, until } from "./fileModel.test.helper.js";
import { MapModel } from "./mapModel.js";
import { makeMrc } from "./mrc.test.helper.js";

describe("the view of an MRC file", () => {
  test("a map has its header, statistics, surface and slice", async () => {
    const model = new MapModel(inputOf("a.mrc", makeMrc({ size: [4, 4, 4], mode: 2, apix: 2 })));
    await model.reload();
    assert.equal(model.problem, undefined);
    assert.equal(model.header!.statistics!.max, 63);
    assert.match(model.status, /^4×4×4 voxels · 1\.28 kB$/);
    const { pictures } = model;
    assert.ok(pictures?.kind === "map");
    assert.equal(pictures.surface.colour, "#7d9cba");
    assert.match(pictures.slice.caption, /^Z slice 3 of 4 \(4 Å\), X to the right, Y upwards$/);
  });

  test("a stack has images, and the user can say that it is a map", async () => {
    const model = new MapModel(inputOf("a.mrcs", makeMrc({ size: [4, 4, 6], mode: 2 })));
    await model.reload();
    assert.deepEqual([model.showsImages, model.pictures!.kind], [true, "images"]);
    assert.match(model.status, /^6 images of 4×4/);
    model.showsImages = false;
    await until(() => model.pictures?.kind === "map");
  });

  test("a file that is too short shows its header beside the problem", async () => {
    const model = new MapModel(inputOf("a.mrc", makeMrc({ size: [4, 4, 4], mode: 2 }).slice(0, -4)));
    await model.reload();
    assert.match(model.problem!, /^a\.mrc: expected 1280 bytes/);
    assert.equal(model.header!.header.nc, 4);
    assert.deepEqual([model.header!.layout, model.pictures, model.status], [undefined, undefined, ""]);
  });

  test("a coarser map than the file's is described", async () => {
    const bytes = makeMrc({ size: [8, 8, 8], mode: 2 });
    const model = new MapModel(inputOf("a.mrc", bytes, { mapEdge: 4 }));
    await model.reload();
    assert.match(model.status, /8×8×8 voxels are shown as 4×4×4/);
  });
});
