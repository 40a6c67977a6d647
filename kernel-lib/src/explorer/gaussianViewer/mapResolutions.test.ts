import assert from "node:assert/strict";
import { connect, disconnect, FakeTransport } from "tslab-widgets/testing";
import { afterEach, beforeEach, test } from "vitest";
import type { Volume } from "../../maps/volume";
import { emptyModel } from "../../model/gaussianModel";
import type { TaskOptions } from "../../progress";
import { displayedResolution } from "./displayedResolution";
import { GaussianViewer } from "./gaussianViewer";

let transport: FakeTransport;
beforeEach(() => {
  transport = connect(new FakeTransport());
});
afterEach(disconnect);

const size: [number, number, number] = [8, 8, 8];
/** 1 in the half of positive x, 0 elsewhere. */
const half: Volume = {
  data: Float32Array.from({ length: 512 }, (_, i) => (i % 8 >= 4 ? 1 : 0)),
  size,
  apix: 4,
};
/** 4 to 11 Å along x. */
const ramp: Volume = { ...half, data: Float32Array.from({ length: 512 }, (_, i) => 4 + (i % 8)) };

function viewer(): GaussianViewer {
  const neutral = emptyModel(4, 32, 1);
  neutral.params.fill(1, 12);
  return new GaussianViewer({ neutral });
}

test("the ends of the colours are those of the molecule, and each voxel has its resolution to 1/254 of the range", () => {
  const { resolution, resolutionLow, resolutionHigh } = displayedResolution(ramp, { ...half, level: 0.5 });
  assert.deepEqual([resolutionLow, resolutionHigh], [8, 11]);
  const found = [...resolution.subarray(0, 8)].map((step) => 8 + ((step - 1) * 3) / 254);
  [8, 8, 8, 8, 8, 9, 10, 11].forEach((expected, x) => {
    assert.ok(Math.abs(found[x]! - expected) <= 1.5 / 254, `${found[x]} Å at x ${x}`);
  });
});

test("what is not known stays unknown, and a finer map takes the nearest voxel of the same place", () => {
  const local = { ...ramp, data: ramp.data.map((value) => (value === 11 ? 0 : value)) };
  const fine = { data: new Float32Array(16 ** 3).fill(1), size: [16, 16, 16], apix: 2, level: 0.5 };
  const { resolution, resolutionLow, resolutionHigh } = displayedResolution(local, fine);
  assert.deepEqual([resolutionLow, resolutionHigh], [4, 10]);
  const found = [...resolution.subarray(0, 16)].map((step) => (step === 0 ? 0 : 4 + ((step - 1) * 6) / 254));
  // Voxel 8 of 16 is voxel 4 of 8, which has 8 Å
  assert.ok(Math.abs(found[8]! - 8) < 0.02);
  assert.ok(Math.abs(found[10]! - 9) < 0.02);
  assert.equal(found[14], 0);
});

test("resolutions of another box, or of which none is known, are refused", () => {
  const level = 0.5;
  assert.throws(
    () => displayedResolution({ ...ramp, apix: 5 }, { ...half, level }),
    /a box of 32 × 32 × 32 Å/,
  );
  assert.throws(
    () => displayedResolution({ ...ramp, data: new Float32Array(512) }, { ...half, level }),
    /none/,
  );
});

test("a map without a local resolution cannot be coloured by it; one with it is as soon as a page asks", () => {
  const shown = viewer();
  shown.setMap("plain", half);
  shown.setMap("known", half, { resolution: ramp });
  const [plain, known] = shown.maps;
  assert.deepEqual([plain!.resolvable, known!.resolvable], [false, true]);
  assert.equal(known!.resolution.length, 0);
  transport.update(known!.id, { colourBy: "local resolution" });
  return settled(() => {
    assert.equal(known!.resolution.length, 512);
    assert.deepEqual([known!.resolutionLow, known!.resolutionHigh], [4, 11]);
  });
});

test("it is found once, with progress, and again for another volume; another colour stops it", async () => {
  const shown = viewer();
  const asked: { task: TaskOptions; answer: (local: Volume) => void }[] = [];
  const resolution = (task: TaskOptions) =>
    new Promise<Volume>((answer, reject) => {
      asked.push({ task, answer });
      task.signal!.addEventListener("abort", () => reject(new Error("stopped")));
    });
  shown.setMap("map", half, { resolution });
  const [map] = shown.maps;
  map!.colourBy = "local resolution";
  assert.equal(asked.length, 1);
  asked[0]!.task.onProgress!({ task: "local resolution", done: 5, total: 8 });
  assert.equal(shown.notice, "Finding the local resolution of “map”: 50 %");
  map!.colourBy = "own colour";
  assert.equal(asked[0]!.task.signal!.aborted, true);
  await settled(() => assert.equal(shown.notice, ""));
  map!.colourBy = "local resolution";
  asked[1]!.answer(ramp);
  await settled(() => assert.equal(map!.resolution.length, 512));
  map!.colourBy = "own colour";
  map!.colourBy = "local resolution";
  assert.equal(asked.length, 2);
  shown.setMap("map", half, { resolution });
  assert.deepEqual([asked.length, map!.resolution.length], [3, 0]);
  shown.close();
  assert.equal(asked[2]!.task.signal!.aborted, true);
});

test("a search that is stopped leaves the notice of the one after it", async () => {
  const shown = viewer();
  const resolution = ({ signal }: TaskOptions) =>
    new Promise<Volume>((_, reject) => signal!.addEventListener("abort", () => reject(new Error("stopped"))));
  shown.setMap("map", half, { resolution });
  const [map] = shown.maps;
  map!.colourBy = "local resolution";
  map!.colourBy = "own colour";
  map!.colourBy = "local resolution";
  await settled(() => assert.equal(shown.notice, "Finding the local resolution of “map” …"));
  shown.close();
});

test("where it cannot be found the viewer says why, and the map has its own colour again", async () => {
  const shown = viewer();
  shown.setMap("map", half, { resolution: () => Promise.reject(new Error("there are no half maps.")) });
  const [map] = shown.maps;
  map!.colourBy = "local resolution";
  await settled(() => assert.equal(map!.colourBy, "own colour"));
  assert.equal(shown.notice, "The local resolution of “map” cannot be found: there are no half maps.");
});

/** Checks after everything that is due has happened. */
async function settled(check: () => void): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  check();
}
