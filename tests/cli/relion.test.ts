import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../requirement";
import { haveProgram, runProgram, sharedData, temporaryFolder } from "../testing";
import { refuses, succeed, words } from "./command";
import { correlation, densityOfModel, image, readStack } from "./mrc";

/** Files that commands write, compared with RELION's. */

const skip = haveProgram("relion_project") ? false : "no RELION";

test(
  "projections agree with relion_project, each image to 0.999, with CTF and without",
  skipIf(skip),
  (t) => {
    const folder = temporaryFolder(t);
    const design = ["--states", "2", "--particles-per-state", "12", "--ctf", "--shifts", "6", "--apix", "3"];
    succeed(folder, "simulate", "linear", ...design, "--out", "sim");
    const neutral = ["neutral", "--map", "sim/consensus.mrc", "--resolution", "16", "--gaussians", "64"];
    succeed(folder, ...neutral, "--out", "model.txt");
    // RELION projects the model's density, which is computed without any of our projection code.
    const centre = path.join(folder, "density.mrc");
    writeFileSync(centre, densityOfModel(readFileSync(path.join(folder, "model.txt"), "utf8"), 64, 3));
    for (const more of [[], ["--ctf"]]) {
      const project = [
        "project",
        "--model",
        "model.txt",
        "--star",
        "sim/particles.star",
        "--out",
        "ours.mrcs",
      ];
      succeed(folder, ...project, ...more);
      const relion = ["--i", "density.mrc", "--ang", "sim/particles.star", "--o", "theirs", "--angpix", "3"];
      runProgram("relion_project", [...relion, ...more], folder);
      const [ours, theirs] = [
        readStack(path.join(folder, "ours.mrcs")),
        readStack(path.join(folder, "theirs.mrcs")),
      ];
      assert.deepEqual(ours.size, [64, 64, 24]);
      for (let i = 0; i < 24; i++) {
        const [a, b] = [image(ours, i), image(theirs, i)];
        const r = correlation(a, b);
        assert.ok(r > 0.999, `image ${i + 1}${more.join("")}: ${r}`);
        const scale = Math.max(...a) / Math.max(...b);
        assert.ok(Math.abs(scale - 1) < 0.03, `image ${i + 1}${more.join("")}: ${scale} times as bright`);
      }
    }
  },
);

test(
  "a STAR file with poses only, in one table without images, gives the projections of relion_project",
  skipIf(skip),
  (t) => {
    const folder = temporaryFolder(t);
    const rows = ["10 20 30 4 -2", "-100 75 160 0 0", "0 180 45 -3 8"];
    const columns = ["AngleRot", "AngleTilt", "AnglePsi", "OriginXAngst", "OriginYAngst"].map(
      (name) => `_rln${name}`,
    );
    writeFileSync(
      path.join(folder, "poses.star"),
      ["data_", "", "loop_", ...columns, ...rows, ""].join("\n"),
    );
    const gaussians = ["0.1 0.05 -0.12 1 1.8", "-0.15 0.1 0.02 0.7 2.5", "0 -0.2 0.15 1.2 1.5"];
    const model = ["# box_size 40", "# apix 3", ...gaussians, ""].join("\n");
    writeFileSync(path.join(folder, "model.txt"), model);
    writeFileSync(path.join(folder, "density.mrc"), densityOfModel(model, 40, 3));
    succeed(folder, "project", "--model", "model.txt", "--star", "poses.star", "--out", "ours.mrcs");
    // RELION requires an optics table and image names.
    const opticsColumns = words("OpticsGroupName OpticsGroup Voltage SphericalAberration AmplitudeContrast");
    opticsColumns.push("ImagePixelSize", "ImageSize", "ImageDimensionality");
    const optics = [
      "data_optics",
      "",
      "loop_",
      ...opticsColumns.map((name) => `_rln${name}`),
      "o 1 300 2.7 0.1 3 40 2",
    ];
    const named = rows.map((row, i) => `${row} 1 ${i + 1}@none.mrcs`);
    const all = [...columns, "_rlnOpticsGroup", "_rlnImageName"];
    const particles = ["", "data_particles", "", "loop_", ...all, ...named, ""];
    writeFileSync(path.join(folder, "named.star"), [...optics, ...particles].join("\n"));
    const relion = ["--i", "density.mrc", "--ang", "named.star", "--o", "theirs", "--angpix", "3"];
    runProgram("relion_project", relion, folder);
    const [ours, theirs] = [
      readStack(path.join(folder, "ours.mrcs")),
      readStack(path.join(folder, "theirs.mrcs")),
    ];
    assert.deepEqual(ours.size, [40, 40, 3]);
    assert.ok(Math.abs(ours.apix - 3) < 1e-5);
    for (let i = 0; i < 3; i++) {
      const r = correlation(image(ours, i), image(theirs, i));
      assert.ok(r > 0.999, `pose ${i + 1}: ${r}`);
    }
    refuses(
      folder,
      [...words("project --model model.txt --star poses.star --out c.mrcs"), "--ctf"],
      /only poses/,
    );
  },
);

