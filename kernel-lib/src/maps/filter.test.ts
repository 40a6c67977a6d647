import assert from "node:assert/strict";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram, temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { fft3Real, frequency, halfWidth } from "../fourier/fft";
import { Random } from "../random";
import { filterVolume, gaussianFilter, lowPass } from "./filter";
import { readMap, writeMap } from "./mapFile";
import type { Volume } from "./volume";

function noise(size: [number, number, number], apix: number): Volume {
  const random = new Random(4);
  return {
    data: Float32Array.from({ length: size[0] * size[1] * size[2] }, () => random.normal()),
    size,
    apix,
  };
}

/** Factor that a filter applied to each sample, with its frequency in 1/Å. */
function transfer(before: Volume, after: Volume): { s: number; factor: number }[] {
  const [nx, ny, nz] = before.size;
  const [a, b] = [before, after].map((v) => fft3Real(v.data, v.size));
  const width = halfWidth(nx);
  return Array.from({ length: width * ny * nz }, (_, i) => {
    const [x, y, z] = [i % width, Math.floor(i / width) % ny, Math.floor(i / (width * ny))];
    const s = Math.hypot(x / nx, frequency(y, ny) / ny, frequency(z, nz) / nz) / before.apix;
    const [re, im] = [a![2 * i]!, a![2 * i + 1]!];
    return { s, factor: (b![2 * i]! * re + b![2 * i + 1]! * im) / (re * re + im * im) };
  });
}

test("a low-pass keeps frequencies below its cut-off, removes those above, and halves those at it", () => {
  for (const size of [
    [16, 16, 16],
    [15, 12, 18],
  ] as [number, number, number][]) {
    const map = noise(size, 1.3);
    const resolution = 5;
    const edge = 3 / (Math.max(...size) * 1.3);
    for (const { s, factor } of transfer(map, lowPass(map, resolution, { edgeWidth: 3 }))) {
      const u = (s - 1 / resolution) / edge;
      const expected = u <= -0.5 ? 1 : u >= 0.5 ? 0 : 0.5 - 0.5 * Math.sin(Math.PI * u);
      assert.ok(Math.abs(factor - expected) < 1e-3, `${s}: ${factor}, not ${expected}`);
    }
  }
});

test("a Gaussian filter spreads a point into a Gaussian of its standard deviation and weight", () => {
  const size: [number, number, number] = [20, 20, 20];
  const data = new Float32Array(8000);
  data[10 + 20 * (10 + 20 * 10)] = 5;
  const sigma = 2.4;
  const { data: spread } = gaussianFilter({ data, size, apix: 1.2 }, sigma);
  const pixels = sigma / 1.2;
  for (const [x, y, z] of [
    [10, 10, 10],
    [12, 10, 9],
    [10, 14, 10],
  ] as const) {
    const square = (x - 10) ** 2 + (y - 10) ** 2 + (z - 10) ** 2;
    const expected = (5 * Math.exp(-square / (2 * pixels ** 2))) / (2 * Math.PI * pixels ** 2) ** 1.5;
    assert.ok(Math.abs(spread[x + 20 * (y + 20 * z)]! - expected) < 1e-4 * 5);
  }
});

test("filters do not change their input, and refuse invalid lengths", () => {
  const map = noise([8, 8, 8], 1);
  const kept = map.data.slice();
  filterVolume(map, () => 0);
  assert.deepEqual(map.data, kept);
  for (const wrong of [0, -5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => lowPass(map, wrong), InputError);
    assert.throws(() => gaussianFilter(map, wrong), InputError);
  }
});

test(
  "the low-pass agrees with relion_image_handler",
  skipIf(!haveProgram("relion_image_handler") && "RELION is not installed"),
  async (t) => {
    const folder = temporaryFolder(t);
    const map = noise([24, 24, 24], 2);
    await writeMap(path.join(folder, "in.mrc"), map);
    const args = ["--i", "in.mrc", "--o", "out.mrc", "--lowpass", "9.6", "--filter_edge_width", "4"];
    runProgram("relion_image_handler", args, folder);
    const theirs = await readMap(path.join(folder, "out.mrc"));
    const ours = lowPass(map, 9.6, { edgeWidth: 4 });
    const size = Math.max(...ours.data);
    const largest = ours.data.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - theirs.data[i]!)),
      0,
    );
    assert.ok(largest < 1e-4 * size, `largest difference ${largest} of ${size}`);
  },
);
