import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { openMrc } from "../formats/mrc";
import { fft2Real, frequency, halfWidth } from "../fourier/fft";
import { readMap } from "../maps/mapFile";
import { openParticles } from "../particles/particleSet";
import { simulateOneState } from "./domainDesigns";
import { stateCounts } from "./stateCounts";

const box = { boxSize: 32, apix: 6 };

/** A set without imperfections and one with some, of equal seeds. */
async function pair(t: TestContext, common: object, imperfections: object) {
  const options = { ...box, particles: 400, seed: 7, ...common };
  const [right, wrong] = [temporaryFolder(t), temporaryFolder(t)];
  return {
    right: await simulateOneState({ ...options, folder: right }),
    wrong: await simulateOneState({ ...options, ...imperfections, folder: wrong }),
  };
}

async function readImages(file: string): Promise<Float32Array> {
  const stack = await openMrc(file);
  try {
    return await stack.readSections(0, stack.size[2]);
  } finally {
    await stack.close();
  }
}

const pixelsOf = (file: string) => readFileSync(file).subarray(1024);
const meanSquare = (values: number[]) => values.reduce((sum, v) => sum + v * v, 0) / values.length;

test("wrong poses are normal about each axis; the right ones stand beside them, and images do not change", async (t) => {
  const errors = { poseError: 3, shiftError: 1.5 };
  const { right, wrong } = await pair(t, { shifts: 6, ctf: {} }, errors);
  assert.ok(pixelsOf(right.stack).equals(pixelsOf(wrong.stack)));
  assert.ok(pixelsOf(right.consensus).equals(pixelsOf(wrong.consensus)));
  assert.equal(right.truePoses, undefined);
  assert.ok(!readdirSync(path.dirname(right.star)).includes("true_poses.star"));
  assert.equal(readFileSync(wrong.truePoses!, "utf8"), readFileSync(right.star, "utf8"));
  const [a, b] = [await openParticles(right.star), await openParticles(wrong.star)];
  const [from, to] = [a.rotations(), b.rotations()];
  const vectors: number[][] = [[], [], []];
  for (let i = 0; i < a.count; i++) {
    // Small rotations: the antisymmetric part of R' Rᵀ is the rotation vector.
    const turn = (row: number, column: number) =>
      [0, 1, 2].reduce((sum, k) => sum + to[9 * i + 3 * row + k]! * from[9 * i + 3 * column + k]!, 0);
    const degrees = 180 / Math.PI / 2;
    vectors[0]!.push(degrees * (turn(2, 1) - turn(1, 2)));
    vectors[1]!.push(degrees * (turn(0, 2) - turn(2, 0)));
    vectors[2]!.push(degrees * (turn(1, 0) - turn(0, 1)));
  }
  for (const along of vectors) assert.ok(Math.abs(Math.sqrt(meanSquare(along)) - 3) < 0.3);
  const shifts = Array.from(b.shifts(), (v, i) => v - a.shifts()[i]!);
  assert.ok(Math.abs(Math.sqrt(meanSquare(shifts)) - 1.5) < 0.15);
  await a.close();
  await b.close();
});

test("errors of defocus and pixel size are in the STAR file only", async (t) => {
  const { right, wrong } = await pair(t, { ctf: {}, shifts: 6 }, { defocusError: 0.05, pixelError: 0.01 });
  assert.ok(pixelsOf(right.stack).equals(pixelsOf(wrong.stack)));
  const [a, b] = [await openParticles(right.star), await openParticles(wrong.star)];
  assert.ok(Math.abs(b.apix - 6.06) < 1e-6);
  assert.ok(Math.abs((await readMap(wrong.consensus)).apix - 6.06) < 1e-5);
  const ratios = Array.from({ length: a.count }, (_, i) => b.ctf(i)!.defocusU / a.ctf(i)!.defocusU);
  assert.ok(Math.abs(Math.sqrt(meanSquare(ratios.map((r) => r - 1))) - 0.05) < 0.006);
  ratios.forEach((ratio, i) => {
    assert.ok(Math.abs(b.ctf(i)!.defocusV / a.ctf(i)!.defocusV - ratio) < 1e-5);
    assert.ok(Math.abs(b.shifts()[2 * i]! - 1.01 * a.shifts()[2 * i]!) < 1e-4);
  });
  await a.close();
  await b.close();
});

