import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as e2 from "e2gmm";
import { afterAll, beforeAll, describe, test } from "vitest";
import { e2gmm, neutralModel, simulatedProject, succeed, twoOpticsGroups, words } from "../cli/command";
import { skipIf } from "../requirement";
import { temporaryFolder } from "../testing";
import { OneNodeCluster, slurmMissing } from "./oneNode";

const small = words(
  "--latent 1 --vary position --epochs 200 --coarse-epochs 1 --hidden 16,16 --feature-size 16 --threads 1 --backend wasm --engine wasm --poses file",
);
const data = words("--particles sim/particles.star --model model.txt");

/** As RELION's manual shows it, with a partition to fill in. */
const relionTemplate = `#!/bin/bash
#SBATCH --ntasks=XXXmpinodesXXX
#SBATCH --partition=XXXqueueXXX
#SBATCH --cpus-per-task=XXXthreadsXXX
#SBATCH --error=XXXerrfileXXX
#SBATCH --output=XXXoutfileXXX
#SBATCH --comment=XXXextra1XXX
env RAN_BY=template XXXcommandXXX
`;
/** As cryoSPARC's guide shows it. */
const cryosparcTemplate = `#!/usr/bin/env bash
## {{ run_cmd }} - the complete command string to run the job
#SBATCH --job-name cryosparc_{{ project_uid }}_{{ job_uid }}
#SBATCH -n {{ num_cpu }}
{% if num_gpu > 0 %}
#SBATCH --gres=gpu:{{ num_gpu }}
{% endif %}
#SBATCH --mem={{ (ram_gb*1000)|int }}MB
#SBATCH --output={{ job_log_path_abs }}
#SBATCH --error={{ job_log_path_abs }}

{{ run_cmd }}
`;

/** Arrays of a checkpoint: the file without its header, which has times. */
function weights(file: string): Buffer {
  const bytes = readFileSync(file);
  return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
}

