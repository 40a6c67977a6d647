import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readlinkSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { mrcBytes } from "../formats/mrc.test.helper";
import { openParticles } from "./particleSet";
import { at, opened, project, refused, writeStack } from "./particleSet.test.helper";
import { relionStar } from "./synthetic.test.helper";

test("images are returned in the requested order, independent of their order in stacks", async (t) => {
  const file = await project(t, [
    "3@images.mrcs",
    "1@other.mrcs",
    "000001@images.mrcs",
    "6@images.mrcs",
    "2@other.mrcs",
  ]);
  await writeStack(path.join(path.dirname(file), "other.mrcs"), 2, 4, 100);
  const set = await opened(t, file);
  const firstPixels = async (indices: number[]) => {
    const images = await set.readImages(indices);
    assert.equal(images.length, indices.length * 16);
    return indices.map((_, i) => images[16 * i + 5]);
  };
  assert.deepEqual(await firstPixels([0, 1, 2, 3, 4]), [2, 100, 0, 5, 101]);
  assert.deepEqual(await firstPixels([4, 3, 3, 0]), [101, 5, 5, 2]);
  assert.deepEqual(await firstPixels([]), []);
  const part = set.select([4, 2, 0]);
  assert.deepEqual([part.count, ...part.rows], [3, 4, 2, 0]);
  assert.equal((await part.readImages([0]))[0], 101);
  const again = part.select([1]);
  assert.equal((await again.readImages([0]))[0], 0);
});

test("many stacks can be read at once, with few files open", async (t) => {
  const folder = temporaryFolder(t);
  const names = Array.from({ length: 40 }, (_, i) => `stacks/${i}.mrcs`);
  for (const [i, name] of names.entries()) await writeStack(path.join(folder, name), 2, 4, 10 * i);
  const file = path.join(folder, "particles.star");
  writeFileSync(
    file,
    relionStar(
      names.map((name) => at(`2@${name}`)),
      { apix: 2, size: 4 },
    ),
  );
  const set = await opened(t, file);
  const all = names.map((_, i) => i);
  const reads = await Promise.all([all, [...all].reverse(), all].map((indices) => set.readImages(indices)));
  assert.deepEqual(
    all.map((i) => reads[0]![16 * i]),
    all.map((i) => 10 * i + 1),
  );
  assert.deepEqual(
    all.map((i) => reads[1]![16 * i]),
    all.map((i) => 10 * (39 - i) + 1),
  );
  assert.deepEqual(reads[2], reads[0]);
  const openFiles = () =>
    process.platform === "linux" ? readFdNames().filter((name) => name.startsWith(folder)).length : 0;
  assert.ok(openFiles() <= 16, `${openFiles()} files open`);
  await set.close();
  assert.equal(openFiles(), 0);
  assert.equal((await set.readImages([3]))[0], 31, "files open again when needed");
});

function readFdNames(): string[] {
  return readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
}

test("stacks are found beside the STAR file, above it, and in the data folder, which comes first", async (t) => {
  const folder = temporaryFolder(t);
  await writeStack(path.join(folder, "Extract/job1/a.mrcs"), 1, 4, 1);
  const file = path.join(folder, "Refine3D/job2/particles.star");
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, relionStar([at("1@Extract/job1/a.mrcs")], { apix: 2, size: 4 }));
  const first = async (dataFolder?: string) => (await (await opened(t, file, dataFolder)).readImages([0]))[0];
  assert.equal(await first(), 1, "from the project folder");
  await writeStack(path.join(folder, "Refine3D/job2/Extract/job1/a.mrcs"), 1, 4, 2);
  assert.equal(await first(), 2, "beside the file");
  await writeStack(path.join(folder, "elsewhere/a.mrcs"), 1, 4, 3);
  assert.equal(await first(path.join(folder, "elsewhere")), 3, "in the data folder by its last name");
  await writeStack(path.join(folder, "elsewhere/Extract/job1/a.mrcs"), 1, 4, 4);
  assert.equal(await first(path.join(folder, "elsewhere")), 4, "in the data folder by its whole name");
  assert.equal(await first(path.join(folder, "no such folder")), 2);
});

