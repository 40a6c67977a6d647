// The files that every example of the documentation may count on, made anew in a folder:
// particles.star and particles.mrcs (200 simulated particles with CTF, box 32, 3 Å/pixel), truth.csv, consensus.mrc,
// half1.mrc, half2.mrc, mask.mrc, neutral.txt (24 Gaussians), start.pdb (a carbon atom in place of each) and RUN (a finished
// training with two latent dimensions).
import { execFileSync } from "node:child_process";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { root } from "./publicSymbols.mjs";

const command = path.join(root, "kernel-lib/bin/e2gmm.js");

/** @param {string} folder made by this function; its parent exists */
export async function makeFixture(folder) {
  const e2gmm = (words, ...files) =>
    execFileSync(process.execPath, [command, ...words.split(" "), ...files, "--quiet"], {
      cwd: path.dirname(folder),
      stdio: ["ignore", "ignore", "pipe"],
    });
  const at = (name) => path.join(folder, name);
  e2gmm("simulate linear --states 10 --particles-per-state 20 --box 32 --apix 3 --ctf --out", folder);
  e2gmm("neutral --resolution 9 --gaussians 24 --map", at("consensus.mrc"), "--out", at("neutral.txt"));
  e2gmm("reconstruct --particles", at("particles.star"), "--out", at("all.mrc"));
  renameSync(at("all_half1.mrc"), at("half1.mrc"));
  renameSync(at("all_half2.mrc"), at("half2.mrc"));
  for (const rest of ["all.mrc", "all_fsc.txt", "neutral_frc.csv"]) rmSync(at(rest), { force: true });
  const inputs = ["--particles", at("particles.star"), "--model", at("neutral.txt")];
  e2gmm(
    "train --latent 2 --epochs 3 --vary position --hidden 32,32 --backend cpu",
    ...inputs,
    "--out",
    at("RUN"),
  );
  const e2 = createRequire(import.meta.url)(path.join(root, "kernel-lib"));
  writeFileSync(at("start.pdb"), carbons(await e2.model.readText(at("neutral.txt"))));
  await e2.maps.write(at("mask.mrc"), e2.maps.densityMask(await e2.maps.read(at("consensus.mrc"))));
}

/** PDB text of a residue with one carbon atom for each Gaussian. */
function carbons({ count, params, boxSize, apix }) {
  const lines = Array.from({ length: count }, (_, i) => {
    const place = [0, 1, 2].map((axis) => (params[axis * count + i] + 0.5) * boxSize * apix);
    const columns = place.map((x) => x.toFixed(3).padStart(8)).join("");
    const number = String(i + 1).padStart(4);
    return `ATOM   ${number}  CA  ALA A${number}    ${columns}  1.00  0.00           C`;
  });
  return `${lines.join("\n")}\nEND\n`;
}