/** Waits until something holds. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await holds()); await pause(100)) {
    assert.ok(Date.now() < end, what);
  }
}

describe("on a cluster with Slurm", skipIf(slurmMissing()), () => {
  let cluster: OneNodeCluster;
  const before = process.env["SLURM_CONF"];
  beforeAll(async () => {
    cluster = await OneNodeCluster.start();
    process.env["SLURM_CONF"] = cluster.configuration;
  });
  afterAll(async () => {
    if (before === undefined) delete process.env["SLURM_CONF"];
    else process.env["SLURM_CONF"] = before;
    await cluster?.stop();
  });

  test("a queued study, one part of which is killed and started again, gives bit for bit what it gives here", async (t) => {
    const folder = temporaryFolder(t);
    const at = (...names: string[]) => path.join(folder, ...names);
    simulatedProject(folder, "--snr", "2");
    neutralModel(folder);
    writeFileSync(at("qsub.sh"), relionTemplate);
    const study = ["study", "seeds", ...data, ...small, ...words("--seeds 1,2")];
    const queue = words("--queue qsub.sh --queue-cpus 1 --queue-set queue=main --queue-set extra1=a");
    const preview = succeed(folder, ...study, "--out", "queued", ...queue, "--queue-preview");
    assert.match(preview, /^# sbatch .*--array=1-2 /m);
    assert.match(preview, /^# sbatch .*--array=1-1 .*--dependency=afterok:/m);
    assert.match(preview, /^#SBATCH --partition=main\n#SBATCH --cpus-per-task=1$/m);
    assert.ok(!existsSync(at("queued")));

    const submitted = succeed(folder, ...study, "--out", "queued", ...queue);
    const [, parts] = /^parts: job (\d+), 2 tasks\ncomparison: job \d+$/m.exec(submitted)!;

    const checkpoint = at("queued/seed_1/run/weights.safetensors");
    await until("a checkpoint", () => existsSync(checkpoint));
    const epochs = () =>
      readFileSync(at("queued/seed_1/run/history.csv"), "utf8").trim().split("\n").length - 1;
    cluster.command("scontrol", "requeue", `${parts}_1`);
    assert.ok(epochs() < 200, "the part was complete before it was killed");
    const isBack = async () => {
      const [{ state, reason }] = (await e2.jobs.list(at("queued"))) as [e2.jobs.JobStatus];
      return state === "waiting" && reason === "BeginTime";
    };
    await until("the job to be in the queue again", isBack);
    // Another shell finds the jobs; a second submission does not start them twice.
    assert.match(succeed(folder, "jobs"), /^queued\/jobs 2 comparison, \d+: waiting/m);
    const twice = e2gmm(folder, ...study, "--out", "queued", ...queue);
    assert.match(twice.err, /expected no jobs that are not finished/);
    // Slurm would wait for two minutes.
    cluster.command("scontrol", "update", `jobid=${parts}_1`, "StartTime=now");
    const ended = await e2.jobs.wait(at("queued"));
    assert.deepEqual(
      ended.map(({ name, task, state, restarts }) => [name, task, state, restarts]),
      [
        ["parts", 1, "complete", 1],
        ["parts", 2, "complete", 0],
        ["comparison", 1, "complete", 0],
      ],
    );

    succeed(folder, ...study, ...words("--out here --jobs 2"));
    const text = (name: string) =>
      [at("here", name), at("queued", name)].map((file) => readFileSync(file, "utf8"));
    for (const name of [
      "study.json",
      "seed_1/run/latents.csv",
      "seed_2/run/latents.csv",
      "seed_1/run/evidence.json",
    ]) {
      const [here, queued] = text(name);
      assert.equal(queued, here, name);
    }
    for (const seed of ["seed_1", "seed_2"]) {
      const [here, queued] = ["here", "queued"].map((study) =>
        weights(at(study, seed, "run/weights.safetensors")),
      );
      assert.ok(here!.length > 1000 && here!.equals(queued!), seed);
    }

    // A training by a template of cryoSPARC, stopped and continued: the same as the first part of the study.
    writeFileSync(at("cluster_script.sh"), cryosparcTemplate);
    const train = [
      "train",
      ...data,
      ...small,
      ...words("--seed 1 --out run --queue . --queue-memory 1 --queue-cpus 1"),
    ];
    const first = succeed(folder, ...train);
    assert.match(first, /^train: job \d+$/m);
    await until("a checkpoint", () => existsSync(at("run/weights.safetensors")));
    await e2.jobs.cancel(at("run"));
    await assert.rejects(
      e2.jobs.wait(at("run")),
      /expected jobs that end well, found train, task 1: stopped/,
    );
    assert.match(succeed(folder, "jobs", "log", "run"), /e2gmm: stopped after epoch \d+; to continue: /);
    assert.equal(JSON.parse(readFileSync(at("run/run.json"), "utf8")).status === "complete", false);
    // What follows waits for it.
    succeed(folder, "jobs", "resume", "run");
    const sets = words("latent run --clusters 2 --out sets --queue slurm --queue-cpus 1 --queue-after run");
    succeed(folder, ...sets);
    assert.match(succeed(folder, "jobs", "wait", "sets"), /^sets: 1 task is complete/m);
    assert.ok(existsSync(at("sets/sets.csv")));
    assert.equal(
      readFileSync(at("run/latents.csv"), "utf8"),
      readFileSync(at("here/seed_1/run/latents.csv"), "utf8"),
    );
    assert.match(succeed(folder, "jobs", "resume", "run"), /^run: all jobs are complete/m);
  });

  test("images that are divided among the tasks of an array give the map of the same parts made here, bit for bit", async (t) => {
    const folder = temporaryFolder(t);
    const at = (name: string) => path.join(folder, name);
    simulatedProject(folder);
    twoOpticsGroups(folder);
    const map = words("reconstruct --particles sim/particles.star --threads 1 --out");
    const queue = words("--queue slurm --queue-cpus 1 --queue-parts 2");
    const submitted = succeed(folder, ...map, "queued.mrc", ...queue);
    assert.match(submitted, /^sums: job \d+, 2 tasks\nreconstruct: job \d+$/m);
    await e2.jobs.wait(at("queued.mrc"));
    for (const part of ["1/2", "2/2"]) succeed(folder, ...map, "here.mrc", "--part", part);
    succeed(folder, ...map, "here.mrc");
    for (const half of ["", "_half1", "_half2"]) {
      const [queued, here] = ["queued", "here"].map((name) =>
        readFileSync(at(`${name}${half}.mrc`)).subarray(1024),
      );
      assert.ok(here!.length > 1000 && here!.equals(queued!), `map${half}`);
    }
    assert.ok(!existsSync(at("queued_sums")));
  });
});
