import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram, temporaryFolder } from "../../../tests/testing";
import { openMrc } from "../formats/mrc";
import { pearson } from "../latent/statistics";
import { readMap, writeMap } from "../maps/mapFile";
import { modelDensity } from "../model/density";
import { openParticles } from "../particles/particleSet";
import { linearPlace, moleculeMaker } from "./molecule";
import { simulateFromMaps, simulateFromModels } from "./simulateParticles";

const box = { boxSize: 48, apix: 2.5 };
const molecule = moleculeMaker(box);
const models = [0, 0.5, 1].map((fraction) => molecule([linearPlace(fraction, 0.3)]));
const noNoise = { snr: 1e12 };

async function readImages(file: string): Promise<Float32Array[]> {
  const stack = await openMrc(file);
  try {
    const [nx, ny, count] = stack.size;
    const all = await stack.readSections(0, count);
    return Array.from({ length: count }, (_, i) => all.subarray(i * nx * ny, (i + 1) * nx * ny));
  } finally {
    await stack.close();
  }
}

function assertAlike(ours: readonly Float32Array[], theirs: readonly Float32Array[], least: number): void {
  assert.equal(ours.length, theirs.length);
  for (const [i, image] of ours.entries()) {
    const c = pearson(image, theirs[i]!);
    assert.ok(c >= least, `image ${i + 1}: correlation ${c}`);
  }
}

/** Views and CTFs of other particles. */
async function otherParticles(t: TestContext) {
  const ctf = { defocus: [9000, 16000], astigmatism: 600, voltage: 200 } as const;
  const { star } = await simulateFromModels([models[0]!], {
    ...{ folder: temporaryFolder(t), ctf, particles: 12, shifts: 5, seed: 9 },
  });
  const set = await openParticles(star);
  await set.close();
  return set;
}

const skip = haveProgram("relion_project") ? false : "RELION is not installed";
test(
  "images of a map in given views, with given CTFs and an envelope, are those of RELION",
  skipIf(skip),
  async (t) => {
    const folder = temporaryFolder(t);
    const set = await otherParticles(t);
    const map = modelDensity(models[1]!);
    const given = {
      views: { rotations: set.rotations(), shifts: set.shifts() },
      ctf: Array.from({ length: 12 }, (_, i) => ({ ...set.ctf(i)!, phaseShift: 10 * (i % 2) })),
    };
    const { star, stack } = await simulateFromMaps([map], {
      ...{ ...noNoise, ...given, folder, particles: 12, bFactor: 1500 },
    });
    await writeMap(path.join(folder, "state.mrc"), map);
    const args = ["--i", "state.mrc", "--ang", "particles.star", "--o", "relion", "--angpix", "2.5", "--ctf"];
    runProgram("relion_project", args, folder);
    const [ours, theirs] = [await readImages(stack), await readImages(path.join(folder, "relion.mrcs"))];
    assertAlike(ours, theirs, 0.999);
    const written = await openParticles(star);
    await written.close();
    assert.equal(written.ctf(0)!.voltage, 200);
    assert.equal(written.ctf(0)!.bFactor, 1500);
    assert.equal(written.ctf(1)!.phaseShift, 10);
    written.shifts().forEach((shift, i) => {
      assert.ok(Math.abs(shift - set.shifts()[i]!) < 1e-4);
    });
    // Without the envelope they would not be: the comparison sees it.
    const sharp = await simulateFromMaps([map], {
      ...{ ...noNoise, ...given, folder: temporaryFolder(t), particles: 12 },
    });
    const plain = await readImages(sharp.stack);
    assert.ok(plain.every((image, i) => pearson(image, theirs[i]!) < 0.99));
  },
);

test("images of maps are those of the models of their states, with states mixed in one order", async (t) => {
  const options = { ...noNoise, particles: 20, seed: 3, shifts: 4, ctf: {} };
  const exact = await simulateFromModels(models, { ...options, folder: temporaryFolder(t), truthMaps: true });
  const maps = path.join(path.dirname(exact.star), "truth_maps");
  assert.deepEqual(readdirSync(maps).sort(), ["state_0.mrc", "state_1.mrc", "state_2.mrc"]);
  const sources = [0, 1, 2].map((s) => () => readMap(path.join(maps, `state_${s}.mrc`)));
  const found = await simulateFromMaps(sources, { ...options, folder: temporaryFolder(t) });
  assert.deepEqual(found.stateOf, exact.stateOf);
  assertAlike(await readImages(found.stack), await readImages(exact.stack), 0.9999);
  const [a, b] = [await readMap(found.consensus), await readMap(exact.consensus)];
  assert.ok(pearson(a.data, b.data) > 0.99999);
});

