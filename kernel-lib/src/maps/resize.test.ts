import assert from "node:assert/strict";
import { test } from "vitest";
import { InputError } from "../errors";
import { frequency } from "../fourier/fft";
import { Random } from "../random";
import { gaussianMap, randomGaussians } from "./analytic.test.helper";
import { lowPass } from "./filter";
import { resizeVolume } from "./resize";
import type { Volume } from "./volume";

function largestDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}

function noise(size: [number, number, number]): Volume {
  const random = new Random(6);
  return {
    data: Float32Array.from({ length: size[0] * size[1] * size[2] }, () => random.normal()),
    size,
    apix: 1.5,
  };
}

test("a map of Gaussians resampled to other sizes keeps Gaussians and centre, for all parities", () => {
  const gaussians = randomGaussians(6, 0.25, 2);
  // The same widths in Å in every box.
  const made = (n: number): Volume => ({ ...gaussianMap(gaussians, (2.5 * n) / 32, n), apix: 48 / n });
  for (const [from, to] of [
    [32, 40],
    [32, 27],
    [33, 30],
    [27, 45],
    [40, 31],
  ] as const) {
    const resized = resizeVolume(made(from), { size: to });
    assert.deepEqual(resized.size, [to, to, to]);
    assert.ok(Math.abs(resized.apix - 48 / to) < 1e-12);
    const difference = largestDifference(resized.data, made(to).data);
    assert.ok(difference < 2e-3, `${from} to ${to}: ${difference}`);
  }
});

test("with any voxel size and box every voxel is the map at its own position, and zero outside the old box", () => {
  const gaussians = randomGaussians(6, 0.2, 3);
  const map = gaussianMap(gaussians, 2.5, 32);
  const resized = resizeVolume(map, { size: [30, 44, 36], apix: 1.27 });
  assert.equal(resized.apix, 1.27);
  for (const [x, y, z] of [
    [15, 22, 18],
    [11, 30, 20],
    [25, 17, 9],
    [3, 22, 18],
  ] as const) {
    const place = [x - 15, y - 22, z - 18].map((p) => (p * 1.27) / 48);
    let expected = 0;
    for (const { centre, amplitude } of gaussians) {
      const square = centre.reduce((sum, c, i) => sum + ((place[i]! - c) * 32) ** 2, 0);
      expected += amplitude * Math.exp(-square / (2 * 2.5 ** 2));
    }
    assert.ok(Math.abs(resized.data[x + 30 * (y + 44 * z)]! - expected) < 2e-3);
  }
  const edge = 0.5 * 48 - 1.5 / 2;
  for (let y = 0; y < 44; y++) {
    if (Math.abs((y - 22) * 1.27) > edge + 1.5) assert.equal(resized.data[15 + 30 * (y + 44 * 18)], 0);
  }
});

test("cropping and padding at the same voxel size only move voxels", () => {
  const map = noise([9, 8, 7]);
  const padded = resizeVolume(map, { size: [12, 13, 8], apix: 1.5 });
  assert.equal(
    padded.data[6 + 12 * (6 + 13 * 4)],
    map.data[4 + 9 * (4 + 8 * 3)],
    "the origin stays the origin",
  );
  assert.deepEqual(resizeVolume(padded, { size: [9, 8, 7], apix: 1.5 }), map);
  const same = resizeVolume(map, { size: [9, 8, 7], apix: 1.5 });
  assert.deepEqual(same, map);
  assert.notEqual(same.data, map.data, "a copy, not the map itself");
});

test("upsampling and back changes nothing; downsampling drops frequencies beyond the new Nyquist frequency", () => {
  const map = noise([12, 12, 12]);
  const back = resizeVolume(resizeVolume(map, { size: 18 }), { size: 12 });
  // The Nyquist planes of an even box are not mirrored by others, so they are left out.
  const low = (v: Volume) => lowPass(v, 3.6, { edgeWidth: 0.5 }).data;
  assert.ok(largestDifference(low(back), low(map)) < 1e-5);
  const wave: Volume = { ...map, data: map.data.map((_, i) => Math.cos((2 * Math.PI * 5 * (i % 12)) / 12)) };
  assert.ok(resizeVolume(wave, { size: 8 }).data.every((value) => Math.abs(value) < 1e-6));
  assert.equal(frequency(5, 12), 5);
});

test("apix alone, or size alone, keeps the box length", () => {
  const map = noise([12, 12, 12]);
  assert.deepEqual(resizeVolume(map, { apix: 3 }).size, [6, 6, 6]);
  assert.equal(resizeVolume(map, { size: 9 }).apix, 2);
  assert.throws(() => resizeVolume(map, { apix: -1 }), InputError);
  assert.throws(() => resizeVolume(map, { size: 0, apix: 1 }), InputError);
  assert.throws(() => resizeVolume(map, { size: 7.5 }), InputError);
});
