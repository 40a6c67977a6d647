import assert from "node:assert/strict";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../../../tests/testing";
import { useBackend } from "../../../compute/backends";
import { growNeutralModel } from "../../../model/growNeutralModel";
import { writeModelText } from "../../../model/text";
import { openParticles } from "../../../particles/particleSet";
import { reconstruct } from "../../../reconstruction/reconstruct";
import type { Place } from "../../../simulate/molecule";
import { OpenedTraining } from "../../openedTraining";
import { fileState } from "../../runs/inputFiles";
import { RunFolder } from "../../runs/runFolder";
import { poseChange } from "../commonFrame";
import { errorsOfPoses, referenceOf } from "../lineage";
import { wrongPoses } from "../wrongPoses.test.helper";
import { motionFirst } from "./motionFirst";
import type { PoseDecision } from "./poseDecision";

test("where a molecule moves, poses are refined together with places, with a new model, and once only", async (t) => {
  await useBackend("wasm");
  const folder = temporaryFolder(t);
  const state = (z: number): Place[] => [
    [0.15, 0.1, z],
    [-0.05, -0.05, 0.2],
  ];
  const others = [-0.12, -0.04, 0.04, 0.12].map(state);
  const { truth, wrong } = await wrongPoses(t, folder, {
    ...{ particles: 240, rotation: 3, shift: 3, snr: 2, places: state(-0.2), others },
  });
  const { map } = await reconstruct(wrong, { halves: "none" });
  const files = { particles: wrong.file, model: path.join(folder, "model.txt") };
  const size = { resolution: 12, gaussians: 40, startGaussians: 40, boxSize: 24 };
  await writeModelText(files.model, (await growNeutralModel(map, size)).model);
  const run = new RunFolder(path.join(folder, "run"));
  const settings = {
    ...{ ...files, out: run.folder, engine: { engine: "wasm", threads: 2 } as const },
    options: { hidden: [64, 64], featureSize: 64, heldOut: 0.2, batchSize: 6, learningRate: 3e-3 },
  };
  const training = await OpenedTraining.open(settings, {
    ...{ folder: run, lock: undefined as never, resumed: undefined, round: undefined },
  });
  t.onTestFinished(() => training.close());
  const decision: PoseDecision = {
    ...{ asked: "auto", used: "refined", sentence: "refined in rounds", prior: { rotation: 3, shift: 3 } },
    given: { particles: await fileState(files.particles), model: await fileState(files.model) },
  };
  const { trainer, choice } = training;
  const { set } = choice.judged;
  const question = { decision, request: files, set, trainer, folder: run.poses, seed: 1 };
  await run.poses.begin(files);
  const found = await motionFirst(question, {});
  const [motion, ...more] = found.decision.motion!;
  assert.deepEqual([motion!.used, more.length], [true, 0], found.decision.sentence);
  assert.match(found.decision.sentence, /^refined in rounds; they were then refined together with places/);
  assert.ok(motion!.gain.gain > 2 * motion!.gain.standardError);
  const { particles, model } = found.inputs!;
  assert.deepEqual(
    [particles, model],
    ["poses.star", "neutral.txt"].map((name) => path.join(run.folder, "poses/motion_1", name)),
  );

  const refined = await openParticles(particles, { dataFolder: folder });
  t.onTestFinished(() => refined.close());
  const [before, after] = [wrong, refined].map((of) =>
    poseChange(truth, { rotations: of.rotations(), shifts: of.shifts() }),
  );
  assert.ok(after!.angle.rms < 0.9 * before!.angle.rms, `${before!.angle.rms} to ${after!.angle.rms}°`);
  assert.ok(after!.shift.rms < 0.7 * before!.shift.rms, `${before!.shift.rms} to ${after!.shift.rms} Å`);
  const { frame } = found.decision;
  assert.ok(frame!.angle < 1.5 && frame!.shift < 1, JSON.stringify(frame));

  // A run with these poses knows what they were refined from, and how far they were off.
  assert.equal(await referenceOf(particles), wrong.file);
  assert.deepEqual(await errorsOfPoses({ inputs: { particles, model } }), decision.prior);
  // What has been done is in the folder; after two refinements nothing more is done.
  assert.deepEqual(await run.poses.readDecision(), JSON.parse(JSON.stringify(found.decision)));
  const twice = { ...found.decision, motion: [motion!, motion!] };
  assert.deepEqual(await motionFirst({ ...question, decision: twice }, {}), { decision: twice });
  const none = { ...found.decision, motion: [motion!, { ...motion!, used: false }] };
  assert.deepEqual(await motionFirst({ ...question, decision: none }, {}), { decision: none });
});