test("existing stack files of some particles are listed", async (t) => {
  const set = await opened(t, await project(t, ["1@images.mrcs", "1@other.mrcs", "1@gone.mrcs"]));
  const folder = path.dirname(set.file);
  await writeStack(path.join(folder, "other.mrcs"), 1);
  const files = async (indices: number[]) =>
    (await set.select(indices).stackFiles()).map((f) => path.basename(f));
  assert.deepEqual(await files([0, 1, 2]), ["images.mrcs", "other.mrcs"]);
  assert.deepEqual(await files([1]), ["other.mrcs"]);
  assert.deepEqual(await files([2]), []);
});

test("a missing stack is reported, and poses and rows can still be used", async (t) => {
  const file = await project(t, ["1@gone.mrcs"]);
  const set = await opened(t, file);
  await refused(
    set.readImages([0]),
    /particles\.star: expected the image stack gone\.mrcs in its own folder, one above it/,
  );
  await refused(set.checkStacks(), /gone\.mrcs/);
  assert.equal(set.rotations().length, 9);
  await set.writeStar(path.join(path.dirname(file), "again.star"));
});

test("image numbers of 0, beyond the stack, or not numeric are refused with their row", async (t) => {
  for (const [name, found] of [
    ["0@images.mrcs", "found 0"],
    ["-1@images.mrcs", "found -1"],
    ["1.5@images.mrcs", "found 1.5"],
    ["x@images.mrcs", "found x"],
  ] as const) {
    const file = await project(t, ["1@images.mrcs", name]);
    const pattern = new RegExp(
      `row 2 \\(line 26\\), column _rlnImageName: expected an image number of 1 or more.*${found}`,
    );
    await refused(openParticles(file), pattern);
  }
  const beyond = await opened(t, await project(t, ["6@images.mrcs", "7@images.mrcs"]));
  const pattern =
    /particles\.star: row 2 \(line 26\): expected an image from 1 to 6 of images\.mrcs, found number 7/;
  await refused(beyond.readImages([1]), pattern);
  await refused(beyond.checkStacks(), pattern);
  assert.equal((await beyond.readImages([0]))[0], 5);
});

test("images of another size than in the optics table are refused", async (t) => {
  const star = relionStar([at("1@images.mrcs")], { apix: 2, size: 8 });
  const set = await opened(t, await project(t, [], star));
  const pattern =
    /images\.mrcs: expected images of 8×8 pixels, the size of group1 in .*particles\.star, found 4×4/;
  await refused(set.readImages([0]), pattern);
  await refused(set.checkStacks(), pattern);
});

test("truncated stacks, ones with NaN, and non-square ones are refused by name", async (t) => {
  const file = await project(t, ["1@images.mrcs", "5@images.mrcs"]);
  const stack = path.join(path.dirname(file), "images.mrcs");
  truncateSync(stack, 1024 + 3 * 64 + 5);
  const short = await opened(t, file);
  await refused(
    short.readImages([0]),
    /images\.mrcs: expected 1408 bytes for 6 sections .* found 1221 bytes, which hold 3 whole/,
  );
  const values = new Array(96).fill(0);
  values[4 * 16 + 6] = Number.NaN;
  writeFileSync(stack, mrcBytes({ size: [4, 4, 6], values }));
  const broken = await opened(t, file);
  assert.equal((await broken.readImages([0]))[0], 0);
  await refused(
    broken.readImages([1]),
    /images\.mrcs: section 5: expected finite values, found NaN at pixel x 2, y 1/,
  );
  writeFileSync(stack, mrcBytes({ size: [4, 2, 6], values: new Array(48).fill(0) }));
  await refused(
    (await opened(t, file)).readImages([0]),
    /images\.mrcs: expected square images, found 4×2 pixels/,
  );
});
