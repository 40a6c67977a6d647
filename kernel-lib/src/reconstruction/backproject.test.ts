import assert from "node:assert/strict";
import { readdirSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { movingParticles } from "../correction/movingDomain.test.helper";
import { StoppedError } from "../errors";
import { backproject, type KeepTask, sourceHash } from "./backproject";
import type { ImageSource } from "./imageSource";

const places = Float32Array.from({ length: 60 }, (_, i) => i / 30 - 1);
const { source: particles } = movingParticles(places, 0.6);
let read = 0;
const source = {
  ...particles,
  readGroupImages: (indices: ArrayLike<number>) => {
    read += indices.length;
    return particles.readGroupImages(indices);
  },
};
const halves = [0, 1].map((sum) => [{ sum, weight: 1 }]);
const task = {
  ...{ name: "test", boxSize: source.boxSize, sums: 2, keepOutliers: true, mostImages: 7 },
  indices: Int32Array.from(places.keys()),
  sharesOf: (index: number) => halves[index % 2]!,
};

async function sums(
  keep?: KeepTask,
  stopAfter = Number.POSITIVE_INFINITY,
  notes = new Set<string | undefined>(),
) {
  read = 0;
  const controller = new AbortController();
  const onProgress = ({ done, note }: { done: number; note?: string }) => {
    notes.add(note);
    if (done >= stopAfter) controller.abort();
  };
  const pass = await backproject(source, { ...task, keep, onProgress, signal: controller.signal });
  const grids = pass.sums.grids(2).map((grid) => grid.slice());
  const counts = [...pass.counts];
  await pass.close();
  return { grids, counts };
}

const keyOf = async (one: ImageSource) => (await sourceHash(one)).digest("hex");
const key = await keyOf(source);

const keepIn = (t: TestContext): KeepTask => ({
  folder: path.join(temporaryFolder(t), "kept"),
  ...{ name: "halves", key, least: 0 },
});

test("a pass that was stopped goes on with the image where it stopped, to the same sums bit by bit", async (t) => {
  const keep = keepIn(t);
  const whole = await sums();
  await assert.rejects(sums(keep, 30), StoppedError);
  assert.deepEqual(readdirSync(keep.folder).sort(), ["pass_halves.json", "pass_halves_5.f32"]);
  const resumed = await sums(keep);
  assert.ok(read <= 60 - 35 + 7, `${read} images read again`);
  assert.deepEqual(resumed, whole);
  // What is complete is not read again, and other sums are not taken for it.
  assert.deepEqual(await sums(keep), whole);
  assert.equal(read, 0);
  await sums({ ...keep, key: "other" });
  assert.equal(read, 60);
});

test("parts of a pass that were made apart add up to the whole, and a part that is missing is made", async (t) => {
  const keep = keepIn(t);
  const whole = await sums();
  for (const number of [1, 3]) await sums({ ...keep, part: { number, of: 3 } });
  assert.ok(read >= 14 && read <= 28, `${read} images of a part`);
  const joined = await sums(keep);
  assert.ok(read <= 28, `${read} images of the missing part`);
  assert.deepEqual(joined.counts, whole.counts);
  for (const [p, grid] of joined.grids.entries()) {
    const scale = whole.grids[p]!.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    assert.ok(grid.every((x, i) => Math.abs(x - whole.grids[p]![i]!) < 1e-6 * scale));
  }
});

test("a pass whose sums cannot be kept ends with them, and says so; a part, which is nothing else, fails", async (t) => {
  const folder = path.join(temporaryFolder(t), "kept");
  writeFileSync(folder, "a file in the place of the folder");
  const keep = { ...keepIn(t), folder, least: -1 };
  const notes = new Set<string | undefined>();
  assert.deepEqual(await sums(keep, undefined, notes), await sums());
  assert.match([...notes].at(-1)!, /^sums cannot be kept: .*kept/);
  await assert.rejects(sums({ ...keep, part: { number: 1, of: 2 } }));
});

test("sums are not taken for those of other tilts, optics, half sets, contrast or image files", async () => {
  const single = { ...source, randomSubset: undefined };
  const turned = single.rotations().map((x, i) => (i < 9 ? -x : x));
  const tilted = (tilts: object) => ({ ...single, tilts: () => ({ ...single, ...tilts }) });
  const flipped = { ...single.opticsGroup(0), phaseFlipped: !single.opticsGroup(0).phaseFlipped };
  const different = [
    single,
    { ...single, opticsGroup: () => flipped },
    { ...single, invertContrast: true },
    { ...single, imageStamp: async () => "one" },
    { ...single, imageStamp: async () => "another" },
    { ...single, randomSubset: new Uint8Array(60).fill(1) },
    tilted({}),
    tilted({ rotations: () => turned }),
    tilted({ particleOf: Int32Array.from(places.keys()) }),
    tilted({ ctf: () => ({ voltage: 300, cs: 2.7, dose: 4 }) }),
  ];
  const keys = await Promise.all(different.map((one) => keyOf(one as ImageSource)));
  assert.equal(new Set(keys).size, different.length);
  assert.equal((await keyOf({ ...single, tilts: () => single })).length, keys[0]!.length);
});

test("kept sums that were cut short are refused by name", async (t) => {
  const keep = { ...keepIn(t), always: true };
  await sums(keep);
  const file = path.join(keep.folder, "pass_halves_9.f32");
  truncateSync(file, 1000);
  await assert.rejects(sums(keep), /pass_halves_9\.f32: expected \d+ bytes, found 1000/);
});
