import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, renameSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../../../tests/testing";
import { useBackend } from "../../../compute/backends";
import { StoppedError } from "../../../errors";
import { growNeutralModel } from "../../../model/growNeutralModel";
import { writeModelText } from "../../../model/text";
import type { ParticleSet } from "../../../particles/particleSet";
import { reconstruct } from "../../../reconstruction/reconstruct";
import { openRun } from "../../runs/openRun";
import { openRunParticles } from "../../runs/runParticles";
import type { CompleteSettings, TrainingSettings } from "../../settings";
import { trainInThisThread } from "../../train";
import { poseChange } from "../commonFrame";
import { wrongPoses } from "../wrongPoses.test.helper";

/** Particles of one state, with poses that are off by 4° and 5 Å or by nothing, and a model of their map. */
async function data(t: TestContext) {
  await useBackend("wasm");
  const folder = temporaryFolder(t);
  const { truth, right, wrong } = await wrongPoses(t, folder, {
    ...{ particles: 600, rotation: 4, shift: 5, snr: 1 },
  });
  const settings = async (set: ParticleSet, out: string): Promise<CompleteSettings> => {
    const model = path.join(folder, `${path.basename(set.file, ".star")}.txt`);
    if (!existsSync(model)) {
      const { map } = await reconstruct(set);
      const size = { resolution: 12, gaussians: 40, startGaussians: 40, boxSize: 24 };
      await writeModelText(model, (await growNeutralModel(map, size)).model);
    }
    return {
      ...{ particles: set.file, model, out: path.join(folder, out) },
      engine: { engine: "wasm", threads: 2 },
      options: {
        latent: 1,
        vary: ["position"],
        epochs: 2,
        coarseEpochs: 1,
        hidden: [16, 16],
        featureSize: 16,
      },
    };
  };
  return { folder, truth, right, wrong, settings };
}

test("a training refines wrong poses first, in a folder of its own, and continues after a stop with the same result", async (t) => {
  const { folder, truth, wrong, settings } = await data(t);
  const given = [wrong.file, (await settings(wrong, "whole")).model].map((file) =>
    readFileSync(file, "utf8"),
  );
  const warnings: string[] = [];
  const onWarning = (warning: string) => void warnings.push(warning);
  const run = await trainInThisThread({ ...(await settings(wrong, "whole")), onWarning });
  run.close();
  const { poses, inputs, inputFiles } = run.record;
  assert.equal(poses?.used, "refined");
  const told = warnings.filter((warning) => poses.sentence.includes(warning));
  assert.ok(poses.sentence.startsWith(told[0]!) && poses.sentence.endsWith(told[1]!), warnings.join("\n"));
  assert.match(poses.sentence, /refined before the training, with a new model/);
  assert.ok(poses.refinement!.after < poses.refinement!.before);
  // There is one state only.
  assert.deepEqual(
    poses.motion!.map(({ used }) => used),
    [false],
  );
  assert.ok(Math.abs(poses.prior!.shift - 5) < 1, `${poses.prior!.shift} Å`);
  assert.equal(inputs.particles, path.join(folder, "whole/poses/rounds/poses.star"));
  assert.equal(inputs.model, path.join(folder, "whole/poses/neutral.txt"));
  assert.equal(run.neutral.count, 40);
  assert.equal(run.neutral.boxSize, 24);
  assert.equal(poses.given!.particles.file, wrong.file);
  assert.notEqual(poses.given!.particles.sha256, inputFiles!.particles.sha256);
  assert.deepEqual(
    [poses.given!.particles.file, poses.given!.model.file].map((file) => readFileSync(file, "utf8")),
    given,
  );
  // The frame stays: the given model is not turned or moved against the refined poses.
  assert.ok(poses.frame!.angle < 1.5 && poses.frame!.shift < 2, JSON.stringify(poses.frame));

  const particles = await openRunParticles(inputs);
  const after = poseChange(truth, { rotations: particles.rotations(), shifts: particles.shifts() });
  const before = poseChange(truth, { rotations: wrong.rotations(), shifts: wrong.shifts() });
  await particles.close();
  assert.ok(after.shift.rms < 0.5 * before.shift.rms, `${before.shift.rms} to ${after.shift.rms} Å`);
  assert.ok(!readdirSync(path.join(folder, "whole/poses/rounds")).some((name) => name.startsWith("round_")));

  const controller = new AbortController();
  const parts = await settings(wrong, "parts");
  const onProgress: TrainingSettings["onProgress"] = ({ task }) => {
    if (task.startsWith("poses, round 1, half 2")) controller.abort(new Error("enough"));
  };
  await assert.rejects(trainInThisThread({ ...parts, signal: controller.signal, onProgress }), StoppedError);
  await assert.rejects(trainInThisThread(parts), /--resume.*stopped while it refined poses/);
  // All but the folder is as it was started with.
  const resumed = await trainInThisThread({ ...parts, model: "none", options: {}, resume: true });
  resumed.close();
  const latents = (name: string) => readFileSync(path.join(folder, name, "latents.csv"), "utf8");
  assert.equal(latents("parts"), latents("whole"));

  renameSync(path.join(folder, "whole"), path.join(folder, "moved"));
  const moved = await openRun(path.join(folder, "moved"));
  moved.close();
  const again = await openRunParticles(moved.record.inputs);
  assert.equal(again.file, path.join(folder, "moved/poses/rounds/poses.star"));
  assert.equal((await again.readImages([0])).length, 32 ** 2);
  await again.close();
});

test("a training leaves right poses, and says what was measured", async (t) => {
  const { folder, right, settings } = await data(t);
  const run = await trainInThisThread(await settings(right, "run"));
  run.close();
  const { poses, inputs } = run.record;
  assert.equal(poses?.used, "file", poses?.sentence);
  assert.equal(inputs.particles, right.file);
  assert.equal(poses.check!.particles, 600);
  assert.ok(Math.abs(poses.check!.firstRound.gain) < 0.05);
  const left = readdirSync(path.join(folder, "run/poses/check"));
  assert.deepEqual(left.sort(), ["fsc_after.txt", "fsc_before.txt", "rounds.csv", "rounds.json"]);
});
