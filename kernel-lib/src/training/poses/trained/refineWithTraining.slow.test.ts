import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../../../tests/testing";
import { useBackend } from "../../../compute/backends";
import { StoppedError } from "../../../errors";
import { openParticles } from "../../../particles/particleSet";
import { writePoses } from "../../../particles/writePoses";
import { linearPlace, moleculeMaker } from "../../../simulate/molecule";
import { simulateFromModels } from "../../../simulate/simulateParticles";
import { poseChange } from "../commonFrame";
import { perturbed } from "../wrongPoses.test.helper";
import { refineWithTraining } from "./refineWithTraining";
import type { TrainedRoundsSettings } from "./trainedSettings";

test("rounds with a training refine poses of a moving molecule in halves, stop, and continue with what is finished", async (t) => {
  await useBackend("wasm");
  const folder = temporaryFolder(t);
  const molecule = moleculeMaker({ boxSize: 32, apix: 4 });
  const models = Array.from({ length: 12 }, (_, i) => molecule([linearPlace(i / 11, 0.25)]));
  const { star } = await simulateFromModels(models, { folder, particlesPerState: 40, snr: 2, seed: 6 });
  const right = await openParticles(star);
  t.onTestFinished(() => right.close());
  const truth = { rotations: right.rotations(), shifts: right.shifts() };
  const particles = path.join(folder, "wrong.star");
  await writePoses(particles, right, perturbed(truth, { rotation: 4, shift: 4 }));
  const out = path.join(folder, "rounds");
  const settings: TrainedRoundsSettings = {
    ...{ particles, out, rounds: 1, trainings: 1, gaussians: 40, prior: { rotation: 4, shift: 4 } },
    engine: { engine: "wasm", threads: 2 },
    options: {
      latent: 1,
      vary: ["position"],
      epochs: 20,
      coarseEpochs: 3,
      batchSize: 8,
      heldOut: 0.3,
      hidden: [64, 64],
    },
  };
  // Stopped while the second half is trained: the first stays as it is.
  const controller = new AbortController();
  const onProgress = ({ task }: { task: string }) => {
    if (/with training, half 2: epoch 2/.test(task)) controller.abort(new Error("enough"));
  };
  await assert.rejects(
    refineWithTraining({ ...settings, signal: controller.signal, onProgress }),
    StoppedError,
  );
  const weights = path.join(out, "round_1/half1/run/weights.safetensors");
  const finished = statSync(weights).mtimeMs;
  const record = () => JSON.parse(readFileSync(path.join(out, "rounds.json"), "utf8"));
  assert.equal(record().status, "running");
  await assert.rejects(
    refineWithTraining({ ...settings, options: { latent: 2 } }),
    /options: expected .*"latent":1.*, as the run was started with/,
  );

  const tasks = new Set<string>();
  const report = await refineWithTraining({ ...settings, onProgress: ({ task }) => tasks.add(task) });
  assert.equal(statSync(weights).mtimeMs, finished);
  assert.ok(![...tasks].some((task) => /half 2: epoch 1 /.test(task)), [...tasks].join("\n"));
  assert.deepEqual(record(), JSON.parse(JSON.stringify(report)));
  assert.deepEqual([report.rounds.length, report.trainings.length], [1, 1]);
  const [training] = report.trainings;
  for (const { evidence, poses } of training!.halves) {
    assert.equal(evidence.verdict, "found", JSON.stringify(training!.halves.map((half) => half.evidence)));
    assert.ok(poses.gain.gain > 0, poses.sentence);
    assert.match(poses.reference!, /file_half[12]\.star$/);
  }
  assert.equal(report.verdict, "refine", report.sentence);
  assert.deepEqual(
    report.evidence!.before,
    training!.halves.map(({ evidence }) => evidence),
  );

  const errorOf = async (file: string) => {
    const set = await openParticles(file, { dataFolder: folder });
    await set.close();
    return poseChange(truth, { rotations: set.rotations(), shifts: set.shifts() });
  };
  const [before, consensus, after] = await Promise.all(
    [particles, path.join(out, "consensus/poses.star"), path.join(out, "poses.star")].map(errorOf),
  );
  assert.ok(consensus!.shift.rms < 0.7 * before!.shift.rms, `${before!.shift.rms}, ${consensus!.shift.rms}`);
  assert.ok(training!.kept, report.sentence);
  assert.ok(after!.shift.rms < consensus!.shift.rms, `${consensus!.shift.rms} to ${after!.shift.rms} Å`);
  assert.ok(after!.angle.rms < before!.angle.rms);
  assert.ok(existsSync(path.join(out, "trainings.csv")));
  // The halves never meet: the particles of one are not in the files of the other.
  const halves = await Promise.all(
    [1, 2].map(async (half) => {
      const set = await openParticles(path.join(out, `round_1/half${half}/particles.star`), {
        dataFolder: folder,
      });
      await set.close();
      return Array.from({ length: set.count }, (_, i) => set.image(i).section);
    }),
  );
  assert.equal(new Set(halves.flat()).size, right.count);
  assert.deepEqual(await refineWithTraining(settings), JSON.parse(JSON.stringify(report)));
});
