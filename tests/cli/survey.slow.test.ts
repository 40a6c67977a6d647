import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import * as e2 from "e2gmm";
import { describe, test } from "vitest";
import { temporaryFolder } from "../testing";
import { launcher, refuses, words } from "./command";

/** Runs a command; a training may take longer than other tests allow. */
function succeed(folder: string, ...args: string[]): void {
  execFileSync(process.execPath, [launcher, ...args, "--quiet"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

const training = words(
  "--particles data/particles.star --model neutral.txt --epochs 6 --batch-size 8 --hidden 64,64 --latent auto --out run",
);

/** Particles of 32² pixels at a high signal, and a neutral model of 48 Gaussians. */
function project(folder: string, design: string): void {
  succeed(
    folder,
    "simulate",
    ...words(design),
    ...words("--box-size 32 --apix 4 --snr 1 --range 0.12 --out data"),
  );
  const model = words("--resolution 12 --gaussians 48 --out neutral.txt");
  succeed(folder, "neutral", "--map", "data/consensus.mrc", ...model);
}

/** Largest change of positions, and of amplitudes and widths, from −1.5 to 1.5 along an axis. */
function changes(run: e2.training.Run, axis: number): { position: number; density: number } {
  const at = (value: number) =>
    run.decode(Array.from({ length: run.latent }, (_, d) => (d === axis ? value : 0)));
  const [low, high] = [at(-1.5), at(1.5)];
  const largest = (from: number, to: number) =>
    low.params
      .slice(from * low.count, to * low.count)
      .reduce((most, value, i) => Math.max(most, Math.abs(high.params[from * low.count + i]! - value)), 0);
  return { position: largest(0, 3), density: largest(3, 5) };
}

/** |r| of each axis with a column of the truth. */
async function correlations(run: e2.training.Run, column: string): Promise<number[]> {
  const text = await readFile(path.join(path.dirname(run.record.inputs.particles), "truth.csv"), "utf8");
  const [head, ...rows] = text.trim().split("\n");
  const at = head!.split(",").indexOf(column);
  const truth = rows.map((row) => Number(row.split(",")[at]));
  const { refined } = await run.latents();
  return Array.from({ length: run.latent }, (_, d) => {
    const own = truth.map((_, i) => refined[i * run.latent + d]!);
    return Math.abs(pearson(own, truth));
  });
}

function pearson(a: number[], b: number[]): number {
  const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  const product = (x: number[], mx: number, y: number[], my: number) =>
    mean(x.map((value, i) => (value - mx) * (y[i]! - my)));
  return product(a, ma, b, mb) / Math.sqrt(product(a, ma, a, ma) * product(b, mb, b, mb));
}

describe("a training that chooses the number of axes", () => {
  test("finds a motion and a composition, keeps them apart, and goes on after an interruption", async (t) => {
    const folder = temporaryFolder(t);
    project(folder, "linear-occupancy --states 10 --particles-per-state 80 --seed 1");
    // Stopped after an epoch, so that the survey is read from run.json by the rest of the training.
    const controller = new AbortController();
    const at = (name: string) => path.join(folder, name);
    const stopped = e2.train({
      ...{ particles: at("data/particles.star"), model: at("neutral.txt"), out: at("run") },
      options: { epochs: 6, batchSize: 8, hidden: [64, 64] },
      signal: controller.signal,
      onEpoch: () => controller.abort(),
    });
    await assert.rejects(stopped, e2.StoppedError);
    refuses(folder, words("train --out run --resume --latent 3"), /--latent/);
    succeed(folder, ...words("train --out run --resume --latent auto"));
    const run = await e2.openRun(at("run"));
    const { survey, options, status } = run.record;
    assert.equal(status, "complete");
    assert.equal(run.latent, 2, survey!.sentence);
    assert.equal(options.latent, 2);
    assert.deepEqual(options.roles, survey!.roles);
    assert.equal(survey!.axes.length, 6);
    assert.match(survey!.sentence, /2 axes: 1 of conformation, 1 of composition/);
    const [motion, composition] = [run.roles.position[0]!, run.roles.density[0]!];
    assert.deepEqual(run.roles, { position: [motion], density: [1 - motion] });
    assert.ok(changes(run, motion).position > 0.05);
    assert.equal(changes(run, motion).density, 0);
    assert.equal(changes(run, composition).position, 0);
    const [displacement, present] = [
      await correlations(run, "displacement"),
      await correlations(run, "present"),
    ];
    assert.ok(displacement[motion]! > 0.9, `along the motion ${displacement}`);
    assert.ok(present[composition]! > 0.9, `along the composition ${present}`);
    run.close();
  });

  test("finds that a linear motion needs one axis", async (t) => {
    const folder = temporaryFolder(t);
    project(folder, "linear --states 10 --particles-per-state 160 --seed 1");
    succeed(folder, "train", ...training);
    const run = await e2.openRun(path.join(folder, "run"));
    const { survey } = run.record;
    assert.equal(run.latent, 1, survey!.sentence);
    const [r] = await correlations(run, "displacement");
    assert.ok(r! > 0.9, `r ${r}`);
    run.close();
  });
});
