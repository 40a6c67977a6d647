import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { skipIf } from "../requirement";
import { haveProgram, runProgram, temporaryFolder } from "../testing";
import { e2gmm, launcher, simulatedProject, succeed, words } from "./command";
import { maskFile } from "./mrc";

/** `e2gmm relion` as an External job of RELION, whose programs read what it writes. */

const skip = haveProgram("relion_star_handler") ? false : "no RELION";

const job = "External/job001/";
const inputs = words("--in_parts sim/particles.star --in_3dref sim/consensus.mrc --in_mask mask.mrc --j 2");
const small = words("--resolution 20 --latent 1 --epochs 2 --clusters 2 --poses file --quiet");
const command = ["relion", "--o", job, ...inputs, ...small, "--pipeline_control", job];

function project(t: TestContext): (name: string) => string {
  const folder = temporaryFolder(t);
  simulatedProject(folder, "--snr", "5");
  // Names of stacks are relative to the project.
  const star = path.join(folder, "sim/particles.star");
  writeFileSync(star, readFileSync(star, "utf8").replaceAll("@particles.mrcs", "@sim/particles.mrcs"));
  const ball = (x: number, y: number, z: number) => Math.hypot(x, y, z) < 0.45;
  writeFileSync(path.join(folder, "mask.mrc"), maskFile(ball, 32, 4));
  // RELION makes the folder of a job and writes into it before the job starts.
  mkdirSync(path.join(folder, job), { recursive: true });
  writeFileSync(path.join(folder, job, "run.out"), "");
  return (name) => path.join(folder, name);
}

test("a job writes its particles, output nodes and success, and RELION reads them", skipIf(skip), (t) => {
  const at = project(t);
  succeed(at("."), ...command);
  assert.ok(existsSync(at(`${job}RELION_JOB_EXIT_SUCCESS`)));
  const nodes = readFileSync(at(`${job}RELION_OUTPUT_NODES.star`), "utf8");
  assert.match(nodes, /data_output_nodes\n\nloop_\n_rlnPipeLineNodeName #1\n_rlnPipeLineNodeTypeLabel #2/);
  for (const name of ["particles.star", "sets/set_1.star", "sets/set_2.star"]) {
    assert.match(nodes, new RegExp(`\\n${job}${name} ParticleGroupMetadata\\.star\\.relion 3\\n`));
    assert.ok(existsSync(at(job + name)));
  }
  const select = words(
    `--i ${job}particles.star --o first.star --select rlnClassNumber --minval 1 --maxval 1`,
  );
  runProgram("relion_star_handler", select, at("."));
  const rows = (file: string) => readFileSync(at(file), "utf8").match(/@/g)?.length;
  assert.equal(rows("first.star"), rows(`${job}sets/set_1.star`));
  assert.match(readFileSync(at("first.star"), "utf8"), /_e2gmmLatent1/);
  runProgram("relion_reconstruct", words(`--i ${job}particles.star --o map.mrc --ctf --maxres 20`), at("."));
  // The same command again has nothing left to do.
  succeed(at("."), ...command);
});

test("a job that fails says so, and leaves no success", (t) => {
  const at = project(t);
  const { code } = e2gmm(at("."), ...command.map((word) => word.replace("sim/particles.star", "none.star")));
  assert.equal(code, 1);
  assert.ok(existsSync(at(`${job}RELION_JOB_EXIT_FAILURE`)));
  assert.ok(!existsSync(at(`${job}RELION_JOB_EXIT_SUCCESS`)));
  assert.ok(!existsSync(at(`${job}RELION_OUTPUT_NODES.star`)));
});

test("RELION's Abort stops a job, and Continue goes on", async (t) => {
  const at = project(t);
  const long = command.map((word, i) => (command[i - 1] === "--epochs" ? "80" : word));
  const child = spawn(process.execPath, [launcher, ...long], { cwd: at("."), stdio: "ignore" });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let code: number | null | undefined;
  void ended.then((found) => {
    code = found;
  });
  while (code === undefined && !existsSync(at(`${job}run/history.csv`)))
    await new Promise((resolve) => setTimeout(resolve, 50));
  writeFileSync(at(`${job}RELION_JOB_ABORT_NOW`), "");
  assert.notEqual(await ended, 0);
  assert.ok(existsSync(at(`${job}RELION_JOB_EXIT_ABORTED`)));
  assert.ok(!existsSync(at(`${job}RELION_JOB_ABORT_NOW`)));
  const epochs = () =>
    readFileSync(at(`${job}run/history.csv`), "utf8")
      .trim()
      .split("\n").length - 1;
  assert.ok(epochs() < 80, String(epochs()));
  succeed(at("."), ...long);
  assert.equal(epochs(), 80);
  assert.ok(existsSync(at(`${job}RELION_JOB_EXIT_SUCCESS`)));
});
