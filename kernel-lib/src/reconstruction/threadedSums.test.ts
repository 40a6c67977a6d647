import assert from "node:assert/strict";
import { test } from "vitest";
import { fft2Real } from "../fourier/fft";
import { CtfEvaluator } from "../optics/ctf";
import { plainCtf } from "../optics/ctf.test.helper";
import { pointGroup, product } from "../optics/symmetry";
import { randomRotation } from "../projection/examples";
import { Random } from "../random";
import { type BatchGroup, imageNumber, imageNumbers } from "./backprojectionMemory";
import { Backprojector } from "./backprojector.test.helper";
import { gridLayout, sampleLength, sumBytes } from "./gridLayout";
import { type BatchView, ThreadedSums, type ThreadedSumsOptions } from "./threadedSums";

const count = 30;
const apix = 1.4;

interface Example {
  size: number;
  images: Float32Array;
  rotations: number[][];
  shifts: number[][];
  ctf: typeof plainCtf;
}

function example(size: number): Example {
  const random = new Random(size);
  return {
    size,
    images: Float32Array.from({ length: count * size * size }, () => 1 + random.normal()),
    rotations: Array.from({ length: count }, () => randomRotation(random)),
    shifts: Array.from({ length: count }, () => [4 * random.normal(), 4 * random.normal()]),
    ctf: { ...plainCtf, defocusU: 9000, defocusV: 8200, angle: 33, bFactor: 40, scale: 0.9 },
  };
}

function groupOf(size: number, state: number): BatchGroup {
  const rings = Math.ceil(size / 2) - 1;
  const extent = Int32Array.from(
    { length: rings + 1 },
    (_, kx) => Math.ceil(Math.sqrt((size / 2) ** 2 - kx * kx)) - 1,
  );
  return { key: 0, size, rings, extent, state, boxLength: size, voltage: 300 };
}

/** Sums 0 and 1 of the even and odd images in every orientation of C2, odd ones with a weight. */
async function filled(one: Example, options: Partial<ThreadedSumsOptions> = {}, state = 0) {
  const { size, images, rotations, shifts, ctf } = one;
  const group = groupOf(size, state);
  const largest = { pixels: images.length, samples: count * sampleLength(group.rings), images: count };
  const sums = new ThreadedSums({ boxSize: size, apix, sums: 2, threads: 0, ...options }, largest);
  sums.pixels.set(images);
  const { xx, yy, xy, fourth, constant, decay } = new CtfEvaluator(ctf).inTurns(size * apix);
  const views: BatchView[] = [];
  for (let n = 0; n < count; n++) {
    const numbers = sums.images.subarray(imageNumbers * n, imageNumbers * (n + 1));
    numbers[imageNumber.ctf] = 1;
    numbers.set([xx, yy, xy, fourth, constant, decay, ctf.scale, 1], imageNumber.turns);
    numbers.set(
      shifts[n]!.map((x) => x / (size * apix)),
      imageNumber.shift,
    );
    for (const operator of pointGroup("C2").operators) {
      const rotation = product(rotations[n]!, operator);
      const axes = Array.from({ length: 6 }, (_, i) => 2 * rotation[i]!);
      views.push({ image: n, sum: n % 2, weight: n % 2 === 0 ? 1 : 0.25, axes });
    }
  }
  await sums.sample(group, count);
  await sums.add(group, views);
  return sums;
}

const ctfStates = ["raw", "phaseFlipped", "premultiplied"] as const;

test("sums in WebAssembly are those in double precision, for even and odd boxes and however the CTF is contained", async () => {
  for (const [size, state] of [
    [24, 0],
    [25, 1],
    [30, 2],
    [34, 0],
  ] as const) {
    const one = example(size);
    const sums = await filled(one, {}, state);
    const reference = new Backprojector(size, apix, pointGroup("C2"));
    for (let n = 0; n < count; n += 2) {
      const half = fft2Real(one.images.subarray(n * size * size, (n + 1) * size * size), size, size);
      const image = { half, size, boxLength: size * apix, gain: 1 };
      const view = { rotation: one.rotations[n]!, shift: one.shifts[n]!, ctf: new CtfEvaluator(one.ctf) };
      reference.add(image, { ...view, ctfState: ctfStates[state] });
    }
    const [found, expected] = [(await sums.map([0])).data, reference.map().data];
    const most = expected.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
    for (let i = 0; i < expected.length; i++)
      assert.ok(
        Math.abs(found[i]! - expected[i]!) < 2e-4 * most,
        `box ${size}, voxel ${i}: ${found[i]}, ${expected[i]}`,
      );
  }
});

test("maps are the same to the last bit with any number of threads, and any division of the grid into memories", async (t) => {
  const one = example(32);
  const expected = await filled(one);
  const few = 2 * 4 * gridLayout(32, 2).strideZ * 7;
  for (const options of [
    { threads: 1 },
    { threads: 3 },
    { partBytes: few },
    { partBytes: few, threads: 2 },
  ]) {
    const sums = await filled(one, options);
    t.onTestFinished(() => sums.close());
    for (const wanted of [[0], [1], [0, 1]])
      assert.deepEqual(
        (await sums.map(wanted)).data,
        (await expected.map(wanted)).data,
        JSON.stringify(options),
      );
  }
});

test("a map of several sums is that of all their images, and a common weight does not change one", async () => {
  const one = example(24);
  const sums = await filled(one);
  const reference = (images: (n: number) => boolean, weight: (n: number) => number) => {
    const all = new Backprojector(24, apix, pointGroup("C2"));
    for (let n = 0; n < count; n++) {
      if (!images(n)) continue;
      const own = new Backprojector(24, apix, pointGroup("C2"));
      const half = fft2Real(one.images.subarray(n * 24 * 24, (n + 1) * 24 * 24), 24, 24);
      own.add(
        { half, size: 24, boxLength: 24 * apix, gain: 1 },
        {
          rotation: one.rotations[n]!,
          shift: one.shifts[n]!,
          ctf: new CtfEvaluator(one.ctf),
          ctfState: "raw",
        },
      );
      for (let i = 0; i < own.grid.length; i++) all.grid[i]! += weight(n) * own.grid[i]!;
    }
    return all.map().data;
  };
  const near = (a: Float32Array, b: Float32Array) => {
    const most = b.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
    assert.ok(a.every((x, i) => Math.abs(x - b[i]!) < 5e-4 * most));
  };
  near(
    (await sums.map([1])).data,
    reference(
      (n) => n % 2 === 1,
      () => 1,
    ),
  );
  near(
    (await sums.map([0, 1])).data,
    reference(
      () => true,
      (n) => (n % 2 === 0 ? 1 : 0.25),
    ),
  );
});

test("sums of any box are divided into memories of less than 4 GiB", () => {
  for (const boxSize of [64, 400, 512, 800]) {
    const { parts, strideZ, sums, reach } = gridLayout(boxSize, 2);
    assert.equal(parts[0]!.first, 0);
    assert.equal(parts.at(-1)!.end, 2 * reach + 1);
    for (const [p, { first, end }] of parts.entries()) {
      assert.ok(4 * strideZ * (end - first) * sums <= 3 * 2 ** 30);
      assert.equal(first, p === 0 ? 0 : parts[p - 1]!.end);
    }
    assert.equal(sumBytes(boxSize), 4 * strideZ * (2 * reach + 1));
  }
});
