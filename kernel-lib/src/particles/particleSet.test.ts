import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram, temporaryFolder } from "../../../tests/testing";
import { StoppedError } from "../errors";
import { createStack } from "../formats/mrc";
import { mrcBytes } from "../formats/mrc.test.helper";
import { writeMap } from "../maps/mapFile";
import { openParticles } from "./particleSet";
import { at, opened, project, refused } from "./particleSet.test.helper";
import { type MadeParticle, randomParticles, relionStar } from "./synthetic.test.helper";

test("a file without angles can be read; its poses are refused with the missing columns", async (t) => {
  const star = relionStar([at("2@images.mrcs")], { apix: 2, size: 4 })
    .replace("_rlnAngleRot", "_rlnOther")
    .replace("_rlnAnglePsi", "_rlnAnother");
  const set = await opened(t, await project(t, [], star));
  assert.equal((await set.readImages([0]))[0], 1);
  assert.throws(
    () => set.rotations(),
    /the angle columns _rlnAngleRot, _rlnAngleTilt, _rlnAnglePsi, found no _rlnAngleRot, _rlnAnglePsi/,
  );
});

test("text instead of a number is refused with row and column", async (t) => {
  const star = relionStar([at("1@images.mrcs"), at("2@images.mrcs")], { apix: 2, size: 4 });
  const file = await project(t, [], star.replace(/10 20 30(.*)2@images/, "10 20 north$12@images"));
  await refused(
    openParticles(file),
    /row 2 \(line 26\), column _rlnAnglePsi: expected a number, found "north"$/,
  );
});

test("other formats are refused by name", async (t) => {
  const folder = temporaryFolder(t);
  const refuse = (name: string, content: string | Buffer, pattern: RegExp) => {
    const file = path.join(folder, name);
    writeFileSync(file, content);
    return refused(openParticles(file), pattern);
  };
  await refuse(
    "a.star",
    "<!DOCTYPE html>\n<html></html>",
    /a\.star: expected a STAR file, found HTML or XML/,
  );
  await refuse(
    "a.lst",
    "#LSX\n# This file is in fast LST format.\n",
    /a\.lst: expected at least one particle, found none/,
  );
  await refuse("a.hdf", Buffer.from("\x89HDF\r\n\x1a\n", "latin1"), /expected an undamaged HDF5 file/);
  await refuse(
    "a.mrcs",
    mrcBytes({ size: [4, 4, 1], values: new Array(16).fill(0) }),
    /an image file, which has no orient/,
  );
  await refuse(
    "b.star",
    "data_\nloop_\n_rlnMicrographName\nx.mrc\n",
    /a loop with a column _rlnImageName, found data_/,
  );
  await refuse("c.star", "data_\n_rlnKey 1\n", /a loop with a column _rlnImageName, found data_/);
  await refuse("d.star", "data_particles\nloop_\n_rlnImageName\n", /at least one particle, found none/);
  await refused(
    openParticles(path.join(folder, "missing.star")),
    /missing\.star: expected a file, found no such file/,
  );
});

