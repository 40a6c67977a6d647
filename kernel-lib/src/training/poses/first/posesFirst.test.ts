import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../../../tests/testing";
import { modelDensity } from "../../../model/density";
import { openParticles } from "../../../particles/particleSet";
import { Random } from "../../../random";
import { fourierShellCorrelation } from "../../../reconstruction/fsc";
import { RunFolder } from "../../runs/runFolder";
import { halfSets } from "../rounds/halfSets";
import type { RoundsReport } from "../rounds/roundsSettings";
import { wrongPoses } from "../wrongPoses.test.helper";
import { withAbsoluteStacks } from "./absoluteStacks";
import { frameOf, likenessToMap } from "./newModel";
import { isWorthRefining, measurementOf, staySentence } from "./poseDecision";
import { type PoseQuestion, posesFirst } from "./posesFirst";
import { PosesFolder } from "./posesFolder";
import { stackFolder } from "./stackFolder";

/** 60 particles: too few to check their poses. */
async function question(t: TestContext): Promise<PoseQuestion> {
  const folder = temporaryFolder(t);
  const { right, model } = await wrongPoses(t, folder, { particles: 60, rotation: 1, shift: 1, snr: 2 });
  const request = { particles: right.file, model: path.join(folder, "model.txt") };
  return { choice: "auto", request, set: right, model, folder: new PosesFolder(folder), seed: 1 };
}

test("poses that cannot be checked are used as they are, with the reason, and nothing is written", async (t) => {
  const asked = await question(t);
  const sentenceOf = async (change: Partial<PoseQuestion>) => {
    const { decision, inputs } = await posesFirst({ ...asked, ...change }, {});
    assert.equal(decision.used, "file");
    assert.equal(inputs, undefined);
    return decision.sentence;
  };
  assert.match(await sentenceOf({}), /unchecked, since 60 particles are too few to check them \(500\)/);
  assert.match(await sentenceOf({ choice: "file" }), /unchecked, as was asked for/);
  assert.match(
    await sentenceOf({ isSecondRound: true }),
    /unchecked, since they are those of the run before/,
  );
  await assert.rejects(
    posesFirst({ ...asked, choice: "refine", isSecondRound: true }, {}),
    /poses: expected auto or file in a second round, found refine/,
  );
  assert.ok(!existsSync(asked.folder.folder));
});

test("poses are refined only if half maps agree better by more than their error", () => {
  const none = { rms: 1, median: 1, p90: 1, p99: 1 };
  const report = (gain: number, verdict: "refine" | "leave") =>
    ({
      ...{ verdict, particles: 2000, before: { half: 9, seventh: 7 }, after: { half: 8, seventh: 6 } },
      moved: { angle: none, shift: none, common: { angle: 0, shift: 0 } },
      rounds: [{ kept: verdict === "refine", halfMaps: { gain, standardError: 0.004, lastShell: 15 } }],
    }) as unknown as RoundsReport;
  assert.equal(isWorthRefining(report(0.006, "refine")), false);
  assert.equal(isWorthRefining(report(0.02, "refine")), true);
  assert.equal(isWorthRefining(report(-0.02, "leave")), false);
  const measured = measurementOf(report(-0.002, "leave"), 3);
  assert.deepEqual([measured.rounds, measured.before, measured.seconds], [0, 7, 3]);
  assert.match(staySentence(measured), /on 2000 particles.*mean FSC −0\.0020 ± 0\.0040 to 7\.0 Å/);
});

test("a sample of halves is evenly spaced in each of them", async (t) => {
  const { set } = await question(t);
  const all = halfSets(set, { seed: 1 });
  assert.equal(all.set, set);
  const sample = halfSets(set, { seed: 1, perHalf: 12 });
  assert.equal(sample.set.count, 24);
  assert.equal(sample.halves.filter((half) => half === 1).length, 12);
  // Every particle of the sample is in the half that it has among all.
  assert.deepEqual(
    [...sample.halves],
    [...sample.set.rows].map((row) => all.halves[row]),
  );
  assert.ok(sample.set.rows.at(-1)! > 50);
});