test("an error that all defocus values have in common is in the STAR file only, beside those of each", async (t) => {
  const { right, wrong } = await pair(t, { ctf: {} }, { defocusOffset: 0.05 });
  const both = await simulateOneState({
    ...{ ...box, particles: 400, seed: 7, ctf: {} },
    ...{ defocusOffset: 0.05, defocusError: 0.02, folder: temporaryFolder(t) },
  });
  assert.ok(pixelsOf(right.stack).equals(pixelsOf(wrong.stack)));
  const [a, b, c] = [
    await openParticles(right.star),
    await openParticles(wrong.star),
    await openParticles(both.star),
  ];
  const ratios: number[] = [];
  for (let i = 0; i < a.count; i++) {
    const [before, after] = [a.ctf(i)!, b.ctf(i)!];
    assert.ok(Math.abs(after.defocusU / before.defocusU - 1.05) < 1e-5);
    assert.ok(Math.abs(after.defocusV / before.defocusV - 1.05) < 1e-5);
    ratios.push(c.ctf(i)!.defocusU / after.defocusU - 1);
  }
  assert.ok(Math.abs(Math.sqrt(meanSquare(ratios)) - 0.02) < 0.003);
  for (const set of [a, b, c]) await set.close();
});

test("coloured noise has the variance of white noise, and a power that falls to half at 20 Å", async (t) => {
  const { right, wrong } = await pair(t, { snr: 1e-6, particles: 300 }, { colouredNoise: true });
  assert.equal(right.noise, wrong.noise);
  const images = await readImages(wrong.stack);
  const { boxSize, apix } = box;
  const pixels = boxSize ** 2;
  const variance = images.reduce((sum, v) => sum + v * v, 0) / images.length;
  assert.ok(Math.abs(variance / wrong.noise ** 2 - 1) < 0.02);
  const width = halfWidth(boxSize);
  const power = new Float64Array(width * boxSize);
  for (let from = 0; from < images.length; from += pixels) {
    const half = fft2Real(images.subarray(from, from + pixels), boxSize, boxSize);
    for (let i = 0; i < power.length; i++) power[i]! += half[2 * i]! ** 2 + half[2 * i + 1]! ** 2;
  }
  const ring = (low: number, high: number) => {
    let [sum, expected] = [0, 0];
    for (let i = 0; i < power.length; i++) {
      const s = Math.hypot(i % width, frequency(Math.floor(i / width), boxSize)) / (boxSize * apix);
      if (s <= low || s > high) continue;
      sum += power[i]!;
      expected += 1 / (1 + (20 * s) ** 2);
    }
    return sum / expected;
  };
  const rings = [ring(0, 0.02), ring(0.02, 0.04), ring(0.04, 0.06), ring(0.06, 0.08)];
  for (const value of rings) assert.ok(Math.abs(value / rings[1]! - 1) < 0.05, rings.join());
});

test("masked images are 0 outside of the circle and unchanged inside", async (t) => {
  const { right, wrong } = await pair(t, { particles: 5 }, { maskImages: 96 });
  const [a, b] = [await readImages(right.stack), await readImages(wrong.stack)];
  a.forEach((value, i) => {
    const distance = Math.hypot((i % 32) - 16, (Math.floor(i / 32) % 32) - 16);
    if (distance <= 8) assert.equal(b[i], value);
    else if (distance >= 13) assert.equal(Math.abs(b[i]!), 0);
    else assert.ok(Math.abs(b[i]!) <= Math.abs(value));
  });
});

test("numbers of particles are the closest to their fractions, with the total asked for", () => {
  assert.deepEqual(stateCounts(3, { particlesPerState: 4 }), [4, 4, 4]);
  assert.deepEqual(stateCounts(3, { particles: 7 }), [3, 2, 2]);
  assert.deepEqual(
    stateCounts(6, { particles: 7000, fractions: [0.25, 0.22, 0.2, 0.18, 0.14, 0.01] }),
    [1750, 1540, 1400, 1260, 980, 70],
  );
  assert.deepEqual(stateCounts(3, { particles: 10, fractions: [0.333, 0.333, 0.334] }), [3, 3, 4]);
  assert.deepEqual(stateCounts(2, { particles: 3, fractions: [0, 1] }), [0, 3]);
});

test("numbers and imperfections out of range are refused by name", async (t) => {
  const refused = (options: object, message: RegExp) =>
    assert.rejects(
      simulateOneState({ folder: temporaryFolder(t), ...box, particles: 1, ...options }),
      message,
    );
  await refused({ particles: 0 }, /particles: expected a whole number of 1 or more, found 0/);
  await refused({ particlesPerState: 3 }, /particles: not given together with particlesPerState/);
  await refused({ fractions: [0.4] }, /fractions: expected a sum of 1, found 0.4/);
  await refused({ fractions: [2] }, /fractions: expected numbers from 0 to 1, found 2/);
  await refused({ poseError: -1 }, /poseError: expected 0° or more/);
  await refused({ shiftError: Number.NaN }, /shiftError: expected 0 Å or more/);
  await refused({ defocusError: 0.1 }, /defocusError: needs a CTF/);
  await refused({ defocusOffset: 0.1 }, /defocusOffset: needs a CTF/);
  await refused({ defocusOffset: 0.5, ctf: {} }, /defocusOffset: expected a fraction between/);
  await refused({ pixelError: 0.7 }, /pixelError: expected a fraction between/);
  await refused({ maskImages: 0 }, /maskImages: expected a diameter/);
});
