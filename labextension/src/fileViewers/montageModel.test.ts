import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { until } from "./fileModel.test.helper.js";
import { MontageModel } from "./montageModel.js";
import { layoutOf, parseHeader } from "./mrc.js";
import { fileOf, makeMrc } from "./mrc.test.helper.js";

/** A montage of 50 images of 4 × 4 pixels on a page with room for 2 × 3. */
function montageOf(bytes = makeMrc({ size: [4, 4, 50], mode: 2 })) {
  const header = parseHeader(bytes, "a.mrcs");
  const file = fileOf(bytes, 1000);
  const problems: string[] = [];
  const layout = layoutOf(header, bytes.length, "a.mrcs");
  const model = new MontageModel({ file, header, layout }, (text) => problems.push(text));
  model.setRoom(8 + 2 * 104, 8 + 3 * 122);
  return { model, file, layout, problems };
}

describe("the images of a stack", () => {
  test("as many images as there is room for are read, and no others", async () => {
    const { model, file, layout } = montageOf();
    assert.equal(model.perPage, 6);
    await until(() => model.images.length === 6);
    assert.equal(model.caption, "Images 1 to 6 of 50");
    assert.deepEqual(file.asked, [[layout.dataStart, layout.dataStart + 6 * 64]]);
    assert.deepEqual(
      model.images.map(({ number }) => number),
      [1, 2, 3, 4, 5, 6],
    );
    model.dispose();
  });

  test("pages follow each other and end with the last image", async () => {
    const { model } = montageOf();
    model.next();
    assert.equal(model.first, 7);
    model.first = 48;
    assert.equal(model.first, 45);
    await until(() => model.caption === "Images 45 to 50 of 50");
    model.previous();
    assert.equal(model.first, 39);
    model.first = -3;
    assert.equal(model.first, 1);
    model.dispose();
  });

  test("larger images are fewer", () => {
    const { model } = montageOf();
    model.edge = 192;
    assert.equal(model.perPage, 1);
    model.dispose();
  });

  test("images that cannot be read are a problem, and can be requested again", async () => {
    const { model, file, problems } = montageOf();
    file.stream = () => Promise.reject(new Error("The server has gone."));
    await until(() => problems.length === 1);
    assert.deepEqual([problems, model.caption], [["The server has gone."], ""]);
    model.setRoom(8 + 2 * 104, 8 + 3 * 122);
    await until(() => problems.length === 2);
    model.dispose();
  });
});
