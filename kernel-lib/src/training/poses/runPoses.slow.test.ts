import assert from "node:assert/strict";
import path from "node:path";
import { test } from "vitest";
import { openParticles } from "../../particles/particleSet";
import { writePoses } from "../../particles/writePoses";
import { smallTraining } from "../smallTraining.test.helper";
import { trainInThisThread } from "../train";
import { poseChange } from "./commonFrame";
import { perturbed } from "./wrongPoses.test.helper";

const data = smallTraining();

test("place and pose of a run are refined together: wrong poses come closer to the truth, right ones are left", async (t) => {
  const set = await openParticles(data.particles);
  t.onTestFinished(() => set.close());
  const truth = { rotations: set.rotations(), shifts: set.shifts() };
  const run = await trainInThisThread(data.settings(path.join(data.folder, "run")));
  t.onTestFinished(() => run.close());
  const right = await run.refinePoses();
  assert.equal(right.report.verdict, "leave", right.report.sentence);
  const { shared, moved, uncertainty } = right.report;
  assert.ok(shared.shift < 2, `${shared.shift} Å`);
  // Right poses move by no more than their own uncertainty.
  assert.ok(moved.angle.rms < Math.sqrt(3) * uncertainty.angle, `${moved.angle.rms}°, ${uncertainty.angle}°`);
  assert.ok(moved.shift.rms < Math.sqrt(2) * uncertainty.shift, `${moved.shift.rms}, ${uncertainty.shift} Å`);
  assert.equal(right.places.length, set.count);

  const wrong = path.join(data.folder, "wrong.star");
  await writePoses(wrong, set, perturbed(truth, { rotation: 1, shift: 4 }));
  const settings = { ...data.settings(path.join(data.folder, "wrong")), particles: wrong };
  const other = await trainInThisThread(settings);
  t.onTestFinished(() => other.close());
  const refined = await other.refinePoses();
  assert.equal(refined.report.verdict, "refine", refined.report.sentence);
  const off = await openParticles(wrong);
  t.onTestFinished(() => off.close());
  const before = poseChange(truth, { rotations: off.rotations(), shifts: off.shifts() });
  const after = poseChange(truth, refined);
  assert.ok(after.shift.rms < 0.5 * before.shift.rms, `${before.shift.rms} to ${after.shift.rms} Å`);
});