test("the folder of image stacks is found, wherever the particle file is relative to it", async (t) => {
  const { set } = await question(t);
  const folder = path.dirname(set.file);
  assert.equal(await stackFolder(set), folder);
  const below = path.join(folder, "Refine3D/job001");
  mkdirSync(below, { recursive: true });
  await set.writeStar(path.join(below, "copy.star"));
  const copy = await openParticles(path.join(below, "copy.star"));
  t.onTestFinished(() => copy.close());
  assert.equal(await stackFolder(copy), folder);
  mkdirSync(path.join(folder, "other"));
  renameSync(path.join(folder, "particles.mrcs"), path.join(folder, "other/moved.mrcs"));
  symlinkSync(path.join(folder, "other/moved.mrcs"), path.join(below, "particles.mrcs"));
  const again = await openParticles(path.join(below, "copy.star"));
  t.onTestFinished(() => again.close());
  assert.equal(await stackFolder(again), below);
});

test("refined poses name their image stacks in full where these lie in several folders", async (t) => {
  const { set } = await question(t);
  const folder = path.dirname(set.file);
  const [first, second] = ["first", "second"].map((name) => path.join(folder, name));
  for (const [place, name] of [
    [first!, "a.mrcs"],
    [second!, "b.mrcs"],
  ] as const) {
    mkdirSync(place);
    copyFileSync(path.join(folder, "particles.mrcs"), path.join(place, name));
  }
  const text = readFileSync(set.file, "utf8").replaceAll(/(\d+)@particles\.mrcs/g, (_, number: string) =>
    Number(number) % 2 === 1 ? `${number}@a.mrcs` : `${number}@second/b.mrcs`,
  );
  // Found beside the file, and in the folder above it.
  writeFileSync(path.join(first!, "scattered.star"), text);
  const scattered = await openParticles(path.join(first!, "scattered.star"));
  t.onTestFinished(() => scattered.close());
  assert.equal(await stackFolder(scattered), undefined);
  const refined = path.join(temporaryFolder(t), "poses.star");
  await scattered.writeStar(refined);
  await withAbsoluteStacks(refined, scattered, {});
  const again = await openParticles(refined);
  t.onTestFinished(() => again.close());
  assert.equal(await stackFolder(again), "absolute");
  assert.deepEqual(await again.readImages([0, 1, 59]), await scattered.readImages([0, 1, 59]));
  assert.deepEqual(again.rotations(), scattered.rotations());
});

test("a folder in which poses were being refined waits for its training, and names it in errors", async (t) => {
  const { request } = await question(t);
  const out = path.join(temporaryFolder(t), "run");
  const folder = new RunFolder(out);
  assert.equal(await folder.state(), "new");
  mkdirSync(path.join(out, "poses"), { recursive: true });
  assert.equal(await folder.state(), "other");
  await folder.poses.begin({ ...request, options: { latent: 2 } });
  assert.equal(await folder.state(), "waiting");
  assert.deepEqual(await folder.poses.readRequest(), { ...request, options: { latent: 2 } });
  writeFileSync(folder.poses.file("training"), '{"format":2}');
  await assert.rejects(folder.poses.readRequest(), /training\.json: expected settings of a training/);
});

test("the frame of a model is measured against a blurred and noisy map", async (t) => {
  const { model } = await question(t);
  const map = modelDensity(model);
  const still = frameOf(model, map);
  assert.ok(still.angle < 0.01 && still.shift < 0.01, JSON.stringify(still));
  const random = new Random(2);
  const { count } = model;
  const moved = { ...model, params: model.params.slice() };
  const [c, s] = [Math.cos(Math.PI / 90), Math.sin(Math.PI / 90)];
  for (let i = 0; i < count; i++) {
    const [x, y] = [model.params[i]!, model.params[count + i]!];
    moved.params[i] = c * x - s * y + 1.5 / 128;
    moved.params[count + i] = s * x + c * y;
    moved.params[4 * count + i]! *= 1.1;
  }
  const { data, ...grid } = modelDensity(moved);
  const noise = 0.1 * Math.max(...data);
  const found = frameOf(model, { ...grid, data: data.map((value) => 3 * value + noise * random.normal()) });
  assert.ok(Math.abs(found.angle - 2) < 0.2, `${found.angle}°`);
  assert.ok(Math.abs(found.shift - 1.5) < 0.15, `${found.shift} Å`);
});

test("a model is like the map that it was made from, and not like that of another molecule", async (t) => {
  const { model } = await question(t);
  const map = modelDensity(model);
  const perfect = fourierShellCorrelation(map, map);
  assert.ok(likenessToMap(model, map, perfect) > 0.999);
  const part = { ...model, params: model.params.slice() };
  part.params.fill(0, 3 * model.count, Math.round(3.7 * model.count));
  assert.ok(likenessToMap(part, map, perfect) < 0.7);
});
