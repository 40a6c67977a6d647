import assert from "node:assert/strict";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { contents, e2gmm, neutralModel, refuses, simulatedProject, succeed, words } from "./command";

/** Every command refuses invalid input with a one-line error and leaves no output behind. */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-bad-"));
  simulatedProject(folder);
  neutralModel(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (...parts: string[]) => path.join(folder, ...parts);
const star = () => readFileSync(at("sim/particles.star"), "utf8");

/** Writes a copy of the simulated particles with changed STAR text and stack bytes. */
function broken(
  name: string,
  change: { star?: (text: string) => string; stack?: (file: string) => void },
): string {
  mkdirSync(at(name));
  cpSync(at("sim/particles.mrcs"), at(name, "particles.mrcs"));
  writeFileSync(at(name, "particles.star"), (change.star ?? ((text) => text))(star()));
  change.stack?.(at(name, "particles.mrcs"));
  return `${name}/particles.star`;
}

function overwrite(file: string, position: number, bytes: Uint8Array): void {
  const content = readFileSync(file);
  content.set(bytes, position);
  writeFileSync(file, content);
}

const int32 = (value: number) => new Uint8Array(Int32Array.of(value).buffer);
const float32 = (value: number) => new Uint8Array(Float32Array.of(value).buffer);

/** Both commands that read particle images. */
function neitherReads(particles: string, ...patterns: RegExp[]): void {
  refuses(folder, ["reconstruct", "--particles", particles, "--out", "map.mrc"], ...patterns);
  const training = [
    "train",
    "--particles",
    particles,
    "--model",
    "model.txt",
    "--epochs",
    "1",
    "--backend",
    "wasm",
  ];
  refuses(folder, [...training, "--out", "run"], ...patterns);
}

/** Changes the rows of the particle table: lines with an @ after the column of image names. */
const rows = (text: string, change: (row: string, i: number) => string) => {
  let i = 0;
  return text.replace(/^.*@.*$/gm, (row) => change(row, i++));
};

describe("particles", () => {
  test("a truncated stack", () => {
    const file = broken("truncated", { stack: (stack) => truncateSync(stack, 1024 + 10 * 4096 + 7) });
    neitherReads(file, /particles\.mrcs: expected 246784 bytes/, /found 41991 bytes, which hold 10 whole/);
  });

  test("a header with more images than the file", () => {
    const file = broken("promising", { stack: (stack) => overwrite(stack, 8, int32(5000)) });
    neitherReads(file, /particles\.mrcs: expected \d+ bytes for 5000 sections/, /found 246784 bytes/);
  });

  test("NaN pixels", () => {
    const file = broken("nan", {
      stack: (stack) => overwrite(stack, 1024 + 4 * (4 * 1024 + 3 * 32 + 9), float32(Number.NaN)),
    });
    neitherReads(file, /particles\.mrcs: section 5: expected finite values, found NaN at pixel x 9, y 3/);
  });

  test("images of a different size than in the optics table", () => {
    const file = broken("size", { star: (text) => text.replace(/^(opticsGroup1 .*) 32 2$/m, "$1 64 2") });
    refuses(
      folder,
      ["reconstruct", "--particles", file, "--out", "map.mrc"],
      /size\/particles\.mrcs: expected images of 64×64 pixels/,
      /size\/particles\.star, found 32×32/,
    );
    // Training notices the doubled box length first.
    const training = [
      "train",
      "--particles",
      file,
      "--model",
      "model.txt",
      "--backend",
      "wasm",
      "--out",
      "run",
    ];
    refuses(folder, training, /size\/particles\.(star|mrcs): expected images/);
  });

  test("a missing stack", () => {
    const file = broken("missing", { stack: (stack) => rmSync(stack) });
    neitherReads(file, /missing\/particles\.star: expected the image stack particles\.mrcs/, /no such file/);
  });

  test("a missing particle file", () => {
    neitherReads("nowhere.star", /nowhere\.star: expected a file, found no such file/);
  });

  test("missing angle columns", () => {
    const file = broken("angles", { star: (text) => text.replace("_rlnAngleTilt", "_rlnSomething") });
    neitherReads(
      file,
      /angles\/particles\.star: data_particles: expected .*_rlnAngleTilt.*found no _rlnAngleTilt/,
    );
    const projection = ["project", "--model", "model.txt", "--star", file, "--out", "stack.mrcs"];
    refuses(folder, projection, /found no _rlnAngleTilt/);
  });

  test("an image number of 0", () => {
    const file = broken("zero", {
      star: (text) => rows(text, (row, i) => (i === 3 ? row.replace(/0\d+@/, "000000@") : row)),
    });
    neitherReads(
      file,
      /zero\/particles\.star: row 4 \(line \d+\), column _rlnImageName: expected .* 1 or more/,
    );
  });

  test("an image number beyond the stack", () => {
    const file = broken("beyond", {
      star: (text) => rows(text, (row, i) => (i === 3 ? row.replace(/0\d+@/, "000061@") : row)),
    });
    neitherReads(file, /beyond\/particles\.star: row 4 .*expected an image from 1 to 60.*found number 61/);
  });

  test("text instead of a number", () => {
    const file = broken("text", {
      star: (text) => rows(text, (row, i) => (i === 5 ? row.replace(/^\S+/, "north") : row)),
    });
    neitherReads(
      file,
      /text\/particles\.star: row 6 \(line \d+\), column _rlnAngleRot: .*a number, found "north"/,
    );
  });

  test("a row with too few values", () => {
    const file = broken("ragged", {
      star: (text) => rows(text, (row, i) => (i === 5 ? row.replace(/^\S+ /, "") : row)),
    });
    neitherReads(file, /ragged\/particles\.star: row 6 \(line \d+\): expected 10 values.*found 9/);
  });

  test("a .star that is really HTML", () => {
    const page = "<!DOCTYPE html>\n<html><title>404 Not Found</title></html>\n";
    const file = broken("html", { star: () => page });
    neitherReads(file, /html\/particles\.star: expected a STAR file, found HTML.*<!DOCTYPE html>/);
  });

  test("an empty selection: no particles in the file, or no indices in the list", () => {
    neitherReads(
      broken("empty", { star: (text) => rows(text, () => "") }),
      /at least one particle, found none/,
    );
    writeFileSync(at("none.txt"), "# nothing was selected\n\n");
    const command = ["reconstruct", "--particles", "sim/particles.star", "--out", "map.mrc", "--select"];
    refuses(folder, [...command, "none.txt"], /none\.txt: expected at least one particle index, found none/);
  });

  test("a selection with an index out of range, text, or a repeated index", () => {
    const command = ["reconstruct", "--particles", "sim/particles.star", "--out", "map.mrc", "--select"];
    for (const [name, text, found] of [
      ["beyond.txt", "0\n60\n", /beyond\.txt: line 2: expected a particle index from 0 to 59, found "60"/],
      ["words.txt", "0\n1\ntwo\n", /words\.txt: line 3: .*found "two"/],
      ["half.txt", "0.5\n", /half\.txt: line 1: .*found "0\.5"/],
      ["minus.txt", "-1\n", /minus\.txt: line 1: .*found "-1"/],
      ["twice.txt", "4\n5 4\n", /twice\.txt: line 2: .*every particle once, found 4 again/],
    ] as const) {
      writeFileSync(at(name), text);
      refuses(folder, [...command, name], found);
    }
    refuses(folder, [...command, "gone.txt"], /gone\.txt: expected a file, found no such file/);
  });
});

describe("maps and models", () => {
  test("particles and model of different box length", () => {
    const text = readFileSync(at("model.txt"), "utf8");
    writeFileSync(at("large.txt"), text.replace(/^# apix .*/m, "# apix 11"));
    const training = ["train", "--particles", "sim/particles.star", "--backend", "wasm", "--out", "run"];
    const sizes = [
      /sim\/particles\.star: expected images as wide as the box of .*large\.txt/,
      /found 128\.0 Å/,
    ];
    refuses(folder, [...training, "--model", "large.txt"], ...sizes);
    const projection = ["project", "--star", "sim/particles.star", "--out", "stack.mrcs"];
    refuses(folder, [...projection, "--model", "large.txt"], ...sizes);
  });

  test("a map and a mask, or two maps, of different size", () => {
    succeed(folder, "reconstruct", "--particles", "sim/particles.star", "--box", "24", "--out", "coarse.mrc");
    refuses(
      folder,
      ["fsc", "sim/consensus.mrc", "coarse.mrc"],
      /coarse\.mrc: expected 32×32×32.*found 24×24×24/,
    );
    const neutral = ["neutral", "--map", "sim/consensus.mrc", "--resolution", "16", "--out", "other.txt"];
    // A reconstruction has values outside 0 … 1.
    refuses(
      folder,
      [...neutral, "--mask", "coarse.mrc"],
      /coarse\.mrc: voxel .*expected a value from 0 to 1/,
    );
    const map = readFileSync(at("sim/consensus.mrc"));
    new Float32Array(map.buffer, map.byteOffset + 1024).fill(1);
    writeFileSync(at("mask.mrc"), map);
    overwrite(at("mask.mrc"), 40, new Uint8Array(Float32Array.of(64, 64, 64).buffer));
    refuses(folder, [...neutral, "--mask", "mask.mrc"], /mask\.mrc: expected a box of 128\.0 Å \(32 voxels/);
    const training = words("train --particles sim/particles.star --model model.txt --backend wasm");
    refuses(
      folder,
      [...training, "--mask", "mask.mrc", "--out", "run"],
      /mask\.mrc: expected a box of 128\.0 Å/,
    );
    refuses(
      folder,
      [...training, "--rigid", "mask.mrc", "gone.mrc", "--out", "run"],
      /mask\.mrc: expected a box of 128\.0 Å/,
    );
    const fixed = words("--vary amplitude --out run");
    refuses(folder, [...training, "--rigid", "mask.mrc", ...fixed], /--rigid: expected positions that vary/);
  });

  test("sizes out of range are refused under the name of their option", () => {
    const reconstruct = words("reconstruct --particles sim/particles.star --out map.mrc");
    refuses(
      folder,
      [...reconstruct, "--box", "64"],
      /--box-size: expected an integer from 4 to 32, found 64/,
    );
    const neutral = words("neutral --map sim/consensus.mrc --out other.txt");
    refuses(folder, [...neutral, "--resolution", "5"], /--resolution: expected at least 8\.00 Å.*found 5 Å/);
    refuses(
      folder,
      [...neutral, ...words("--resolution 10 --box 16")],
      /--box-size: expected at least \d+ for 10 Å/,
    );
    const training = words("train --particles sim/particles.star --model model.txt --backend wasm --out run");
    refuses(
      folder,
      [...training, "--resolution", "500"],
      /--resolution: expected finer than 128 Å, found 500 Å/,
    );
  });

  test("a truncated map, a map with NaN, a map of zeros, and a text file", () => {
    const map = readFileSync(at("sim/consensus.mrc"));
    const neutral = (file: string) => ["neutral", "--map", file, "--resolution", "16", "--out", "other.txt"];
    writeFileSync(at("short.mrc"), map.subarray(0, 5000));
    refuses(folder, neutral("short.mrc"), /short\.mrc: expected 132096 bytes.*found 5000/);
    writeFileSync(at("nan.mrc"), map);
    overwrite(at("nan.mrc"), 1024, float32(Number.NaN));
    refuses(folder, neutral("nan.mrc"), /nan\.mrc: section 1: expected finite values, found NaN/);
    writeFileSync(at("zeros.mrc"), Buffer.from(map).fill(0, 1024));
    refuses(folder, neutral("zeros.mrc"), /zeros\.mrc: expected a density that varies, found 0/);
    refuses(folder, neutral("model.txt"), /model\.txt: /);
  });

  test("a model with text instead of a number, and a file that is no model", () => {
    const text = readFileSync(at("model.txt"), "utf8");
    const lines = text.split("\n");
    writeFileSync(at("word.txt"), [...lines.slice(0, 6), "0.1 0.1 zero 1 1", ...lines.slice(6)].join("\n"));
    const commands = [
      ["train", "--particles", "sim/particles.star", "--backend", "wasm", "--out", "run", "--model"],
      ["project", "--star", "sim/particles.star", "--out", "stack.mrcs", "--model"],
    ];
    for (const command of commands) {
      refuses(folder, [...command, "word.txt"], /word\.txt: line 7: expected a number .*found zero/);
      refuses(folder, [...command, "gone.txt"], /gone\.txt: /);
    }
    refuses(
      folder,
      [...commands[1]!, "sim/consensus.mrc"],
      /consensus\.mrc: expected a name that ends in .txt or .pdb/,
    );
  });
});

describe("outputs", () => {
  test("an input is never overwritten, even by another path", () => {
    const particles = ["--particles", "sim/particles.star"];
    for (const [link, input] of Object.entries({ "a.mrc": "particles.mrcs", "b.mrc": "particles.star" })) {
      symlinkSync(`sim/${input}`, at(link));
      refuses(folder, ["reconstruct", ...particles, "--out", `sim/../${link}`], /other than the input files/);
    }
    const project = ["project", "--model", "model.txt", "--star", "sim/particles.star"];
    refuses(folder, [...project, "--out", "sim/particles.mrcs"], /other than the input files/);
    writeFileSync(at("elsewhere.star"), star().replaceAll("@particles", "@sim/particles"));
    const moved = ["project", "--model", "model.txt", "--star", "elsewhere.star"];
    refuses(
      folder,
      [...moved, "--out", "sim/particles.mrcs"],
      /sim\/particles\.mrcs: .*other than the input files/,
    );
    refuses(
      folder,
      ["fsc", "sim/consensus.mrc", "sim/consensus.mrc", "--out", "sim/consensus.mrc"],
      /other than the input files/,
    );
  });

  test("an output that cannot be written is refused before the work starts", () => {
    const command = ["reconstruct", "--particles", "sim/particles.star", "--out"];
    refuses(
      folder,
      [...command, "no/such/folder/map.mrc"],
      /map\.mrc: expected a path in an existing folder/,
    );
    refuses(folder, [...command, "model.txt/map.mrc"], /map\.mrc: expected a path in a folder/);
    mkdirSync(at("folder.mrc"));
    refuses(folder, [...command, "folder.mrc"], /folder\.mrc: expected the name of a file, found a folder/);
    const training = words("train --particles sim/particles.star --model model.txt --backend wasm");
    refuses(
      folder,
      [...training, "--out", "model.txt"],
      /model\.txt: expected a new or empty folder, found a file/,
    );
    refuses(folder, [...training, "--out", "model.txt/run"], /model\.txt\/run: expected a path in a folder/);
    refuses(
      folder,
      [...training, "--out", "sim"],
      /sim: expected a new or empty folder, found 4 files in it/,
    );
    refuses(folder, ["simulate", "linear", "--out", "sim"], /sim: expected a new or empty folder/);
    if (process.getuid?.() === 0) {
      console.log("root may write anywhere: folders without permission are not tried");
      return;
    }
    mkdirSync(at("locked"));
    chmodSync(at("locked"), 0o555);
    refuses(folder, [...command, "locked/map.mrc"], /locked\/map\.mrc: .*may write to/);
  });

  test("a folder with a run is refused, and resumed only with its own options", () => {
    const data = ["--particles", "sim/particles.star", "--model", "model.txt", "--backend", "wasm"];
    const training = ["train", ...data, "--latent", "2", "--epochs", "1", "--out", "finished"];
    assert.match(succeed(folder, ...training), /note: the poses of the file are used unchecked, since 60 /);
    refuses(
      folder,
      training,
      /finished: expected a new or empty folder, or --resume to continue its run, found a run/,
    );
    const resuming = ["train", "--resume", "--out", "finished", "--backend", "wasm"];
    refuses(
      folder,
      [...resuming, "--rigid", "mask.mrc"],
      /--rigid: expected none, as the run was started with.*found .*mask\.mrc/,
    );
    refuses(
      folder,
      [...resuming, "--latent", "3"],
      /--latent: expected 2, as the run was started with.*found 3/,
    );
    refuses(folder, [...resuming, "--poses", "file"], /--poses: expected auto.*found file/);
    refuses(folder, [...resuming, "--vary", "position"], /--vary: expected position,amplitude,width/);
    refuses(
      folder,
      [...resuming, "--model", "large.txt"],
      /--model: expected .*model\.txt.*found large\.txt/,
    );
    refuses(folder, ["train", "--resume", "--out", "sim"], /sim: expected a run folder with run\.json in it/);
    const before = contents(at("finished"));
    for (const option of ["--select", "--axes"]) {
      const value = option === "--axes" ? "drop" : "a.txt";
      refuses(folder, [...resuming, option, value], new RegExp(`${option}: to be omitted with --resume`));
    }
    refuses(folder, [...resuming, "--from", "sim"], /--from: expected none, as the run was started with/);
    succeed(folder, ...resuming, "--latent", "2");
    assert.deepEqual(contents(at("finished")), before, "a finished run stays as it is");
    refuses(
      folder,
      ["decode", "finished", "--z", "1", "--map-out", "z.mrc"],
      /--z 1: expected 2 numbers.*found 1/,
    );
    refuses(
      folder,
      ["decode", "finished", "--z", "1,x", "--map-out", "z.mrc"],
      /--z: expected numbers.*"1,x"/,
    );
    refuses(folder, ["decode", "finished", "--z", "1,", "--map-out", "z.mrc"], /--z: expected numbers.*"1,"/);
    refuses(folder, ["decode", "finished", "--z", "0,0"], /--model-out, --map-out or both, found neither/);
    refuses(
      folder,
      ["decode", "finished", "--pc", "1=2", "--map-out", "z.mrc"],
      /--pc: expected a component and two .*"1=2"/,
    );
    refuses(folder, ["decode", "finished", "--map-out", "z.mrc"], /--z: expected at least one point/);
    refuses(
      folder,
      ["decode", "finished", "--z", "0,0", "--map-out", "z.mrcs"],
      /z\.mrcs: expected a name that ends in \.mrc, \.map or \.ccp4, found \.mrcs/,
    );
    refuses(
      folder,
      ["decode", "finished", "--z", "0,0", "--model-out", "m.cif"],
      /m\.cif: expected .*\.txt or \.pdb/,
    );
    refuses(
      folder,
      ["decode", "finished", "--z", "0,0", "--model-out", "finished/neutral.txt"],
      /other than the input files/,
    );
    refuses(folder, ["decode", "sim", "--z", "0", "--map-out", "z.mrc"], /sim: expected a run folder/);
    writeFileSync(at("path.txt"), "# z1 z2\n0 0\n1\n");
    const alongPath = ["decode", "finished", "--path", "path.txt", "--model-out", "m.pdb"];
    refuses(folder, alongPath, /path\.txt: line 3: expected 2 numbers.*found 1/);
    refusesAtoms();
    refuses(
      folder,
      ["latent", "finished", "--clusters", "61", "--out", "sets"],
      /--clusters: expected at most the 60 particles of finished, found 61/,
    );
    refuses(folder, ["latent", "sim", "--clusters", "2", "--out", "sets"], /sim: expected a run folder/);
    const latent = ["latent", "finished", "--out", "sets"];
    refuses(
      folder,
      latent,
      /output: expected --clusters, --method density, --umap, --angstrom, or --population, found none/,
    );
    refuses(
      folder,
      [...latent, "--clusters", "few"],
      /--clusters: expected auto, or an integer of 1 or more, found "few"/,
    );
    refuses(
      folder,
      [...latent, "--method", "density", "--clusters", "3"],
      /--clusters: expected auto with --method density/,
    );
    refuses(
      folder,
      [...latent, "--clusters", "3", "--min-cluster-size", "9"],
      /--min-cluster-size: expected --method density/,
    );
    refuses(folder, ["motions", "sim", "--out", "motions"], /sim: expected a run folder/);
    refuses(
      folder,
      ["motions", "finished", "--components", "70", "--out", "motions"],
      /--components: expected at most 59, of 60 points, found 70/,
    );
    const region = ["region-motion", "finished", "--mask"];
    refuses(
      folder,
      [...region, "sim/consensus.mrc", "--from", "0,0", "--to", "1,0"],
      /sim\/consensus\.mrc.* from 0 to 1/,
    );
    refuses(folder, [...region, "none.mrc", "--from", "0,0"], /points: expected --from and --to, or --path/);
    refuses(folder, [...region, "none.mrc", "--from", "0,0", "--to", "1,0"], /none\.mrc/);
  });
});

/** Of the command atoms, with a finished run of two dimensions. */
function refusesAtoms(): void {
  const line = "ATOM      1  CA  ALA A   1    %s  10.000  10.000  1.00  0.00           C\n";
  writeFileSync(at("far.pdb"), line.replace("%s", "9000.000"));
  const atoms = ["atoms", "finished", "--model", "far.pdb", "--out", "m.cif"];
  refuses(folder, atoms, /places: expected --from and --to, or --path, or --ensemble, found none/);
  refuses(folder, [...atoms, "--from=0,0"], /places: expected --from and --to/);
  refuses(
    folder,
    [...atoms, "--from=0,0", "--to=1"],
    /--to: expected 2 numbers, one per dimension of finished, found 1/,
  );
  refuses(
    folder,
    [...atoms, "--ensemble", "61"],
    /--ensemble: expected at most the 60 particles of the run, found 61/,
  );
  refuses(folder, [...atoms, "--ensemble", "2", "--frames", "3"], /--frames: expected .*found --ensemble/);
  refuses(
    folder,
    [...atoms, "--ensemble", "2", "--rigid", "B"],
    /--rigid: B: expected residues of far\.pdb|rigid: B/,
  );
  refuses(
    folder,
    [...atoms, "--ensemble", "2"],
    /far\.pdb: expected a model fitted into the map.*found atoms at x 9000/,
  );
  const other = ["atoms", "finished", "--ensemble", "2", "--model"];
  refuses(
    folder,
    [...other, "model.txt", "--out", "m.cif"],
    /model\.txt: expected atoms in PDB or mmCIF format/,
  );
  refuses(
    folder,
    [...other, "far.pdb", "--out", "m.mrc"],
    /m\.mrc: expected a name that ends in \.cif or \.pdb/,
  );
  refuses(folder, [...other, "far.pdb", "--out", "far.pdb"], /other than the input files/);
}

describe("the command line", () => {
  test("invalid arguments are reported in one line", () => {
    for (const [args, pattern] of [
      [[], /expected a command/],
      [["explode"], /unknown command 'explode'/],
      [["fcs"], /unknown command 'fcs' \(Did you mean fsc\?\)/],
      [["fsc", "a.mrc"], /missing required argument 'B'/],
      [["fsc", "a", "b", "c"], /too many arguments/],
      [["fsc", "a", "b", "--maks", "c"], /unknown option '--maks'/],
      [
        ["neutral", "--map", "a.mrc", "--resolution", "fine", "--out", "m.txt"],
        /--resolution: .*found "fine"/,
      ],
      [
        ["neutral", "--map", "a.mrc", "--resolution", "-8", "--out", "m.txt"],
        /--resolution: .*above 0, found "-8"/,
      ],
      [["neutral", "--map", "a.mrc", "--resolution", "8", "--out", "m.mrc"], /m\.mrc: .*\.txt or \.pdb/],
      [["neutral", "--map", "--resolution", "8", "--out", "m.txt"], /--map: expected a file.*"--resolution"/],
      [["train", "--out", "run"], /--particles: expected a particle file, --from, or --resume/],
      [
        ["train", "--select", "a.txt", "--out", "run"],
        /--select: expected --from, the run that it belongs to/,
      ],
      [
        ["train", "--from", "a", "--particles", "b.star", "--out", "run"],
        /--particles: expected to be omitted with --from: the run has it, found b\.star/,
      ],
      [
        ["train", "--from", "a", "--axes", "keep", "--out", "run"],
        /--axes: expected fixed, kept, drop, found "keep"/,
      ],
      [
        ["rounds", "--particles", "a.star", "--latent", "2", "--out", "r"],
        /--latent: expected --train, which it belongs to, found none/,
      ],
      [["train", "--from", "a", "--out", "run"], /a: expected a run folder with run\.json in it/],
      [["train", "--latent", "two", "--out", "run"], /--latent: expected an integer.*"two"/],
      [["train", "--latent", "0", "--out", "run"], /--latent: expected an integer from 1 to 16, found "0"/],
      [
        ["train", "--vary", "colour", "--out", "run"],
        /--vary: expected position, amplitude, width, found "colour"/,
      ],
      [["train", "--backend", "abacus", "--out", "run"], /--backend: expected auto.*"abacus"/],
      [["train", "--hidden", "64,0", "--out", "run"], /--hidden: .*found "64,0"/],
      [
        ["simulate", "spiral", "--out", "s"],
        /design: expected linear, circular, compositional, .*found "spiral"/,
      ],
      [
        ["simulate", "circular", "--range", "0.3", "--out", "s"],
        /--range: not an option of the design circular/,
      ],
      [["kernel", "uninstall", "--prefix", "nowhere"], /expected a kernelspec, found none/],
    ] as const) {
      refuses(folder, [...args], pattern);
    }
  });

  test("an unavailable backend is refused with advice", () => {
    const command = ["decode", "sim", "--z", "0", "--map-out", "z.mrc", "--backend", "tensorflow-gpu"];
    const { code, err } = e2gmm(folder, ...command);
    assert.equal(code, 1);
    // On a machine with a GPU, the missing run is reported.
    const last = err.trimEnd().split("\n").at(-1)!;
    assert.match(
      last,
      /^e2gmm: (backend tensorflow-gpu: not available, .*needed: .*|sim: expected a run folder.*)$/,
    );
  });
});