test("RELION reconstructs the projections from the STAR file written with them", skipIf(skip), (t) => {
  const folder = temporaryFolder(t);
  const design = ["--states", "2", "--particles-per-state", "300", "--box", "32", "--apix", "4", "--ctf"];
  succeed(folder, "simulate", "linear", ...design, "--shifts", "6", "--out", "sim");
  const neutral = ["neutral", "--map", "sim/consensus.mrc", "--resolution", "16", "--gaussians", "32"];
  succeed(folder, ...neutral, "--out", "model.txt");
  const project = ["project", "--model", "model.txt", "--star", "sim/particles.star", "--out", "ours.mrcs"];
  succeed(folder, ...project, "--ctf");
  runProgram("relion_reconstruct", ["--i", "ours.star", "--o", "theirs.mrc", "--ctf"], folder);
  for (const [, , resolution, fsc] of fscTable(succeed(folder, "fsc", "theirs.mrc", "sim/consensus.mrc"))) {
    if (resolution! >= 16) assert.ok(fsc! > 0.97, `${resolution} Å: ${fsc}`);
  }
});

const adk = sharedData("adk");
test(
  "the adk map agrees with RELION's to 0.99 up to half Nyquist",
  skipIf(adk ? false : "no ../shared/data/adk"),
  (t) => {
    const folder = temporaryFolder(t);
    succeed(folder, "reconstruct", "--particles", path.join(adk!, "particles.star"), "--out", "map.mrc");
    const rows = fscTable(succeed(folder, "fsc", "map.mrc", path.join(adk!, "consensus.mrc")));
    assert.equal(rows.length, 32);
    for (const [shell, , resolution, fsc] of rows) {
      if (shell! <= 16) assert.ok(fsc! >= 0.99, `${resolution} Å: ${fsc}`);
    }
  },
);

/** Shell, frequency, resolution and correlation of each shell but 0. */
function fscTable(text: string): number[][] {
  return text
    .split("\n")
    .filter((line) => /^[1-9]/.test(line))
    .map((line) => line.split("\t").map(Number));
}

test(
  "relion_postprocess takes half maps as they are named, and finds the FSC and the B factor that postprocess finds",
  skipIf(skip),
  (t) => {
    const folder = temporaryFolder(t);
    succeed(folder, ...words("simulate linear --states 2 --particles-per-state 50 --snr 1 --out sim"));
    succeed(folder, ...words("reconstruct --particles sim/particles.star --out map.mrc"));
    runProgram(
      "relion_mask_create",
      words("--i map.mrc --o mask.mrc --ini_threshold 0.4 --width_soft_edge 4"),
      folder,
    );
    mkdirSync(path.join(folder, "job"));
    const options = words(
      "--o job/post --angpix 3 --mask mask.mrc --auto_bfac --autob_lowres 32 --autob_highres 12.8",
    );
    runProgram("relion_postprocess", ["--i", "map_half1.mrc", ...options], folder);
    const star = readFileSync(path.join(folder, "job/post.star"), "utf8");
    const [, curve] = star.split("data_fsc");
    const theirs = (name: string) => {
      const column = Number(new RegExp(`_rlnFourierShellCorrelation${name} #(\\d+)`).exec(curve!)![1]) - 1;
      const rows = curve!.split("data_")[0]!.matchAll(/^ +\d+ .*$/gm);
      return [...rows].map(([row]) => Number(row.trim().split(/ +/)[column]));
    };
    const post = words("postprocess map_half1.mrc map_half2.mrc --mask mask.mrc --out ours.mrc");
    const printed = succeed(folder, ...post, "--resolution", "12.8");
    const rows = readFileSync(path.join(folder, "ours_fsc.csv"), "utf8").trim().split("\n").slice(1);
    const ours = (column: number) => rows.map((row) => Number(row.split(",")[column]));
    // RELION counts the samples of the column kx = 0 twice, and draws other random phases.
    for (const [name, column, tolerance] of [
      ["UnmaskedMaps", 3, 0.01],
      ["MaskedMaps", 4, 0.01],
      ["Corrected", 2, 0.12],
    ] as const) {
      const [a, b] = [theirs(name), ours(column)];
      assert.equal(a.length, 33);
      for (let shell = 0; shell < 32; shell++)
        assert.ok(Math.abs(a[shell]! - b[shell]!) < tolerance, `${name} ${shell}: ${a[shell]} ${b[shell]}`);
    }
    const expected = Number(/_rlnBfactorUsedForSharpening +(\S+)/.exec(star)![1]);
    const found = Number(/B factor (-?[\d.]+)/.exec(printed)![1]);
    // The amplitudes are weighted by the corrected FSC, which depends on the random phases.
    assert.ok(Math.abs(found / expected - 1) < 0.2, `${found} ${expected}`);
  },
);
