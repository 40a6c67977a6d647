import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../../../tests/requirement";
import { haveProgram, runProgram, temporaryFolder } from "../../../../../tests/testing";
import { StoppedError } from "../../../errors";
import { readMap } from "../../../maps/mapFile";
import { symmetryCorrelation } from "../../../maps/symmetry";
import { modelDensity } from "../../../model/density";
import { pointGroup } from "../../../optics/symmetry";
import { openParticles } from "../../../particles/particleSet";
import { fourierShellCorrelation, readFsc } from "../../../reconstruction/fsc";
import { poseChange } from "../commonFrame";
import { wrongPoses } from "../wrongPoses.test.helper";
import { refineInRounds } from "./refineInRounds";

const skip = haveProgram("relion_reconstruct") ? false : "RELION is not installed";
const small = {
  ...{ rounds: 2, gaussians: 40, prior: { rotation: 5, shift: 5 } },
  engine: { engine: "wasm", threads: 2 },
} as const;

test(
  "rounds improve half maps from wrong poses, stop and continue with the same result, and RELION reconstructs from it",
  skipIf(skip),
  async (t) => {
    const folder = temporaryFolder(t);
    const { truth, model, wrong } = await wrongPoses(t, folder, {
      ...{ particles: 240, rotation: 5, shift: 5, snr: 2 },
    });
    const out = path.join(folder, "rounds");
    const settings = { ...small, particles: wrong.file, out };
    const controller = new AbortController();
    const onRound = () => controller.abort(new Error("enough"));
    await assert.rejects(refineInRounds({ ...settings, signal: controller.signal, onRound }), StoppedError);
    const record = () => JSON.parse(readFileSync(path.join(out, "rounds.json"), "utf8"));
    assert.equal(record().status, "running");
    await assert.rejects(
      refineInRounds({ ...settings, gaussians: 41 }),
      /gaussians: expected 40, as the run/,
    );

    const stopped = readdirSync(path.join(out, "round_1"));
    const report = await refineInRounds(settings);
    assert.deepEqual(readdirSync(path.join(out, "round_1")), stopped);
    assert.deepEqual(record(), JSON.parse(JSON.stringify(report)));
    const whole = await refineInRounds({ ...settings, out: path.join(folder, "whole") });
    assert.deepEqual({ ...whole, settings: 0 }, { ...report, settings: 0 });
    assert.equal(
      readFileSync(path.join(folder, "whole/poses.star"), "utf8"),
      readFileSync(path.join(out, "poses.star"), "utf8"),
    );

    assert.equal(report.verdict, "refine", report.sentence);
    assert.equal(report.rounds[0]!.kept, true);
    assert.ok(report.rounds[0]!.halfMaps.gain > 5 * report.rounds[0]!.halfMaps.standardError);
    assert.ok(report.after.seventh < 0.8 * report.before.seventh, report.sentence);
    const refined = await openParticles(path.join(out, "poses.star"));
    t.onTestFinished(() => refined.close());
    const [before, after] = [wrong, refined].map((set) =>
      poseChange(truth, { rotations: set.rotations(), shifts: set.shifts() }),
    );
    assert.ok(after!.shift.rms < 0.4 * before!.shift.rms, `${before!.shift.rms} to ${after!.shift.rms} Å`);
    assert.ok(after!.angle.rms < 0.8 * before!.angle.rms, `${before!.angle.rms}° to ${after!.angle.rms}°`);
    assert.ok((await readFsc(path.join(out, "fsc_after.txt"))).fsc[5]! > 0.5);

    const density = modelDensity(model);
    const likeTruth = async (star: string) => {
      runProgram("relion_reconstruct", ["--i", star, "--o", "relion.mrc", "--ctf"], folder);
      const { fsc } = fourierShellCorrelation(await readMap(path.join(folder, "relion.mrc")), density);
      return fsc.slice(1, 11).reduce((sum, x) => sum + x, 0) / 10;
    };
    const [fromWrong, fromRefined] = [await likeTruth("wrong.star"), await likeTruth("rounds/poses.star")];
    assert.ok(fromRefined > fromWrong + 0.1, `${fromWrong} and ${fromRefined}`);
  },
);

test("poses of a symmetric molecule are refined against symmetric models", async (t) => {
  const folder = temporaryFolder(t);
  const third = (degrees: number): [number, number, number] => {
    const angle = (degrees * Math.PI) / 180;
    return [0.2 * Math.cos(angle), 0.2 * Math.sin(angle), 0.05];
  };
  const { truth, wrong } = await wrongPoses(t, folder, {
    ...{ particles: 100, rotation: 4, shift: 4, snr: 2, places: [third(10), third(130), third(250)] },
  });
  const out = path.join(folder, "rounds");
  const settings = {
    ...{ ...small, rounds: 1, gaussians: 42, prior: { rotation: 4, shift: 4 } },
    ...{ particles: wrong.file, out },
  };
  const { verdict, sentence } = await refineInRounds({ ...settings, symmetry: "C3" });
  assert.equal(verdict, "refine", sentence);
  assert.ok(symmetryCorrelation(await readMap(path.join(out, "map.mrc")), pointGroup("C3")) > 0.99);
  const refined = await openParticles(path.join(out, "poses.star"));
  t.onTestFinished(() => refined.close());
  const [before, after] = [wrong, refined].map((set) =>
    poseChange(truth, { rotations: set.rotations(), shifts: set.shifts() }),
  );
  assert.ok(after!.shift.rms < 0.6 * before!.shift.rms, `${before!.shift.rms} to ${after!.shift.rms} Å`);
  await assert.rejects(
    refineInRounds({ ...settings, symmetry: "C4" }),
    /symmetry: expected "C3", as the run/,
  );
});

test("right poses stay, to the last digit, and other folders are refused", async (t) => {
  const folder = temporaryFolder(t);
  const { right } = await wrongPoses(t, folder, { particles: 120, rotation: 1, shift: 1, snr: 2 });
  const out = path.join(folder, "rounds");
  const settings = { ...small, rounds: 1, prior: { rotation: 1, shift: 1 }, particles: right.file };
  const report = await refineInRounds({ ...settings, out });
  assert.equal(report.verdict, "leave", report.sentence);
  assert.equal(readFileSync(path.join(out, "poses.star"), "utf8"), readFileSync(right.file, "utf8"));
  assert.ok(report.moved.angle.rms < 1e-9);
  assert.match(
    report.sentence!,
    /^the poses of the file stay: .* mean FSC [+−]0\.\d{4} ± 0\.\d{4} in the first round/,
  );
  assert.deepEqual(await refineInRounds({ ...settings, out }), JSON.parse(JSON.stringify(report)));
  await assert.rejects(
    refineInRounds({ ...settings, out: folder }),
    /a new or empty folder, found \d+ files/,
  );
  await assert.rejects(
    refineInRounds({ ...settings, rounds: 0, out }),
    /rounds: expected an integer of 1 or more/,
  );
  await assert.rejects(
    refineInRounds({ ...settings, threshold: 1, out }),
    /threshold: expected a number between/,
  );
});
