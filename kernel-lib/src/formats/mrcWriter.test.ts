import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram, temporaryFolder } from "../../../tests/testing";
import { StoppedError } from "../errors";
import { readMap, writeMap } from "../maps/mapFile";
import { packageVersion } from "../version";
import { createStack, openMrc } from "./mrc";

test("a written map is read back with its origin and statistics", async (t) => {
  const file = path.join(temporaryFolder(t), "map.mrc");
  const data = Float32Array.from({ length: 24 }, (_, i) => Math.fround(Math.sin(i)));
  await writeMap(file, { data, size: [2, 3, 4], apix: 1.25, origin: [1, -2, 3.5] });
  const map = await readMap(file);
  assert.deepEqual(map, { data, size: [2, 3, 4], apix: 1.25, origin: [1, -2, 3.5] });
  const mrc = await openMrc(file);
  const mean = data.reduce((sum, x) => sum + x, 0) / 24;
  const rms = Math.sqrt(data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 24);
  assert.equal(mrc.header.min, Math.min(...data));
  assert.equal(mrc.header.max, Math.max(...data));
  assert.ok(Math.abs(mrc.header.mean - mean) < 1e-6);
  assert.ok(Math.abs(mrc.header.rms - rms) < 1e-6);
  assert.equal(mrc.header.version, 20140);
  assert.deepEqual(mrc.header.labels, [`e2gmm ${packageVersion}`]);
  await mrc.close();
});

test("a stack is written image by image, and its header marks it as a stack", async (t) => {
  const file = path.join(temporaryFolder(t), "stack.mrcs");
  const stack = await createStack(file, { size: [3, 3], apix: 2 });
  const images = Float32Array.from({ length: 45 }, (_, i) => i / 7);
  await stack.append(images.subarray(0, 9));
  await stack.append(images.subarray(9));
  assert.deepEqual(
    readdirSync(path.dirname(file)).includes("stack.mrcs"),
    false,
    "no file until it is complete",
  );
  await assert.rejects(stack.append(new Float32Array(8)), RangeError);
  await stack.close();
  const mrc = await openMrc(file);
  assert.deepEqual(mrc.size, [3, 3, 5]);
  assert.equal(mrc.apix, 2);
  assert.equal(mrc.header.spaceGroup, 0);
  assert.deepEqual(await mrc.readSections(0, 5), images);
  await mrc.close();
});

test("an aborted write leaves nothing behind and keeps the existing file", async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "map.mrc");
  writeFileSync(file, "before");
  const stack = await createStack(file, { size: [2, 2], apix: 1 });
  await stack.append(new Float32Array(8));
  await stack.abort();
  const signal = AbortSignal.abort(new Error("by hand"));
  const volume = { data: new Float32Array(8), size: [2, 2, 2] as [number, number, number], apix: 1 };
  await assert.rejects(writeMap(file, volume, { signal }), StoppedError);
  assert.deepEqual(readdirSync(folder), ["map.mrc"]);
  assert.equal(readFileSync(file, "utf8"), "before");
});

const skip = haveProgram("relion_image_handler") ? false : "RELION is not installed";

test("RELION reads written maps and stacks", skipIf(skip), async (t) => {
  const folder = temporaryFolder(t);
  const data = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i * i));
  await writeMap(path.join(folder, "map.mrc"), { data, size: [8, 8, 8], apix: 1.25 });
  const stack = await createStack(path.join(folder, "stack.mrcs"), { size: [8, 8], apix: 1.25 });
  await stack.append(data);
  await stack.close();
  for (const name of ["map.mrc", "stack.mrcs"]) {
    const doubled = name.replace(".", "_doubled.");
    runProgram("relion_image_handler", ["--i", name, "--o", doubled, "--multiply_constant", "2"], folder);
    const mrc = await openMrc(path.join(folder, doubled));
    assert.deepEqual(mrc.size, [8, 8, 8], name);
    assert.equal(mrc.apix, 1.25, name);
    assert.deepEqual(
      await mrc.readSections(0, 8),
      data.map((x) => 2 * x),
      name,
    );
    await mrc.close();
  }
});

test("labels say where a map comes from, in 80 plain characters each", async (t) => {
  const file = path.join(temporaryFolder(t), "map.mrc");
  const volume = { data: new Float32Array(8), size: [2, 2, 2] as [number, number, number], apix: 1 };
  await writeMap(file, volume, {
    labels: ["of réal particles\n", "x".repeat(100), ...new Array(20).fill("more")],
  });
  const mrc = await openMrc(file);
  await mrc.close();
  const { labels } = mrc.header;
  assert.equal(labels.length, 10);
  assert.deepEqual(labels.slice(1, 3), ["of r?al particles?", "x".repeat(80)]);
});
