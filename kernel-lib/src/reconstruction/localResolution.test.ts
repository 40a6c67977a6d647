import assert from "node:assert/strict";
import { test } from "vitest";
import { InputError, StoppedError } from "../errors";
import { filterVolume } from "../maps/filter";
import { sphericalMask } from "../maps/mask";
import type { Volume } from "../maps/volume";
import { Random } from "../random";
import { localResolution } from "./localResolution";

const n = 64;
const apix = 2;

function white(seed: number): Volume {
  const random = new Random(seed);
  return { data: Float32Array.from({ length: n ** 3 }, () => random.normal()), size: [n, n, n], apix };
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;

/** Noise that both halves share up to a resolution on either side of the middle, and noise of their own. */
function twoSides(left: number, right: number): { halves: [Volume, Volume]; mask: Volume } {
  const signal = white(1);
  const upTo = (resolution: number) => filterVolume(signal, (s) => (s <= 1 / resolution ? 1 : 0));
  const [coarse, fine] = [upTo(left), upTo(right)];
  const halves = [2, 3].map((seed) => {
    const own = white(seed);
    return { ...own, data: own.data.map((x, i) => 0.5 * x + (i % n < n / 2 ? coarse : fine).data[i]!) };
  }) as [Volume, Volume];
  return { halves, mask: sphericalMask(halves[0], { diameter: n * apix, softEdge: 0 }) };
}

test("a map with a sharp and a blurred half: the resolution of both is recovered within 10 %", async () => {
  const [left, right] = [9, 5];
  const { halves, mask } = twoSides(left, right);
  const { resolution, bands } = await localResolution(halves[0], halves[1], mask, { bands: 18 });
  // Well away from the border between the sides.
  const on = (from: number, to: number) =>
    median(Array.from(resolution.data).filter((x, i) => x > 0 && i % n >= from && i % n < to));
  assert.ok(Math.abs(on(13, 19) / left - 1) < 0.1, `${on(13, 19)}`);
  assert.ok(Math.abs(on(45, 51) / right - 1) < 0.1, `${on(45, 51)}`);
  assert.ok(resolution.data.every((x, i) => x > 0 === mask.data[i]! >= 0.5));
  assert.ok(bands[0]!.resolved > 0.95 && bands.at(-1)!.resolved < 0.05);
});

test("noise alone is resolved nowhere beyond the coarsest bands", async () => {
  const [a, b] = [white(5), white(6)];
  const mask = sphericalMask(a, { diameter: 80, softEdge: 0 });
  const { bands } = await localResolution(a, b, mask, { bands: 12 });
  // The coarsest bands have too few samples to tell.
  for (const { resolved, resolution } of bands.slice(3))
    assert.ok(resolved < 0.05, `${resolved} to ${resolution} Å`);
});

test("the filtered map holds what both halves share, and less of their noise than the mean", async () => {
  const { halves, mask } = twoSides(8, 8);
  const { filtered } = await localResolution(halves[0], halves[1], mask, { bands: 12 });
  const signal = filterVolume(white(1), (s) => (s <= 1 / 8 ? 1 : 0));
  const distance = (data: Float32Array) =>
    data.reduce((sum, x, i) => sum + mask.data[i]! * (x - signal.data[i]!) ** 2, 0);
  const mean = halves[0].data.map((x, i) => (x + halves[1].data[i]!) / 2);
  assert.ok(distance(filtered.data) < 0.6 * distance(mean), `${distance(filtered.data)} ${distance(mean)}`);
});

test("the seed decides, a stop stops, and other grids are refused", async () => {
  const { halves, mask } = twoSides(8, 8);
  const [a, b] = halves;
  const few = { bands: 3 };
  const [one, again] = [await localResolution(a, b, mask, few), await localResolution(a, b, mask, few)];
  assert.deepEqual(one.resolution.data, again.resolution.data);
  const controller = new AbortController();
  const stopped = localResolution(a, b, mask, {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await assert.rejects(stopped, StoppedError);
  await assert.rejects(localResolution(a, { ...b, apix: 3 }, mask), InputError);
  await assert.rejects(
    localResolution(a, b, mask, { threshold: 2 }),
    /threshold: expected a number above 0 and below 1/,
  );
});
