import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../testing";
import { e2gmm, neutralModel, refuses, simulatedProject, succeed, twoOpticsGroups, words } from "./command";

test("a command in the background of this machine is found again, and gives what it gives here", (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder);
  const map = words("reconstruct --particles sim/particles.star --box-size 16 --threads 1");
  const preview = succeed(folder, ...map, ...words("--out back.mrc --queue local --queue-preview"));
  assert.match(preview, /^# e2gmm reconstruct --particles sim\/particles\.star .*--out back\.mrc --quiet$/m);
  assert.ok(!existsSync(path.join(folder, "back.mrc.jobs")));
  assert.match(
    succeed(folder, ...map, ...words("--out back.mrc --queue local")),
    /^reconstruct: process \d+$/m,
  );
  assert.match(succeed(folder, "jobs", "wait", "back.mrc"), /^back\.mrc: 1 task is complete/m);
  const [line] = succeed(folder, "jobs").split("\n");
  assert.match(line!, /^back\.mrc\.jobs 1 reconstruct, \d+: complete \(\d+ s, on .+\): e2gmm reconstruct /);
  assert.match(succeed(folder, "jobs", "log", "back.mrc"), /^back\.mrc: 60 particles/m);
  // In a deeper folder, too.
  mkdirSync(path.join(folder, "project/deep"), { recursive: true });
  renameSync(path.join(folder, "back.mrc.jobs"), path.join(folder, "project/deep/back.mrc.jobs"));
  assert.match(succeed(folder, "jobs"), /^project\/deep\/back\.mrc\.jobs 1 reconstruct, \d+: complete/);
  renameSync(path.join(folder, "project/deep/back.mrc.jobs"), path.join(folder, "back.mrc.jobs"));
  const [job] = JSON.parse(succeed(folder, "jobs", "list", "back.mrc", "--json"));
  assert.deepEqual([job.state, job.queue, job.cwd], ["complete", "local", folder]);
  succeed(folder, ...map, "--out", "here.mrc");
  const voxels = (name: string) => readFileSync(path.join(folder, name)).subarray(1024);
  assert.ok(voxels("here.mrc").equals(voxels("back.mrc")));
});

test("a reconstruction of queued parts is that of the same parts made here, bit for bit, and that of one job to rounding", (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder);
  twoOpticsGroups(folder);
  const map = words("reconstruct --particles sim/particles.star --threads 1 --out");
  for (const part of ["2/2", "1/2"])
    assert.match(
      succeed(folder, ...map, "parts.mrc", "--part", part),
      new RegExp(`^parts_sums: sums of part ${part[0]} of 2, .*without --part makes the map`, "m"),
    );
  succeed(folder, ...map, "parts.mrc");
  assert.ok(!existsSync(path.join(folder, "parts_sums")));
  succeed(folder, ...map, ...words("queued.mrc --queue local --queue-parts 2"));
  succeed(folder, "jobs", "wait", "queued.mrc");
  succeed(folder, ...map, "whole.mrc");
  const bytes = (name: string) => readFileSync(path.join(folder, name)).subarray(1024);
  const voxels = (name: string) => new Float32Array(Uint8Array.from(bytes(name)).buffer);
  for (const half of ["", "_half1", "_half2"]) {
    assert.ok(bytes(`queued${half}.mrc`).equals(bytes(`parts${half}.mrc`)), `map${half}`);
    const [parts, whole] = [voxels(`parts${half}.mrc`), voxels(`whole${half}.mrc`)];
    const largest = whole.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    assert.ok(parts.every((x, i) => Math.abs(x - whole[i]!) < 1e-5 * largest));
  }
  // Sums of other images are not taken.
  succeed(folder, ...map, "parts.mrc", "--part", "1/2", "--box-size", "24");
  succeed(folder, ...map, "parts.mrc");
  assert.ok(bytes("parts.mrc").equals(bytes("whole.mrc")));
});

test("a command in the background that fails says so, and what waits for it does not start", (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder);
  writeFileSync(path.join(folder, "model.txt"), "no model");
  const study = words("study seeds --particles sim/particles.star --model model.txt --seeds 1,2 --out study");
  succeed(folder, ...study, ...words("--poses file --queue local"));
  const waited = e2gmm(folder, ...words("jobs wait study"));
  assert.equal(waited.code, 1);
  assert.match(waited.err, /study: expected jobs that end well, found parts, task 1: failed; see .*1\.log/);
  assert.match(succeed(folder, "jobs", "list", "study"), / 2 comparison, \d+: stopped/);
  assert.match(succeed(folder, ...words("jobs log study --job 1 --task 1")), /model\.txt/);
  refuses(
    folder,
    words("latent run --out sets --queue local --queue-after study"),
    /study: expected jobs that are/,
  );
  neutralModel(folder);
  refuses(
    folder,
    [...study, ...words("--queue local")],
    /modelSha256: expected .*as the study was started with/,
  );
});

test("what cannot be queued is refused, and nothing is left behind", (t) => {
  const folder = temporaryFolder(t);
  const train = words("train --particles a.star --model b.txt --out run");
  refuses(folder, [...train, "--queue-cpus", "4"], /--queue-cpus: expected --queue, which it belongs to/);
  refuses(
    folder,
    [...train, "--queue", "none.sh"],
    /--queue: expected slurm, local, relion, a template .*, found none\.sh/,
  );
  refuses(
    folder,
    [...train, ...words("--queue slurm --queue-time soon")],
    /--queue-time: expected a time limit/,
  );
  refuses(
    folder,
    [...train, ...words("--queue slurm --queue-set queue")],
    /--queue-set: expected name=value/,
  );
  refuses(
    folder,
    [...train, ...words("--queue slurm --queue-parts 2")],
    /--queue-parts: expected a command that is divided by particles \(states, correct, reconstruct, place\), found train/,
  );
  refuses(
    folder,
    words("states run --out states --part 1/2 --queue slurm --queue-parts 2"),
    /--part: expected none with parts/,
  );
  refuses(
    folder,
    words("evidence --places a.csv --input b.star --queue slurm"),
    /--out, beside which its job is recorded/,
  );
  refuses(folder, words("jobs wait run"), /run: expected an output of queued jobs, found no jobs/);
  refuses(folder, words("study resume run"), /run: expected the folder of a study/);
  assert.match(succeed(folder, "jobs"), /^no queued jobs here/);
});

test("train --continue starts a run, and goes on with it", (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder);
  neutralModel(folder);
  const small = words(
    "--latent 1 --vary position --epochs 2 --coarse-epochs 1 --hidden 16,16 --feature-size 16",
  );
  const rest = words("--resolution 16 --threads 1 --backend wasm --poses file --out run --continue");
  const train = ["train", ...words("--particles sim/particles.star --model model.txt"), ...small, ...rest];
  assert.match(succeed(folder, ...train), /^epoch 1.*\n(.*\n)*^run: latent coordinates of 60 particles/m);
  const quiet = succeed(folder, ...train.map((word) => (word === "run" ? "again" : word)), "--quiet");
  assert.doesNotMatch(quiet, /epoch \d|threads/);
  assert.match(quiet, /^again: latent coordinates of 60 particles/m);
  const latents = readFileSync(path.join(folder, "run/latents.csv"), "utf8");
  succeed(folder, ...train);
  assert.equal(readFileSync(path.join(folder, "run/latents.csv"), "utf8"), latents);
  refuses(folder, [...train, "--epochs", "3"], /--epochs: expected 2, as the run was started with/);
  refuses(folder, [...train, "--resume"], /--continue/);
});
