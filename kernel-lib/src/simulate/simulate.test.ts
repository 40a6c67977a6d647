import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram, temporaryFolder } from "../../../tests/testing";
import { openMrc } from "../formats/mrc";
import { pearson } from "../latent/statistics";
import { readMap, writeMap } from "../maps/mapFile";
import { modelDensity } from "../model/density";
import { openParticles } from "../particles/particleSet";
import { simulateCircularMotion, simulateComposition, simulateLinearMotion } from "./designs";
import { domainDiameter, linearPlace, moleculeMaker, moleculeWithDomains } from "./molecule";
import { simulateFromModels } from "./simulateParticles";

const box = { boxSize: 48, apix: 2.5 };

async function readImages(file: string): Promise<Float32Array> {
  const stack = await openMrc(file);
  try {
    return await stack.readSections(0, stack.size[2]);
  } finally {
    await stack.close();
  }
}

async function compareWithRelion(t: TestContext, ctf: "none" | object): Promise<void> {
  const folder = temporaryFolder(t);
  const model = moleculeWithDomains(box, [[0.15, 0.1, 0]]);
  await simulateFromModels([model], { folder, particlesPerState: 12, snr: 1e12, shifts: 6, ctf, seed: 5 });
  await writeMap(path.join(folder, "state.mrc"), modelDensity(model));
  const args = ["--i", "state.mrc", "--ang", "particles.star", "--o", "relion", "--angpix", "2.5"];
  runProgram("relion_project", ctf === "none" ? args : [...args, "--ctf"], folder);
  const ours = await readImages(path.join(folder, "particles.mrcs"));
  const theirs = await readImages(path.join(folder, "relion.mrcs"));
  assert.equal(ours.length, theirs.length);
  const pixels = box.boxSize ** 2;
  for (let from = 0; from < ours.length; from += pixels) {
    const c = pearson(ours.subarray(from, from + pixels), theirs.subarray(from, from + pixels));
    assert.ok(c >= 0.999, `image ${from / pixels + 1}: correlation ${c}`);
  }
}

const skip = haveProgram("relion_project") ? false : "RELION is not installed";
test("images with shifts equal projections by RELION from the map of their state", skipIf(skip), (t) =>
  compareWithRelion(t, "none"),
);
test(
  "images with CTF and shifts are those that RELION projects from the map of their state",
  skipIf(skip),
  (t) => compareWithRelion(t, { defocus: [8000, 20000], astigmatism: 800 }),
);

test("the linear design writes files that can be read, and the ground truth", async (t) => {
  const folder = temporaryFolder(t);
  const data = await simulateLinearMotion({
    folder,
    ...box,
    states: 4,
    particlesPerState: 5,
    range: 0.36,
    ctf: {},
    shifts: 3,
  });
  assert.deepEqual(readdirSync(folder).sort(), [
    "consensus.mrc",
    "particles.mrcs",
    "particles.star",
    "truth.csv",
  ]);
  const particles = await openParticles(data.star);
  assert.equal(particles.count, 20);
  assert.equal(particles.boxSize, 48);
  assert.equal(particles.apix, 2.5);
  const [header, ...rows] = readFileSync(data.truth, "utf8").trim().split("\n");
  assert.equal(header, "index,state,displacement");
  const perState = [0, 0, 0, 0];
  rows.forEach((row, i) => {
    const [index, state, displacement] = row.split(",").map(Number) as [number, number, number];
    assert.equal(index, i);
    assert.equal(state, data.stateOf[i]);
    assert.ok(Math.abs(displacement - 0.12 * state) < 1e-6);
    perState[state]!++;
  });
  assert.deepEqual(perState, [5, 5, 5, 5]);
  const map = await readMap(data.consensus);
  const mean = data.models.map((model) => modelDensity(model).data);
  for (let i = 0; i < map.data.length; i += 997) {
    const expected = mean.reduce((sum, m) => sum + m[i]!, 0) / 4;
    assert.ok(Math.abs(map.data[i]! - expected) < 1e-5);
  }
});

test("only the small domain moves, in equal steps along its range, away from the edge of the box", () => {
  const molecule = moleculeMaker({ boxSize: 64, apix: 3 });
  const models = Array.from({ length: 20 }, (_, s) => molecule([linearPlace(s / 19, 0.36)]));
  const { count } = models[0]!;
  for (let s = 1; s < 20; s++) {
    let moved = 0;
    for (let i = 0; i < count; i++) {
      const step = models[s]!.params[count + i]! - models[s - 1]!.params[count + i]!;
      if (step === 0) continue;
      moved++;
      assert.ok(Math.abs(step - 0.36 / 19) < 1e-6);
    }
    assert.equal(moved, 12);
    for (let i = 0; i < count; i++) {
      for (const row of [0, 2, 3, 4]) {
        assert.equal(models[s]!.params[row * count + i], models[0]!.params[row * count + i]);
      }
      const place = [0, 1, 2].map((axis) => models[s]!.params[axis * count + i]!);
      assert.ok(Math.hypot(...place) < 0.45);
    }
  }
});