test(
  "images in a smaller box are those that RELION makes of the large ones, noise included",
  skipIf(skip),
  async (t) => {
    const folder = temporaryFolder(t);
    await simulateFromModels(models, { folder, particles: 4, snr: 2, boxes: [24, 32], shifts: 3, ctf: {} });
    const args = ["--i", "particles.mrcs", "--angpix", "2.5", "--rescale_angpix", "5", "--o", "relion.mrcs"];
    runProgram("relion_image_handler", args, folder);
    const ours = await readImages(path.join(folder, "particles_box24.mrcs"));
    // RELION keeps the samples of noise at the Nyquist frequency.
    assertAlike(ours, await readImages(path.join(folder, "relion.mrcs")), 0.985);
    const set = await openParticles(path.join(folder, "particles_box32.star"));
    await set.close();
    assert.equal(set.boxSize, 32);
    assert.ok(Math.abs(set.apix - 3.75) < 1e-6);
    const mean = (image: Float32Array) => image.reduce((sum, v) => sum + v, 0) / image.length;
    const large = await readImages(path.join(folder, "particles.mrcs"));
    for (const [i, image] of ours.entries()) assert.ok(Math.abs(mean(image) - mean(large[i]!)) < 1e-4);
  },
);

test("noise of the solvent has its variance before the CTF, and is seen through the CTF", async (t) => {
  const variance = (images: readonly Float32Array[], without: readonly Float32Array[]) => {
    const all = images.flatMap((image, i) => Array.from(image, (v, p) => (v - without[i]![p]!) ** 2));
    return all.reduce((sum, v) => sum + v, 0) / all.length;
  };
  const make = async (more: object) => {
    const options = { ...noNoise, particles: 12, seed: 4, ...more };
    return readImages((await simulateFromModels(models, { ...options, folder: temporaryFolder(t) })).stack);
  };
  const clean = await make({});
  const signal =
    clean.reduce((sum, image) => {
      const mean = image.reduce((s, v) => s + v, 0) / image.length;
      return sum + image.reduce((s, v) => s + (v - mean) ** 2, 0) / image.length;
    }, 0) / clean.length;
  const ratio = signal / variance(await make({ solventSnr: 0.25 }), clean);
  assert.ok(Math.abs(ratio - 0.25) < 0.01, `ratio ${ratio}`);
  const ctf = { defocus: [12000, 12000], astigmatism: 0 };
  const blurred = { ctf, bFactor: 2000 };
  const seen = variance(await make({ ...blurred, solventSnr: 0.25 }), await make(blurred));
  const sharp = variance(await make({ ctf, solventSnr: 0.25 }), await make({ ctf }));
  // Of white noise a CTF leaves about half of the power, an envelope of 2000 Å² little.
  assert.ok(Math.abs(sharp / (signal / 0.25) - 0.5) < 0.1, `${sharp / (signal / 0.25)}`);
  assert.ok(seen < 0.2 * sharp);
});

test("some views of more are drawn without repetition; too few, and options that do not fit, are refused", async (t) => {
  const set = await otherParticles(t);
  const views = { rotations: set.rotations(), shifts: set.shifts() };
  const { star } = await simulateFromModels(models, { folder: temporaryFolder(t), particles: 8, views });
  const drawn = await openParticles(star);
  await drawn.close();
  const angle = (of: Float32Array, i: number) => of[9 * i + 8]!.toFixed(4);
  const [all, some] = [12, 8].map((n, s) =>
    Array.from({ length: n }, (_, i) => angle((s === 0 ? set : drawn).rotations(), i)),
  );
  assert.equal(new Set(some).size, 8);
  assert.ok(some!.every((one) => all!.includes(one)));
  const refused = (options: object, message: RegExp) =>
    assert.rejects(
      simulateFromModels(models, { folder: temporaryFolder(t), particles: 20, ...options }),
      message,
    );
  await refused({ views }, /views: expected one for each of 20 particles, or more, found 12/);
  await refused({ ctf: [set.ctf(0)!] }, /ctf: expected one for each of 20 particles, or more, found 1/);
  await refused({ bFactor: 100 }, /bFactor: needs a CTF/);
  await refused({ boxes: [48] }, /boxes: expected whole numbers from 16 to 47, found 48/);
  await refused({ boxes: [24, 24] }, /boxes: expected different sizes/);
  await refused({ solventSnr: 0 }, /solventSnr: expected a number above 0/);
  const small = { data: new Float32Array(8 ** 3), size: [8, 8, 8] as [number, number, number], apix: 15 };
  const maps = simulateFromMaps([modelDensity(models[0]!), small], {
    folder: temporaryFolder(t),
    particles: 2,
  });
  await assert.rejects(maps, /map of state 1: expected 48×48×48 voxels/);
});
