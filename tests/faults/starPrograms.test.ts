import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, test } from "vitest";
import { refuses, succeed, words } from "../cli/command";
import { haveProgram, runProgram } from "../testing";
import { reading, Star } from "./particleFiles";
import { starFolder } from "./starCases";

/** STAR files of other programs as RELION and the command read them. */

const { at } = starFolder();

const good = new Star();
const named = (name: string) => (star: Star) => star.particles.set("rlnImageName", (i) => `${i + 1}@${name}`);

describe("RELION", () => {
  const mapOf = (text: string | Buffer) => {
    writeFileSync(at("relion.star"), text);
    runProgram("relion_reconstruct", words("--i relion.star --o relion.mrc --ctf --skip_gridding"), at());
    return readFileSync(at("relion.mrc")).subarray(1024);
  };
  const rows = (...which: number[]) => {
    const star = new Star();
    star.particles.take(...which);
    return star;
  };
  const hidden = new Star();
  hidden.particles.set("rlnMicrographName", (i) => (i < 4 ? "#mic.mrc" : "mic.mrc"));
  const alike: [name: string, text: string | Buffer, plain: Star][] = [
    ["optics as pairs", good.optics.pairs + good.particles.loop, good],
    ["one particle as pairs", good.optics.loop + good.particles.pairs, rows(0)],
    ["a byte-order mark", `\ufeff${good.text.trimStart()}`, good],
    ["rows that start with #", hidden.text, rows(4, 5, 6, 7, 8, 9, 10, 11)],
  ];
  for (const [name, text, plain] of alike) {
    test(`reads the same: ${name}`, async (t) => {
      if (!haveProgram("relion_reconstruct")) return t.skip("RELION is not installed");
      assert.deepEqual(mapOf(text), mapOf(plain.text));
      writeFileSync(at("a.star"), text);
      writeFileSync(at("plain.star"), plain.text);
      const [found, expected] = [await reading(at("a.star")), await reading(at("plain.star"))];
      assert.deepEqual(found.set!.rotations(), expected.set!.rotations());
      assert.deepEqual(found.set!.shifts(), expected.set!.shifts());
      assert.deepEqual(found.set!.ctf(0), expected.set!.ctf(0));
    });
  }
});

describe("the command", () => {
  beforeAll(() => {
    const model = "# box_size 8\n# apix 2\n0 0 0 1 1\n0.1 -0.05 0.15 0.5 1\n";
    writeFileSync(at("model.txt"), model);
  });

  test("reconstruct takes a pixel size", () => {
    const star = new Star();
    star.particles.set("rlnImagePixelSize", 1.5);
    writeFileSync(at("twice.star"), star.text);
    const args = ["reconstruct", "--particles", "twice.star", "--out", "map.mrc"];
    refuses(at(), args, /_rlnImagePixelSize: expected 2, /);
    assert.match(succeed(at(), ...args, "--apix", "1.5"), /8 voxels of 1\.500 Å/);
    refuses(at(), [...args, "--apix", "0"], /--apix: expected a length in Å above 0/);
  });

  test("project needs no stack if box and pixel size are given", () => {
    const star = named("gone.mrcs")(new Star()).drop("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle");
    writeFileSync(at("gone.star"), star.loop);
    const args = words("project --model model.txt --star gone.star --out projections.mrcs");
    refuses(at(), args, /expected the image stack gone\.mrcs/);
    const printed = succeed(at(), ...args, "--box", "8", "--apix", "2");
    assert.match(printed, /12 projections, 8 pixels of 2\.000 Å/);
  });

  test("project refuses poses with a single origin or values that are not finite", () => {
    const poses = (origin: string, rows: string) =>
      `data_\nloop_\n_rlnAngleRot\n_rlnAngleTilt\n_rlnAnglePsi\n${origin}${rows}\n`;
    const args = words("project --model model.txt --star poses.star --out projections.mrcs");
    writeFileSync(at("poses.star"), poses("_rlnOriginXAngst\n", "1 2 3 4"));
    refuses(at(), args, /expected origins in Å .*found _rlnOriginXAngst$/m);
    writeFileSync(at("poses.star"), poses("", "1 2 1e200"));
    refuses(at(), args, /row 1 .*_rlnAnglePsi: expected an angle/);
    writeFileSync(at("poses.star"), poses("", "1 2 nan"));
    refuses(at(), args, /row 1 .*_rlnAnglePsi: expected a number, found "nan"/);
  });

  test("project reports insufficient memory for huge images", () => {
    writeFileSync(at("a.star"), new Star().text);
    const args = words("project --model model.txt --star a.star --apix 2 --box 200000 --out large.mrcs");
    refuses(at(), args, /^e2gmm: memory: not enough .*smaller box/);
  });

  test("EMAN2 lists whose stack is missing say which one", () => {
    writeFileSync(at("a.lst"), "#LSX\n# This file is in fast LST format.\n# 20\n0\tp.hdf\n");
    const args = ["reconstruct", "--particles", "a.lst", "--out", "map.mrc"];
    refuses(at(), args, /a\.lst: expected the image stack p\.hdf in its own folder, .*found no such file/);
  });
});
