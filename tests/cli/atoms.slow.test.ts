import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import * as e2 from "e2gmm";
import { test } from "vitest";
import { skipIf } from "../requirement";
import { repositoryRoot, sharedData, temporaryFolder } from "../testing";
import { launcher, words } from "./command";

const adk = sharedData("adk");

/** Runs a command; a training may take longer than other tests allow. */
function succeed(folder: string, ...args: string[]): void {
  execFileSync(process.execPath, [launcher, ...args, "--quiet"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** The start model, the run and the motion of adenylate kinase, by commands. */
function motionOfAdk(folder: string): void {
  const at = (name: string) => path.join(adk!, name);
  const model = words("--resolution 4.5 --gaussians 512 --out neutral.txt");
  succeed(folder, "neutral", "--map", at("consensus.mrc"), ...model);
  const training = words("--model neutral.txt --latent 1 --vary position --epochs 8 --out run");
  succeed(folder, "train", "--particles", at("particles.star"), ...training);
}

/** Median coordinate of the particles of a state of the truth. */
async function placeOfState(folder: string, state: number): Promise<number> {
  const run = await e2.openRun(path.join(folder, "run"));
  const { refined } = await run.latents();
  run.close();
  const rows = readFileSync(path.join(adk!, "truth.csv"), "utf8").trim().split("\n").slice(1);
  const found = refined.filter((_, i) => Number(rows[i]!.split(",")[1]) === state).sort();
  return found[found.length >> 1]!;
}

test(
  "adenylate kinase is carried from its open to its closed state within 1.5 Å, with its bonds, and NGL plays it",
  skipIf(!adk && "../shared/data/adk is missing"),
  async (t) => {
    const folder = temporaryFolder(t);
    motionOfAdk(folder);
    const [open, closed] = [await placeOfState(folder, 0), await placeOfState(folder, 14)];
    const state = (name: string) => path.join(adk!, "truth_models", `state_${name}.pdb`);
    const atoms = ["atoms", "run", "--model", state("00"), `--from=${open}`, `--to=${closed}`];
    succeed(folder, ...atoms, ...words("--frames 5 --out motion.cif --table motion.csv"));
    succeed(folder, ...atoms, ...words("--frames 3 --no-density --out motion.pdb"));
    const last = readFileSync(path.join(folder, "motion.cif"), "utf8").replaceAll(/^ATOM .* [1-4]\n/gm, "");
    const carried = await readText(folder, last);
    const truth = await e2.atoms.read(state("14"));
    const before = e2.atoms.rmsd(await e2.atoms.read(state("00")), truth, { name: "CA" });
    const after = e2.atoms.rmsd(carried, truth, { name: "CA" });
    assert.ok(before > 7.5 && after < 1.5, `${before} Å, then ${after} Å`);
    const rows = readFileSync(path.join(folder, "motion.csv"), "utf8").trim().split("\n").slice(1);
    for (const row of rows) assert.ok(Number(row.split(",").at(-2)) < 0.02, row);
    assert.deepEqual(await playedByNgl(path.join(folder, "motion.cif")), { atoms: carried.count, frames: 5 });
    assert.deepEqual(await playedByNgl(path.join(folder, "motion.pdb")), { atoms: carried.count, frames: 3 });
  },
);

async function readText(folder: string, text: string): Promise<e2.atoms.AtomModel> {
  const file = path.join(folder, "last.cif");
  writeFileSync(file, text);
  return e2.atoms.read(file);
}

/** What NGL reads from a file as a trajectory. Node lacks the browser's way of reading files. */
async function playedByNgl(file: string): Promise<{ atoms: number; frames: number }> {
  class FileReader {
    result: string | undefined;
    onload: ((event: { target: FileReader }) => void) | undefined;
    readAsText(blob: Blob): void {
      blob.text().then((text) => {
        this.result = text;
        this.onload?.({ target: this });
      });
    }
  }
  Object.assign(globalThis, { FileReader });
  const { autoLoad } = createRequire(path.join(repositoryRoot, "package.json"))("ngl");
  const ext = path.extname(file).slice(1);
  const structure = await autoLoad(new Blob([readFileSync(file)]), { ext, asTrajectory: true });
  return { atoms: structure.atomCount, frames: structure.frames.length };
}
