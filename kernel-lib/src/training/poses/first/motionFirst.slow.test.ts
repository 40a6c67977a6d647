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
import { openRunParticles } from "../../runs/runParticles";
import { trainInThisThread } from "../../train";
import { poseChange } from "../commonFrame";
import { wrongPoses } from "../wrongPoses.test.helper";

test("where a molecule moves, wrong poses are refined together with places before the training", async (t) => {
  await useBackend("wasm");
  const folder = temporaryFolder(t);
  const state = (z: number): Place[] => [
    [0.15, 0.1, z],
    [-0.05, -0.05, 0.2],
  ];
  const others = [-0.12, -0.04, 0.04, 0.12].map(state);
  const { truth, wrong } = await wrongPoses(t, folder, {
    ...{ particles: 120, rotation: 4, shift: 5, snr: 1, places: state(-0.2), others },
  });
  const { map } = await reconstruct(wrong);
  const model = path.join(folder, "model.txt");
  const size = { resolution: 12, gaussians: 40, startGaussians: 40, boxSize: 24 };
  await writeModelText(model, (await growNeutralModel(map, size)).model);
  const run = await trainInThisThread({
    ...{ particles: wrong.file, model, out: path.join(folder, "run"), poses: "refine" },
    engine: { engine: "wasm", threads: 2 },
    options: { latent: 1, epochs: 2, coarseEpochs: 2, hidden: [16, 16], featureSize: 32 },
  });
  t.onTestFinished(() => run.close());
  const { poses, inputs } = run.record;
  assert.ok(poses!.motion!.length >= 1 && poses!.motion![0]!.used, poses!.sentence);
  const passes = poses!.motion!.filter(({ used }) => used).length;
  assert.equal(inputs.particles, path.join(folder, `run/poses/motion_${passes}/poses.star`));
  assert.match(poses!.sentence, /; they were then refined together with places on the axes of a survey/);

  const places = [openRunParticles(inputs), openParticles(path.join(folder, "run/poses/rounds/poses.star"))];
  const changes = (await Promise.all(places)).map((set) => {
    t.onTestFinished(() => set.close());
    return poseChange(truth, { rotations: set.rotations(), shifts: set.shifts() });
  });
  const [together, alone] = changes as [(typeof changes)[number], (typeof changes)[number]];
  assert.ok(together.angle.rms < 0.9 * alone.angle.rms, `${alone.angle.rms} to ${together.angle.rms}°`);
  assert.ok(together.shift.rms < 0.9 * alone.shift.rms, `${alone.shift.rms} to ${together.shift.rms} Å`);

  // The run knows what its poses are refined from.
  const again = await run.refinePoses({ prior: poses!.prior! });
  assert.equal(again.report.reference, wrong.file);
});
