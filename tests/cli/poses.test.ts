import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import { test } from "vitest";
import { temporaryFolder } from "../testing";
import { neutralModel, refuses, simulatedProject, succeed, words } from "./command";

/** A project whose particles are moved by 4 Å along each axis in wrong.star. */
async function projectWithWrongPoses(folder: string): Promise<void> {
  simulatedProject(folder, "--snr", "2");
  neutralModel(folder);
  const particles = await e2.particles.open(path.join(folder, "sim/particles.star"));
  const random = new e2.Random(1);
  const shifts = particles.shifts().map((x) => x + 4 * random.normal());
  const poses = { rotations: particles.rotations(), shifts };
  await e2.particles.writePoses(path.join(folder, "sim/wrong.star"), particles, poses);
  await particles.close();
}

async function shiftError(folder: string, star: string): Promise<number> {
  const open = (name: string) =>
    e2.particles.open(path.join(folder, name), { dataFolder: path.join(folder, "sim") });
  const [truth, found] = [await open("sim/particles.star"), await open(star)];
  const poses = [truth, found].map((set) => ({ rotations: set.rotations(), shifts: set.shifts() }));
  await Promise.all([truth.close(), found.close()]);
  return e2.training.poseChange(poses[0]!, poses[1]!).shift.rms;
}

const priors = words("--rotation-prior 2 --shift-prior 4 --engine wasm --threads 2");

test("poses are refined against a model, with a report and a table beside the particles", async (t) => {
  const folder = temporaryFolder(t);
  await projectWithWrongPoses(folder);
  const inputs = words("--particles sim/wrong.star --model model.txt --out refined.star");
  const printed = succeed(folder, "poses", ...inputs, ...priors);
  assert.match(printed, /refined poses explain samples that they were not inferred from better/);
  assert.match(printed, /refined.star: 60 particles with refined poses/);
  assert.ok((await shiftError(folder, "refined.star")) < 0.5 * (await shiftError(folder, "sim/wrong.star")));
  const report = JSON.parse(readFileSync(path.join(folder, "refined_report.json"), "utf8"));
  assert.equal(report.verdict, "refine");
  assert.deepEqual(report.prior, { rotation: 2, shift: 4 });
  const table = readFileSync(path.join(folder, "refined_moves.csv"), "utf8").trim().split("\n");
  assert.equal(table[0], "index,angle_degrees,shift_angstrom,angle_deviation,shift_deviation");
  assert.equal(table.length, 61);

  const rounds = words("--particles sim/wrong.star --rounds 1 --gaussians 24 --out rounds");
  const said = succeed(folder, "rounds", ...rounds, ...priors);
  assert.match(said, /round 1: aligned to \d+\.\d\d Å, moved by/);
  assert.match(said, /rounds: 60 particles/);
  assert.match(
    readFileSync(path.join(folder, "rounds/rounds.csv"), "utf8"),
    /^round,kept,.*\n0,1,.*\n1,[01],/,
  );
});

test("options that do not fit are refused", async (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder);
  neutralModel(folder);
  const out = words("--out refined.star");
  refuses(folder, ["poses", ...out], /a run folder, or --particles and --model, found no --particles/);
  const particles = words("--particles sim/particles.star");
  refuses(folder, ["poses", ...particles, ...out], /found no --model/);
  refuses(folder, ["poses", "sim", ...out], /expected/);
  const both = [...particles, ...words("--model model.txt"), ...out];
  refuses(folder, ["poses", ...both, "--shift-prior", "1"], /--rotation-prior: expected both/);
  refuses(
    folder,
    ["poses", ...both, "--rotation-prior", "-1", "--shift-prior", "1"],
    /--rotation-prior: expected/,
  );
  refuses(folder, ["poses", ...both, "--resolution", "500"], /--resolution: expected finer than 128 Å/);
  const same = words("--out sim/particles.star");
  refuses(
    folder,
    ["poses", ...particles, ...words("--model model.txt"), ...same],
    /other than the input files/,
  );
  refuses(
    folder,
    ["poses", ...particles, ...words("--model model.txt --out refined.cs")],
    /refined\.cs: expected a name that ends in \.star, the format of sim\/particles\.star, found \.cs/,
  );
  refuses(folder, ["rounds", ...particles, "--out", "sim"], /a new or empty folder/);
  refuses(folder, ["rounds", ...particles, "--out", "x", "--threshold", "1"], /--threshold/);
});