test("invalid selections are refused", async (t) => {
  const set = await opened(t, await project(t, ["1@images.mrcs", "2@images.mrcs"]));
  const message = (indices: number[]) => {
    try {
      set.select(indices);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  assert.equal(message([]), "selection: expected at least one particle, found none");
  assert.equal(message([2]), "selection: expected particles from 0 to 1, found 2");
  assert.equal(message([-1]), "selection: expected particles from 0 to 1, found -1");
  assert.equal(message([0.5]), "selection: expected particles from 0 to 1, found 0.5");
});

test("origins in Å and in pixels give shifts in Å of the opposite sign", async (t) => {
  const star = relionStar([at("1@images.mrcs")], { apix: 2, size: 4 });
  assert.deepEqual([...(await opened(t, await project(t, [], star))).shifts()], [-1, 2]);
  const inPixels = star.replace("_rlnOriginXAngst", "_rlnOriginX").replace("_rlnOriginYAngst", "_rlnOriginY");
  assert.deepEqual([...(await opened(t, await project(t, [], inPixels))).shifts()], [-2, 4]);
  const none = star.replace("_rlnOriginXAngst", "_rlnFoo").replace("_rlnOriginYAngst", "_rlnBar");
  assert.deepEqual([...(await opened(t, await project(t, [], none))).shifts()], [0, 0]);
});

test("a file without CTF columns has a warning; with them, optics and particle give the CTF", async (t) => {
  const plain = await opened(t, await project(t, ["1@images.mrcs"]));
  assert.equal(plain.hasCtf, false);
  assert.equal(plain.ctf(0), undefined);
  assert.deepEqual(plain.warnings, ["no CTF columns: images are used without CTF correction"]);
  const particle: MadeParticle = { ...at("1@images.mrcs"), defocus: [12000, 11000, 40], phaseShift: 90 };
  const star = relionStar([particle], { apix: 2, size: 4, cs: 1.4, contrast: 0.07 });
  const set = await opened(t, await project(t, [], star));
  assert.deepEqual(set.warnings, []);
  assert.deepEqual(set.ctf(0), {
    defocusU: 12000,
    defocusV: 11000,
    angle: 40,
    phaseShift: 90,
    voltage: 300,
    sphericalAberration: 1.4,
    amplitudeContrast: 0.07,
    bFactor: 0,
    scale: 1,
  });
  const noVoltage = star.replace("_rlnVoltage", "_rlnOther");
  await refused(
    openParticles(await project(t, [], noVoltage)),
    /row 1 .*expected _rlnVoltage, _rlnSphericalAberration/,
  );
});

const old = (columns: string, rows: string[]) =>
  `data_\n\nloop_\n${columns
    .split(" ")
    .map((column, i) => `_rln${column} #${i + 1}\n`)
    .join("")}${rows.join("\n")}\n`;

test("RELION 3.0: pixel size from the magnification, optics groups from the columns", async (t) => {
  const columns =
    "ImageName DetectorPixelSize Magnification Voltage SphericalAberration AmplitudeContrast DefocusU";
  const rows = ["1@images.mrcs 5 20000 300 2.7 0.1 10000", "2@images.mrcs 5 20000 200 2.7 0.1 11000"];
  rows.push("3@images.mrcs 5 20000 300 2.7 0.1 12000");
  const set = await opened(t, await project(t, [], old(columns, rows)));
  assert.equal(set.apix, 2.5);
  assert.equal(set.boxSize, 4);
  assert.equal(set.opticsGroups.length, 2);
  assert.deepEqual(
    [0, 1, 2].map((i) => set.ctf(i)!.voltage),
    [300, 200, 300],
  );
  assert.deepEqual([set.ctf(2)!.defocusU, set.ctf(2)!.defocusV, set.ctf(2)!.angle], [12000, 12000, 0]);
  const unknown = await opened(t, await project(t, [], old("ImageName", ["1@images.mrcs"])));
  assert.equal(unknown.apix, 2);
  assert.match(unknown.warnings[0]!, /no pixel size in the STAR file: 2 Å is taken from the image stack/);
});

/** Two optics groups: 4 pixels of 2 Å, and `size` pixels of `apix` Å. */
function twoGroups(size: number, apix: number, more = ""): string {
  return (
    relionStar([at("1@images.mrcs"), at("1@other.mrcs")], { apix: 2, size: 4 })
      .replace(/(group1 .*)\n/, `$1\ngroup2 7 300 2.7 0.1 ${apix} ${size} 2\n`)
      .replace("1 1@other", "7 1@other") + more
  );
}

test("images of an optics group with other pixels are resampled to the reference group", async (t) => {
  const file = await project(t, [], twoGroups(8, 1));
  const folder = path.dirname(file);
  const spike = new Float32Array(64);
  for (const x of [2, 3, 4, 5, 6]) for (const y of [2, 3, 4, 5, 6]) spike[8 * y + x] = 1;
  const stack = await createStack(path.join(folder, "other.mrcs"), { size: [8, 8], apix: 1 });
  await stack.append(spike);
  await stack.close();
  const set = await opened(t, file);
  assert.deepEqual(
    [set.boxSize, set.apix, set.opticsGroup(1).name, set.opticsGroup(1).apix],
    [4, 2, "group2", 1],
  );
  const images = await set.readImages([1, 0]);
  assert.equal(images.length, 32);
  assert.deepEqual([...images.subarray(16)], new Array(16).fill(0));
  // The brightest pixel is the centre, index 2 of 4, as it was index 4 of 8.
  const brightest = images.subarray(0, 16).reduce((best, x, i) => (x > images[best]! ? i : best), 0);
  assert.equal(brightest, 2 * 4 + 2);
  // Reconstructions use the original pixels.
  assert.deepEqual(await set.readGroupImages([1]), spike);
  assert.deepEqual(await set.readGroupImages([0]), new Float32Array(16));
  await refused(set.readGroupImages([0, 1]), /expected particles of group1 alone, found particle 1/);
});

test("a missing optics group is refused", async (t) => {
  const star = twoGroups(4, 2).replace("7 1@other", "3 1@other");
  const pattern = /row 2 .*column _rlnOpticsGroup: expected a group of data_optics \(1, 7\), found 3/;
  await refused(openParticles(await project(t, [], star)), pattern);
});

test("subtomograms are refused", async (t) => {
  const star = relionStar([at("1@images.mrcs")], { apix: 2, size: 4 }).replace("2 4 2\n", "2 4 3\n");
  await refused(openParticles(await project(t, [], star)), /2-dimensional images, found 3-dimensional ones/);
});

test("columns, half sets and rows stay together in selections and are copied unchanged", async (t) => {
  const star = relionStar(
    ["1", "2", "3", "4"].map((n) => at(`${n}@images.mrcs`)),
    { apix: 2, size: 4 },
  )
    .replace("_rlnOpticsGroup #6", "_rlnRandomSubset #6")
    .replace(/ 1 (\d)@/g, (_, n: string) => ` ${1 + (Number(n) % 2)}   ${n}@`);
  const file = await project(t, [], star);
  const set = await opened(t, file);
  assert.deepEqual([...set.randomSubset!], [2, 1, 2, 1]);
  const part = set.select([3, 0, 1]).select([0, 2]);
  assert.deepEqual([...part.randomSubset!], [1, 1]);
  assert.deepEqual([...part.column("rlnRandomSubset")], [1, 1]);
  assert.deepEqual(part.textColumn("_rlnImageName"), ["4@images.mrcs", "2@images.mrcs"]);
  assert.equal(part.hasColumn("_rlnNothing"), false);
  const target = path.join(path.dirname(file), "part.star");
  await part.writeStar(target);
  const lines = star.split("\n");
  assert.equal(readFileSync(target, "utf8"), [...lines.slice(0, 24), lines[27], lines[25], ""].join("\n"));
  const back = await opened(t, target);
  assert.deepEqual(await back.readImages([0, 1]), await part.readImages([0, 1]));
  await refused(part.writeStar(file), /another file than the one/);
});

test("opening and checking can be stopped", async (t) => {
  const file = await project(t, ["1@images.mrcs"]);
  const signal = AbortSignal.abort();
  await assert.rejects(openParticles(file, { signal }), StoppedError);
  await assert.rejects((await opened(t, file)).checkStacks({ signal }), StoppedError);
});

test("names with ../ only ever name a file to read", async (t) => {
  const file = await project(t, ["1@../../../../../../etc/hostname"]);
  await refused((await opened(t, file)).readImages([0]), /hostname/);
});

const skip = haveProgram("relion_star_handler") ? false : "RELION is not installed";

test(
  "RELION reads the particles that were written back, and reconstructs from them",
  skipIf(skip),
  async (t) => {
    const folder = temporaryFolder(t);
    const size = 16;
    const data = Float32Array.from({ length: size ** 3 }, (_, i) => Math.exp(-(((i % size) - 8) ** 2) / 8));
    await writeMap(path.join(folder, "map.mrc"), { data, size: [size, size, size], apix: 2 });
    const particles = randomParticles(1, 12, { ctf: true, shifted: false });
    writeFileSync(path.join(folder, "poses.star"), relionStar(particles, { apix: 2, size }));
    runProgram("relion_project", ["--i", "map.mrc", "--ang", "poses.star", "--o", "images", "--ctf"], folder);
    const set = await opened(t, path.join(folder, "poses.star"));
    await set.select([10, 2, 3]).writeStar(path.join(folder, "part.star"));
    const rows = (name: string) =>
      readFileSync(path.join(folder, name), "utf8")
        .split("\n")
        .filter((line) => line.includes("@"));
    const all = rows("poses.star");
    assert.deepEqual(rows("part.star"), [all[10], all[2], all[3]]);
    runProgram("relion_star_handler", ["--i", "part.star", "--o", "handled.star"], folder);
    assert.deepEqual(
      (await opened(t, path.join(folder, "handled.star"))).textColumn("_rlnImageName"),
      set.select([10, 2, 3]).textColumn("_rlnImageName"),
    );
    runProgram(
      "relion_reconstruct",
      ["--i", "part.star", "--o", "back.mrc", "--ctf", "--angpix", "2"],
      folder,
    );
  },
);
