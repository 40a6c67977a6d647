import assert from "node:assert/strict";
import { test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { InputError, StoppedError } from "../../errors";
import { vectorFromRotation } from "../../optics/pose";
import { poseChange, poseMoves } from "./commonFrame";
import { refineConsensusPoses } from "./consensusPoses";
import { narrowest } from "./posePriors";
import { wrongPoses } from "./wrongPoses.test.helper";

const engine = { engine: "wasm", threads: 2 } as const;

test("wrong poses come back to the truth, their errors are measured, and the gain is held out", async (t) => {
  const { model, truth, wrong } = await wrongPoses(t, temporaryFolder(t), {
    ...{ particles: 80, rotation: 5, shift: 5, snr: 3 },
  });
  const before = poseChange(truth, { rotations: wrong.rotations(), shifts: wrong.shifts() });
  const found = await refineConsensusPoses(wrong, model, { engine });
  const after = poseChange(truth, found);
  assert.ok(after.angle.rms < 0.35 * before.angle.rms, `${before.angle.rms}° to ${after.angle.rms}°`);
  assert.ok(after.shift.rms < 0.2 * before.shift.rms, `${before.shift.rms} to ${after.shift.rms} Å`);
  const { prior, gain, verdict, uncertainty, moved, resolution } = found.report;
  assert.ok(prior.rotation > 3 && prior.rotation < 8, `${prior.rotation}°`);
  assert.ok(Math.abs(prior.shift - 5) < 1, `${prior.shift} Å`);
  assert.ok(gain.gain > 10 * gain.standardError);
  assert.equal(verdict, "refine");
  // The errors that are left are those that the posterior expects.
  assert.ok(
    Math.abs(after.angle.rms / (Math.sqrt(3) * uncertainty.angle) - 1) < 0.4,
    `${uncertainty.angle}°`,
  );
  assert.ok(
    Math.abs(after.shift.rms / (Math.sqrt(2) * uncertainty.shift) - 1) < 0.4,
    `${uncertainty.shift} Å`,
  );
  assert.ok(Math.abs(moved.shift.rms - before.shift.rms) < 0.15 * before.shift.rms);
  assert.ok(resolution >= 8);
  assert.ok(found.rotations.every(Number.isFinite) && found.moves.angle.length === 80);
});

test("true poses are left, and hardly move", async (t) => {
  const { model, right } = await wrongPoses(t, temporaryFolder(t), {
    ...{ particles: 80, rotation: 1, shift: 1 },
  });
  const { report } = await refineConsensusPoses(right, model, { engine });
  assert.equal(report.verdict, "leave", report.sentence);
  const { moved, uncertainty } = report;
  assert.ok(moved.angle.rms < Math.sqrt(3) * uncertainty.angle, `${moved.angle.rms}°, ${uncertainty.angle}°`);
  assert.ok(moved.shift.rms < Math.sqrt(2) * uncertainty.shift, `${moved.shift.rms}, ${uncertainty.shift} Å`);
});

test("poses are in the frame of the model: a map from them lies where the model does", async (t) => {
  const { model, truth, right } = await wrongPoses(t, temporaryFolder(t), {
    ...{ particles: 60, rotation: 1, shift: 1, snr: 3 },
  });
  const options = { engine, prior: { rotation: 5, shift: 3 } };
  const same = await refineConsensusPoses(right, model, options);
  const { common } = same.report.moved;
  assert.ok(common.angle < 0.3 && common.shift < 0.3, `${common.angle}° and ${common.shift} Å`);
  const { count } = model;
  const [c, s] = [Math.cos(Math.PI / 60), Math.sin(Math.PI / 60)];
  const params = model.params.slice();
  for (let i = 0; i < count; i++) {
    const [x, y] = [model.params[i]!, model.params[count + i]!];
    params[i] = c * x - s * y;
    params[count + i] = s * x + c * y + 1.5 / 128;
  }
  const turned = await refineConsensusPoses(right, { ...model, params }, options);
  const { frame } = poseMoves(truth, turned);
  const [x, y, z] = vectorFromRotation(frame.rotation).map((angle) => (180 * angle) / Math.PI);
  assert.ok(Math.abs(z! - 3) < 0.3 && Math.hypot(x!, y!) < 0.3, `${x} ${y} ${z}°`);
  assert.ok(Math.abs(frame.shift[1] - 1.5) < 0.2, `${frame.shift} Å`);
});

test("what is known stays, and a search that begins at refined poses ends there", async (t) => {
  const { model, wrong } = await wrongPoses(t, temporaryFolder(t), {
    ...{ particles: 40, rotation: 3, shift: 3, snr: 3 },
  });
  const prior = { rotation: 0, shift: 3 };
  const { moves, rotations, report } = await refineConsensusPoses(wrong, model, { engine, prior });
  assert.deepEqual(report.prior, prior);
  assert.ok(moves.shift.some((x) => x > 1));
  const change = poseChange(
    { rotations: wrong.rotations(), shifts: wrong.shifts() },
    { rotations, shifts: wrong.shifts() },
  );
  assert.ok(change.angle.rms < 1e-3);

  const both = { rotation: 3, shift: 3 };
  const first = await refineConsensusPoses(wrong, model, { engine, prior: both });
  const again = await refineConsensusPoses(wrong, model, { engine, prior: both, start: first });
  const { angle, shift } = poseChange(first, again);
  assert.ok(angle.rms < first.report.uncertainty.angle, `${angle.rms}°`);
  assert.ok(shift.rms < first.report.uncertainty.shift, `${shift.rms} Å`);
});

test("bad input is refused, and the work can be stopped", async (t) => {
  const { model, right } = await wrongPoses(t, temporaryFolder(t), {
    ...{ particles: 20, rotation: 1, shift: 1 },
  });
  const refused = (pattern: RegExp, ...given: Parameters<typeof refineConsensusPoses>) =>
    assert.rejects(refineConsensusPoses(...given), (error) => {
      assert.ok(error instanceof InputError, String(error));
      assert.match(error.message, pattern);
      return true;
    });
  await refused(/model: expected a box of 128.0 Å, as the images, found 96.0 Å/, right, {
    ...model,
    apix: 3,
  });
  await refused(/expected finer than 128 Å/, right, model, { resolution: 200 });
  await refused(/prior.rotation: expected a number of degrees from 0 to 60/, right, model, {
    ...{ engine, prior: { rotation: -1, shift: 1 } },
  });
  await refused(/prior: expected a rotation or a shift above 0/, right, model, {
    ...{ engine, prior: { rotation: 0, shift: 0 } },
  });
  const { count } = model;
  const dark = { ...model, params: model.params.map((x, i) => (i >= 3 * count && i < 4 * count ? -x : x)) };
  await refused(/a model that the images agree with, found .* minus sign/, right, dark, { engine });
  await assert.rejects(
    refineConsensusPoses(right, model, { signal: AbortSignal.abort(new Error("enough")) }),
    StoppedError,
  );
});

test("the prior is the narrowest that explains most", () => {
  assert.equal(narrowest([-1, -2, -3, -4, -5]), 0.5);
  assert.equal(narrowest([10, 10, 9, 8, 7]), 0.5);
  const between = narrowest([0, 0, 10, 9, 8]);
  assert.ok(between > 1 && between < 2, `${between}`);
  assert.ok(narrowest([1, 4, 9, 16, 25]) > 4);
});
