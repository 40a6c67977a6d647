import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { skipIf } from "../requirement";
import { contents, launcher, neutralModel, type Outcome, simulatedProject, succeed, words } from "./command";

/** On Ctrl-C and the signals of cluster schedulers, the work stops at its next step and leaves no partial output. */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-stop-"));
  simulatedProject(folder);
  neutralModel(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a command, sends it a signal when `when` returns true for its stdout, and waits for its end. */
function stopped(args: string[], signal: NodeJS.Signals, when: (out: string) => boolean): Promise<Outcome> {
  const child = spawn(process.execPath, [launcher, ...args], { cwd: folder });
  let out = "";
  let err = "";
  let sent = false;
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text;
    if (sent || !when(out)) return;
    sent = true;
    child.kill(signal);
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

const training = (out: string) => [
  ...words("train --particles sim/particles.star --model model.txt --latent 1 --epochs 40"),
  ...["--backend", "wasm", "--seed", "7", "--out", out],
];

test("a training that is stopped twice and resumed gives byte-identical latents", async () => {
  succeed(folder, ...training("whole"));
  const first = await stopped(training("parts"), "SIGINT", (out) => out.includes("epoch 3 of 40"));
  assert.equal(first.code, 130, first.err);
  assert.match(
    first.err,
    /^e2gmm: stopped after epoch \d+; to continue: e2gmm train --out parts --resume\n$/,
  );
  assert.ok(!readdirSync(path.join(folder, "parts")).some((name) => name.endsWith(".part")));
  const resuming = ["train", "--out", "parts", "--resume", "--backend", "wasm"];
  const second = await stopped(resuming, "SIGTERM", (out) => (out.match(/^epoch/gm)?.length ?? 0) === 3);
  assert.equal(second.code, 143, second.err);
  assert.match(second.err, /^e2gmm: stopped after epoch /);
  const last = succeed(folder, ...resuming);
  assert.match(last, /^epoch 40 of 40/m);
  assert.doesNotMatch(last, /^epoch [1-5] of 40/m);
  const read = (run: string) => readFileSync(path.join(folder, run, "latents.csv"), "utf8");
  assert.equal(read("parts"), read("whole"));
});

test("a training that is stopped before it starts leaves nothing", async () => {
  const before = contents(folder);
  const { code, err } = await stopped(training("never"), "SIGINT", (out) => out.includes("60 particles"));
  assert.equal(code, 130);
  assert.match(err, /^e2gmm: stopped before training started; nothing was written\n$/);
  assert.deepEqual(contents(folder), before);
});

test("any other command that is stopped leaves nothing", async () => {
  const before = contents(folder);
  // Long enough to be running when the signal arrives.
  const simulation = ["simulate", "linear", "--particles-per-state", "2000", "--out", "large"];
  const child = spawn(process.execPath, [launcher, ...simulation], { cwd: folder });
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  while (Object.keys(contents(folder)).length < Object.keys(before).length + 2 && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill("SIGINT");
  assert.equal(await ended, 130);
  assert.equal(err, "e2gmm: stopped; nothing was written\n");
  assert.deepEqual(contents(folder), before);
});

test("states that are stopped say what is there, and that --resume goes on with it", async () => {
  const rows = Array.from({ length: 60 }, (_, i) => `${i}`);
  writeFileSync(path.join(folder, "z.csv"), `z1\n${rows.join("\n")}\n`);
  const given = [
    ...words("states --particles sim/particles.star --places z.csv --nearest 20 --grid 200"),
    ...["--out", "many"],
  ];
  const child = spawn(process.execPath, [launcher, ...given], { cwd: folder });
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  while (!existsSync(path.join(folder, "many/state_001.mrc")) && child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGINT");
  assert.equal(await ended, 130, err);
  const [, states] =
    /^e2gmm: stopped; (\d+) states are finished.*; the same command goes on with --resume \(from many\)$/m.exec(
      err,
    )!;
  assert.equal(
    readdirSync(path.join(folder, "many")).filter((name) => /^state_\d+\.mrc$/.test(name)).length,
    Number(states),
  );
  assert.match(succeed(folder, ...given, "--resume"), new RegExp(`${states} states of before`));
});

test("a reader that closes the pipe early is no failure", async () => {
  const child = spawn(
    process.execPath,
    [launcher, "fsc", "sim/consensus.mrc", "sim/consensus.mrc", "--out", "t.txt"],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  child.stdout.destroy();
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  assert.deepEqual({ code, err }, { code: 0, err: "" });
  assert.match(readFileSync(path.join(folder, "t.txt"), "utf8"), /^shell\t/);
  rmSync(path.join(folder, "t.txt"));
});

test(
  "a result that cannot be written is a failure",
  skipIf(existsSync("/dev/full") ? false : "no /dev/full"),
  () => {
    const full = openSync("/dev/full", "w");
    const args = words("fsc sim/consensus.mrc sim/consensus.mrc");
    const { status, stderr } = spawnSync(process.execPath, [launcher, ...args], {
      cwd: folder,
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    closeSync(full);
    assert.deepEqual({ status, stderr }, { status: 1, stderr: "e2gmm: stdout: no space left on the disk\n" });
  },
);
