import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import * as e2 from "e2gmm";
import { makeRows, small } from "./millionData";
import type { Usage } from "./usage";

/*
 * `npm run bench -- million --folder FOLDER [--only step,…] [--rows 100000,1000000] [--images 10000,100000]`: processor time, time by the
 * clock and peak memory of each step of a user's way with a million particles, and what follows for ten million. Rows are tiles of a small
 * set: they name its images again and again. Steps that read every image are measured with fewer (`--images`). Each step is a process of its
 * own, measured with two numbers of rows; a line through both gives the estimates. Results are kept in FOLDER/million.jsonl, and a second
 * call measures what is missing.
 */

/** A step: arguments of the command `e2gmm`, or what is called in the library. */
interface Step {
  name: string;
  /** Whether it reads all images. */
  images?: true;
  command?: (at: (name: string) => string, out: string) => string[];
  call?: (at: (name: string) => string) => Promise<unknown>;
}

const opened = async (file: string) => {
  const set = await e2.particles.open(file);
  set.rotations();
  set.shifts();
  await set.close();
};

const map = "../small/consensus.mrc";
const steps: Step[] = [
  { name: "read STAR", call: (at) => opened(at("particles.star")) },
  { name: "read .cs", call: (at) => opened(at("particles.cs")) },
  { name: "read .lst, CTF from HDF5 headers", call: (at) => opened(at("particles.lst")) },
  { name: "check", command: (at) => ["check", "--particles", at("particles.star"), "--map", at(map)] },
  {
    name: "train, 1 epoch",
    images: true,
    command: (at, out) => [
      ...["train", "--particles", at("particles.star"), "--model", at("../model.txt"), "--poses", "file"],
      ..."--latent 2 --epochs 1 --coarse-epochs 0 --out".split(" "),
      out,
    ],
  },
  {
    name: "places in a run",
    images: true,
    command: (at, out) => ["place", at("run"), "--particles", at("particles.star"), "--out", out],
  },
  { name: "evidence, 2,000 held out", command: (at) => ["evidence", at("run"), "--particles", "2000"] },
  {
    name: "places of a run",
    call: async (at) => {
      const run = await e2.openRun(at("run"));
      await run.latents();
      run.close();
    },
  },
  {
    name: "leaks, a sample",
    call: async (at) => {
      const run = await e2.openRun(at("run"));
      await run.leaks({});
      run.close();
    },
  },
  {
    name: "k-means, 8 sets",
    command: (at, out) => ["latent", at("run"), "--clusters", "8", "--method", "kmeans", "--out", out],
  },
  {
    name: "mixture, number found",
    command: (at, out) => ["latent", at("run"), "--clusters", "auto", "--by", "places", "--out", out],
  },
  {
    name: "density clusters",
    command: (at, out) => ["latent", at("run"), "--method", "density", "--out", out],
  },
  { name: "UMAP", command: (at, out) => ["latent", at("run"), "--umap", "--out", out] },
  {
    name: "population, Å",
    command: (at, out) => ["latent", at("run"), "--population", "--angstrom", "--out", out],
  },
  {
    name: "explorer: open, colour, select half, set, picture",
    call: async (at) => {
      const explorer = await e2.explore(at("run"));
      const { count } = explorer.particles!;
      explorer.scatter.select(Int32Array.from({ length: count / 2 }, (_, i) => 2 * i));
      explorer.setFromSelection("half");
      explorer.picture();
      explorer.close();
    },
  },
  { name: "interactive page", command: (at, out) => ["page", at("run"), "--out", `${out}.html`] },
  {
    name: "reconstruct",
    images: true,
    command: (at, out) => ["reconstruct", "--particles", at("particles.star"), "--out", `${out}.mrc`],
  },
  {
    name: "states, 8 of a tenth each",
    images: true,
    command: (at, out) => ["states", at("run"), "--clusters", "8", "--out", out],
  },
];

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    folder: { type: "string" },
    only: { type: "string" },
    rows: { type: "string", default: "100000,1000000" },
    images: { type: "string", default: "10000,100000" },
    one: { type: "string" },
  },
});

/** A line of the table: a step with a number of rows. */
interface Measured extends Usage {
  step: string;
  rows: number;
}

async function measure(step: Step, folder: string, rows: number): Promise<Measured> {
  const at = await makeRows(folder, rows);
  const scratch = path.join(folder, "scratch");
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch);
  const usage = path.join(scratch, "usage.json");
  const program = step.command
    ? [
        path.resolve(__dirname, "../../../kernel-lib/bin/e2gmm.js"),
        ...step.command((name) => path.join(at, name), path.join(scratch, "out")),
      ]
    : [__filename, "--folder", at, "--one", step.name];
  const { status } = spawnSync(
    process.execPath,
    ["--require", path.join(__dirname, "usage.js"), ...program],
    {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, E2GMM_USAGE: usage },
    },
  );
  if (status !== 0) throw new Error(`${step.name}, ${rows} rows: it failed`);
  const measured = { step: step.name, rows, ...(JSON.parse(readFileSync(usage, "utf8")) as Usage) };
  rmSync(scratch, { recursive: true, force: true });
  return measured;
}

/** A number at so many rows, by a line through two measurements. */
function estimate([a, b]: [Measured, Measured], of: "cpu" | "peak", rows: number): number {
  const slope = (b[of] - a[of]) / (b.rows - a.rows);
  return b[of] + Math.max(0, slope) * (rows - b.rows);
}

async function main(): Promise<void> {
  const { folder, only, one } = values;
  if (folder === undefined) throw new Error("--folder: expected a folder for the data, found none");
  if (one !== undefined) {
    await steps.find(({ name }) => name === one)!.call!((name) => path.join(folder, name));
    // An explorer keeps its threads.
    process.exit(0);
  }
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "million.jsonl");
  const known = existsSync(file)
    ? readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Measured)
    : [];
  console.log(
    `${availableParallelism()} processors, load ${loadavg()[0]!.toFixed(1)}; tiles of ${small.particles} images of ${small.box}²`,
  );
  console.log("| step | rows | CPU, s | clock, s | peak, MB | CPU and peak at 10⁶ | at 10⁷ |");
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  const wanted = only?.split(",");
  for (const step of steps) {
    if (wanted && !wanted.some((name) => step.name.startsWith(name))) continue;
    const both: Measured[] = [];
    for (const rows of (step.images ? values.images : values.rows).split(",").map(Number)) {
      let measured = known.find((before) => before.step === step.name && before.rows === rows);
      if (!measured) {
        measured = await measure(step, folder, rows);
        appendFileSync(file, `${JSON.stringify(measured)}\n`);
      }
      both.push(measured);
    }
    for (const [i, { rows, cpu, wall, peak }] of both.entries()) {
      const pair = i === 1 ? (both as [Measured, Measured]) : undefined;
      const at = (n: number) =>
        pair
          ? `${estimate(pair, "cpu", n).toFixed(0)} s, ${(estimate(pair, "peak", n) / 1000).toFixed(1)} GB`
          : "";
      const cells = [step.name, rows, cpu.toFixed(1), wall.toFixed(1), peak.toFixed(0), at(1e6), at(1e7)];
      console.log(`| ${cells.join(" | ")} |`);
    }
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