test("the small domain is a ball with the published diameter at half density", () => {
  const boxSize = 128;
  const withDomain = modelDensity(moleculeWithDomains({ boxSize, apix: 1 }, [[0, 0, 0]])).data;
  const without = modelDensity(moleculeWithDomains({ boxSize, apix: 1 }, [])).data;
  const domain = withDomain.map((v, i) => v - without[i]!);
  const half = domain.reduce((most, v) => Math.max(most, v), 0) / 2;
  const voxels = domain.reduce((n, v) => n + (v > half ? 1 : 0), 0);
  const diameter = (2 * Math.cbrt((3 * voxels) / (4 * Math.PI))) / boxSize;
  assert.ok(Math.abs(diameter - domainDiameter) < 0.02, `diameter ${diameter}`);
});

test("the noise has the variance of the signal-to-noise ratio", async (t) => {
  const folder = temporaryFolder(t);
  const common = { ...box, states: 3, particlesPerState: 60, seed: 4 };
  const clean = await simulateLinearMotion({ ...common, folder: path.join(folder, "clean"), snr: 1e12 });
  const noisy = await simulateLinearMotion({ ...common, folder: path.join(folder, "noisy"), snr: 0.5 });
  const a = await readImages(clean.stack);
  const b = await readImages(noisy.stack);
  const pixels = box.boxSize ** 2;
  let signal = 0;
  let noise = 0;
  for (let from = 0; from < a.length; from += pixels) {
    const image = a.subarray(from, from + pixels);
    const mean = image.reduce((s, v) => s + v, 0) / pixels;
    for (let i = 0; i < pixels; i++) {
      signal += (image[i]! - mean) ** 2;
      noise += (b[from + i]! - image[i]!) ** 2;
    }
  }
  assert.ok(Math.abs(signal / noise - 0.5) < 0.01, `ratio ${signal / noise}`);
  assert.ok(Math.abs(noisy.noise ** 2 / (noise / a.length) - 1) < 0.01);
});

test("equal seeds give equal bytes, and others do not", async (t) => {
  const folder = temporaryFolder(t);
  const make = (name: string, seed: number) =>
    simulateComposition({
      folder: path.join(folder, name),
      boxSize: 32,
      apix: 4,
      particlesPerState: 3,
      ctf: {},
      seed,
    });
  const [a, b, c] = [await make("a", 1), await make("b", 1), await make("c", 2)];
  for (const file of ["stack", "star", "truth", "consensus"] as const) {
    const bytes = readFileSync(a[file]);
    // Labels in an MRC header may contain the time; the data do not.
    const from = file === "stack" || file === "consensus" ? 1024 : 0;
    assert.ok(bytes.subarray(from).equals(readFileSync(b[file]).subarray(from)), `${file} repeats`);
  }
  assert.ok(!readFileSync(a.stack).equals(readFileSync(c.stack)));
});

test("the circular design is a full circle; the compositional one has every combination", async (t) => {
  const folder = temporaryFolder(t);
  const small = { boxSize: 32, apix: 4, particlesPerState: 1 };
  const circle = await simulateCircularMotion({ ...small, folder: path.join(folder, "circle"), states: 8 });
  const { count } = circle.models[0]!;
  const place = (s: number) => [1, 2].map((axis) => circle.models[s]!.params[axis * count + count - 1]!);
  const opposite = [0, 4].map(place);
  assert.ok(Math.abs(Math.hypot(...opposite[0]!.map((v, i) => v - opposite[1]![i]!)) - 0.24) < 1e-5);
  assert.match(readFileSync(circle.truth, "utf8"), /^index,state,angle\n/);
  const composition = await simulateComposition({ ...small, folder: path.join(folder, "composition") });
  assert.deepEqual(
    composition.models.map((m) => m.count - composition.models[0]!.count),
    [0, 12, 12, 24],
  );
});

test("invalid options are refused by name", async (t) => {
  const folder = temporaryFolder(t);
  const model = moleculeWithDomains(box, []);
  const reject = (models: (typeof model)[], options: object, message: RegExp) =>
    assert.rejects(simulateFromModels(models, { folder, particlesPerState: 1, ...options }), message);
  await reject([], {}, /models: expected at least one state/);
  await reject([model], { snr: 0 }, /snr: expected a number above 0/);
  await reject([model], { particlesPerState: 1.5 }, /particlesPerState/);
  await reject([model], { truth: { angle: [1, 2] } }, /truth\.angle: expected a value for each of 1 states/);
  await reject([model, { ...model, apix: 1 }], {}, /one box and pixel size/);
  await assert.rejects(simulateLinearMotion({ folder, range: 0.7 }), /range: expected a path/);
  assert.deepEqual(readdirSync(folder), []);
});

test("a stopped simulation leaves no stack behind", async (t) => {
  const folder = temporaryFolder(t);
  const controller = new AbortController();
  const run = simulateLinearMotion({
    folder,
    boxSize: 32,
    signal: controller.signal,
    onProgress: () => controller.abort(new Error("enough")),
  });
  await assert.rejects(run, { name: "StoppedError", message: "enough" });
  assert.deepEqual(readdirSync(folder), []);
});
