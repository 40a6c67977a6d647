import assert from "node:assert/strict";
import { truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { readMap } from "../maps/mapFile";
import { h5pyMap, h5pyStack } from "./hdfFiles.test.helper";
import { HdfImages } from "./hdfImages";
import { openImageStack } from "./imageStack";

function written(t: TestContext, name: string, bytes: Uint8Array): string {
  const file = path.join(temporaryFolder(t), name);
  writeFileSync(file, bytes);
  return file;
}

test("images of 8 bits, 10 bits and float32, chunked and compressed, have NumPy's values", async (t) => {
  const images = await HdfImages.open(written(t, "a.hdf", h5pyStack()));
  t.onTestFinished(() => images.close());
  assert.equal(images.count, 3);
  // Values of (v / (2^bits − 1))·(max − min) + min, from NumPy in float32
  const expected = [
    [0.2967541217803955, -0.26586925983428955, -0.633449912071228, -0.0858297348022461],
    [11.40584659576416, -8.912293434143066, -12.601967811584473, -7.142246723175049],
    [120.92974090576172, -62.044166564941406, -98.8207015991211, -44.226558685302734],
  ];
  for (const [i, values] of expected.entries()) {
    const image = images.read(i);
    assert.deepEqual(images.size(i), [6, 6, 1]);
    for (const [j, at] of [0, 5, 17, 35].entries()) {
      assert.ok(Math.abs(image[at]! - values[j]!) < 2e-7 * 10 ** i, `${i}: ${image[at]}, not ${values[j]}`);
    }
    // Fewer bits are an approximation, better with each bit.
    const step = [2.6 / 255, 26 / 1023, 1e-5][i]!;
    for (let at = 0; at < 36; at++) {
      const [x, y] = [at % 6, Math.floor(at / 6)];
      const formula = 10 ** i * (Math.sin(0.7 * x + i) + 0.3 * Math.cos(1.1 * y - x));
      assert.ok(Math.abs(image[at]! - formula) < 0.51 * step + 1e-5 * 10 ** i);
    }
  }
});

test("attributes are read by EMAN2's names: numbers, text, transforms", async (t) => {
  const images = await HdfImages.open(written(t, "a.hdf", h5pyStack()));
  t.onTestFinished(() => images.close());
  const all = images.attributes(1);
  assert.equal(all.get("apix_x"), 1.5);
  assert.equal(all.get("ctf"), "E1.3 0.05 30 120 10 300 2.7 1.5 0.01 3,1,0.5,0.2 0");
  const transform = all.get("xform.projection") as number[];
  assert.equal(transform.length, 12);
  assert.deepEqual([transform[3], transform[7]], [1.5, -0.25]);
  assert.deepEqual([...images.attributes(1, ["nx"])], [["nx", 6]]);
});

test("attributes that are asked for by name are those of the whole list; ones that are not there are left out", async (t) => {
  const images = await HdfImages.open(written(t, "a.hdf", h5pyStack()));
  t.onTestFinished(() => images.close());
  for (const image of [0, 1, 2]) {
    const all = images.attributes(image);
    assert.deepEqual(images.attributes(image, ["nothing", ...all.keys()]), all);
  }
  assert.throws(() => images.attributes(3, ["ctf"]), /a\.hdf: expected images 0 to 2, found no image 3/);
});

test("a map in an HDF5 file is a map: values, voxel size, origin", async (t) => {
  const map = await readMap(written(t, "map.hdf", h5pyMap()));
  assert.deepEqual(map.size, [6, 5, 4]);
  assert.equal(map.apix, 2.5);
  assert.deepEqual(map.origin, [-7.5, 5, 0]);
  const values = [5.322694778442383e-5, 0.5239942073822021, -0.3422613739967346, 0.047772765159606934];
  for (const [j, at] of [0, 7, 50, 119].entries()) assert.ok(Math.abs(map.data[at]! - values[j]!) < 2e-7);
});

test("damaged files, volumes as stacks and stacks as maps are refused with their names", async (t) => {
  const stack = written(t, "a.hdf", h5pyStack());
  const map = written(t, "map.hdf", h5pyMap());
  await assert.rejects(readMap(stack), /a\.hdf: expected one map, found 3 images/);
  await assert.rejects(
    openImageStack(map, {}),
    /map\.hdf: expected a stack of images, found a volume of 6×5×4/,
  );
  truncateSync(stack, 9000);
  await assert.rejects(HdfImages.open(stack), /a\.hdf: expected an undamaged HDF5 file/);
  await assert.rejects(HdfImages.open(path.join(path.dirname(stack), "b.hdf")), /b\.hdf: expected a file/);
});

test("a stack is read in any order and in runs", async (t) => {
  const stack = await openImageStack(written(t, "a.hdf", h5pyStack()), {});
  t.onTestFinished(() => stack.close());
  assert.deepEqual([...stack.size], [6, 6, 3]);
  assert.equal(stack.apix, 1.5);
  const two = await stack.readSections(1, 2);
  assert.deepEqual([...two.subarray(36)], [...(await stack.readSections(2, 1))]);
  await assert.rejects(stack.readSections(3, 1), /images 0 to 2, found no image 3/);
});
