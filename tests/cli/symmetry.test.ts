import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { refuses, succeed, words } from "./command";

/** From the particles of a ring of three units, one of which is missing in most of them, to the units of each particle. */

let folder: string;
let grown: string;
let trained: string;
const rows = (name: string) => readFileSync(path.join(folder, name), "utf8").trim().split("\n");
const images = (name: string) => rows(name).filter((line) => line.includes("@"));

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-symmetry-"));
  const design = words(
    "--symmetry C3 --unit missing --particles 60 --box-size 32 --apix 6 --snr 4 --out sim",
  );
  succeed(folder, "simulate", "symmetric", ...design);
  const model = words("--map sim/consensus.mrc --resolution 24 --gaussians 31 --symmetry c3 --out model.txt");
  grown = succeed(folder, "neutral", ...model);
  const training = words(
    "--model model.txt --symmetry C3 --latent 1 --vary amplitude --epochs 6 --hidden 32",
  );
  trained = succeed(
    folder,
    ...words("train --particles sim/particles.star --batch-size 12 --out run"),
    ...training,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("neutral builds a symmetric model, and writes a mask of its unit", () => {
  // 31 Gaussians cannot be divided by three.
  assert.match(grown, /^model\.txt: 30 Gaussians/m);
  assert.match(grown, /^model_unit\.mrc: the most compact asymmetric unit, 10 Gaussians around/m);
  assert.equal(rows("model.txt").filter((line) => !line.startsWith("#")).length, 30);
});

test("train gives every unit its coordinates, and writes those of a particle in a row", () => {
  assert.match(trained, /each with 10 of its 10 Gaussians \(30 in all\)/);
  assert.match(trained, /run: latent coordinates of 3 copies of each of 60 particles/);
  assert.equal(rows("run/latents.csv").length, 181);
  assert.equal(rows("run/symmetry.csv").length, 61);
});

test("units writes correlations, the mask of what varied, and a particle with all its units", () => {
  const printed = succeed(
    folder,
    ...words("units run --out units.csv --mask-out varied.mrc --particle 3 --model-out particle.txt"),
  );
  assert.match(printed, /^units\.csv: C3, 60 particles of 3 units, 95 % intervals$/m);
  const [header, row, ...rest] = rows("units.csv");
  assert.equal(header, "axis,neighbour,angle_degrees,distance_angstrom,pairs,r,low,high,reliability");
  assert.equal(rest.length, 0);
  const fields = row!.split(",");
  const [r, low, high] = fields.slice(5, 8).map(Number) as [number, number, number];
  assert.deepEqual([fields[0], fields[1], fields[4]], ["z1", "1", "3"]);
  // At most one unit is missing.
  assert.ok(low <= r && r <= high && r < 0, `r ${r}`);
  assert.match(printed, /^varied\.mrc: 10 of 30 Gaussians/m);
  assert.equal(rows("particle.txt").filter((line) => !line.startsWith("#")).length, 30);
});

test("sets consist of units, whose particles can be written, too", () => {
  succeed(folder, ...words("latent run --clusters 2 --out sets"));
  const sets = ["sets/set_1", "sets/set_2"];
  const counts = sets.map((set) => rows(`${set}.txt`).length);
  assert.equal(counts[0]! + counts[1]!, 180);
  assert.deepEqual(
    sets.map((set) => images(`${set}.star`).length),
    counts,
  );
  const fewer = counts[0]! < counts[1]! ? sets[0]! : sets[1]!;
  const printed = succeed(folder, "units", "run", "--select", `${fewer}.txt`, "--particles-out", "some.star");
  const particles = new Set(rows(`${fewer}.txt`).map((row) => Math.floor(Number(row) / 3)));
  assert.match(printed, new RegExp(`^some\\.star: ${particles.size} particles`, "m"));
  const all = images("sim/particles.star");
  assert.deepEqual(
    images("some.star"),
    [...particles].map((i) => all[i]),
  );
  // A map of the units is reconstructed from the written copies.
  succeed(folder, "reconstruct", "--particles", `${fewer}.star`, ...words("--data-folder sim --out set.mrc"));
});

test("reconstruct uses the symmetry", () => {
  succeed(folder, ...words("reconstruct --particles sim/particles.star --symmetry C3 --out symmetric.mrc"));
});

test("what does not fit is refused", () => {
  refuses(folder, words("units run"), /--out, --mask-out, --model-out or --particles-out/);
  refuses(folder, words("units run --particle 60 --model-out x.txt"), /--particle: .*from 0 to 59/);
  refuses(folder, words("units run --model-out x.txt"), /--particle: expected with --model-out/);
  const data = words("--particles sim/particles.star --model model.txt");
  refuses(folder, ["train", ...data, ...words("--symmetry C3v --out x")], /--symmetry: expected Cn, Dn/);
  refuses(folder, words("train --out run --resume --symmetry C6"), /--symmetry: expected C3, as the run/);
  refuses(
    folder,
    words("neutral --map sim/consensus.mrc --resolution 24 --symmetry T --out t.txt"),
    /symmetry T about its centre/,
  );
});
