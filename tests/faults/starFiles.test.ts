import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { OpenParticlesOptions, ParticleSet } from "e2gmm/dist/particles/particleSet";
import { writeSelection } from "e2gmm/dist/particles/writeSelection";
import { afterAll, beforeAll, describe, test } from "vitest";
import { refuses, succeed, words } from "../cli/command";
import { haveProgram, runProgram } from "../testing";
import { PARTICLES, reading, Star, writeImages } from "./particleFiles";

/** STAR files as written by programs, scripts and editors are read correctly or refused with a clear message. */

let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-star-"));
  writeImages(at("p.mrcs"));
  writeImages(at("one/p.mrcs"));
  writeImages(at("two/p.mrcs"));
  writeImages(at("single.mrc"), 1);
  writeImages(at("cube.mrc"), 8);
  writeImages(at("many.mrcs"), 2 * PARTICLES);
  writeImages(at("unit.mrcs"), PARTICLES, 1);
  writeImages(at("unknown.mrcs"), PARTICLES, 0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Case {
  name: string;
  /** The file. Default: that of a good one after the change. */
  text?: (star: Star) => string | Buffer;
  change?: (star: Star) => unknown;
  options?: OpenParticlesOptions;
  /** The expected error, */
  refused?: RegExp;
  /** or the expected warnings, and a further check. */
  notes?: RegExp[];
  holds?: (set: ParticleSet) => void;
}

const good = new Star();
const apix = (expected: number) => (set: ParticleSet) =>
  assert.deepEqual([...new Set(set.opticsGroups.map((group) => group.apix))], [expected]);
const noOrigins = (star: Star) => star.particles.drop("rlnOriginXAngst", "rlnOriginYAngst");
const pixelOrigins = (star: Star) =>
  star.particles.rename("rlnOriginXAngst", "rlnOriginX").rename("rlnOriginYAngst", "rlnOriginY");
const shiftsAre = (factor: number) => (set: ParticleSet) =>
  assert.deepEqual(
    [...set.shifts()].slice(0, 4),
    [1, -1.5, 0.75, -1.25].map((x) => x * factor),
  );
const old = (star: Star) => star.flatten().particles.drop("rlnImagePixelSize", "rlnOpticsGroup").loop;
const general = (label: string, value: number) => `\ndata_general\n\n_${label} ${value}\n`;
const utf16 = (text: string, mark: boolean) => Buffer.from((mark ? "\ufeff" : "") + text, "utf16le");
const named = (name: string) => (star: Star) => star.particles.set("rlnImageName", (i) => `${i + 1}@${name}`);

const cases: Case[] = [
  { name: "a good file", notes: [], holds: apix(2) },
  // Blocks of pairs
  { name: "optics as pairs", text: (s) => s.optics.pairs + s.particles.loop, notes: [], holds: apix(2) },
  {
    name: "optics as pairs after the particles",
    text: (s) => s.particles.loop + s.optics.pairs,
    holds: apix(2),
  },
  {
    name: "optics as pairs with comments and quotes",
    text: (s) => s.optics.pairs.replace("group1", "'my group' # its name") + s.particles.loop,
    holds: (set) => assert.equal(set.opticsGroup(0).name, "my group"),
  },
  {
    name: "optics as pairs, a duplicate one",
    text: (s) => `${s.optics.pairs}_rlnVoltage 200\n${s.particles.loop}`,
    refused: /line \d+: expected each name once, found _rlnVoltage/,
  },
  {
    name: "optics as pairs, one without a value",
    text: (s) => s.optics.pairs.replace("_rlnVoltage 300", "_rlnVoltage") + s.particles.loop,
    refused: /line \d+: expected one value of _rlnVoltage, found 0/,
  },
  {
    name: "optics as pairs, voltage 0",
    change: (s) => s.optics.set("rlnVoltage", 0),
    text: (s) => s.optics.pairs + s.particles.loop,
    refused: /data_optics \(line \d+\), column _rlnVoltage: expected a voltage/,
  },
  {
    name: "one particle as pairs",
    text: (s) => s.optics.pairs + s.particles.pairs,
    holds: (set) => assert.deepEqual([set.count, set.image(0).section], [1, 0]),
  },
  { name: "another block of pairs before", text: (s) => general("rlnSomething", 1) + s.text, notes: [] },
  // Optics in the particle table
  {
    name: "optics in the particle table",
    text: (s) => s.flatten().particles.drop("rlnOpticsGroup").loop,
    notes: [],
    holds: apix(2),
  },
  {
    name: "optics in the particle table, with group names",
    text: (s) => s.flatten().particles.loop,
    notes: [/no data_optics/],
    holds: apix(2),
  },
  {
    name: "two sets of optics in the particle table",
    text: (s) => {
      s.flatten().particles.set("rlnVoltage", 200, 5);
      return s.particles.loop;
    },
    holds: (set) => assert.deepEqual([set.ctf(4)!.voltage, set.ctf(5)!.voltage], [300, 200]),
  },
  {
    name: "voltage in the particle table, the rest in data_optics",
    change: (s) => {
      s.optics.drop("rlnVoltage");
      s.particles.set("rlnVoltage", 200);
    },
    holds: (set) => assert.equal(set.ctf(3)!.voltage, 200),
  },
  {
    name: "_rlnPixelSize",
    text: (s) => `${old(s)}`.replace("rlnMicrographName", "rlnMicrographName"),
    change: (s) => s.particles.set("rlnPixelSize", 2),
    notes: [],
    holds: apix(2),
  },
  {
    name: "magnification and detector",
    change: (s) => s.particles.set("rlnMagnification", 25000).set("rlnDetectorPixelSize", 5),
    text: old,
    notes: [],
    holds: apix(2),
  },
  // The pixel size
  {
    name: "no pixel size: from the stack",
    change: named("p.mrcs"),
    text: old,
    notes: [/^no pixel size in the STAR file: 2 Å is taken from the image stack$/],
    holds: apix(2),
  },
  {
    name: "no pixel size: 1 Å in the stack",
    change: named("unit.mrcs"),
    text: old,
    notes: [/1 Å is taken from the image stack, which many programs write for an unknown one/],
    holds: apix(1),
  },
  {
    name: "no pixel size anywhere",
    change: named("unknown.mrcs"),
    text: old,
    refused: /expected a pixel size .*--apix.* none in the image stack/,
  },
  {
    name: "no pixel size anywhere, but given",
    change: named("unknown.mrcs"),
    text: old,
    options: { apix: 1.25 },
    notes: [],
    holds: (set) => {
      apix(1.25)(set);
      shiftsAre(1)(set);
    },
  },
  {
    name: "no pixel size in data_optics",
    change: (s) => s.optics.drop("rlnImagePixelSize"),
    refused: /data_optics: expected a column _rlnImagePixelSize, .*--apix.*found neither/,
  },
  {
    name: "no pixel size in data_optics, but given",
    change: (s) => s.optics.drop("rlnImagePixelSize"),
    options: { apix: 1.25 },
    holds: apix(1.25),
  },
  {
    name: "another pixel size given: shifts in Å are scaled",
    options: { apix: 4 },
    holds: (set) => {
      apix(4)(set);
      shiftsAre(2)(set);
    },
  },
  {
    name: "another pixel size given: shifts in pixels are not scaled",
    change: pixelOrigins,
    options: { apix: 4 },
    holds: shiftsAre(4),
  },
  {
    name: "pixel size 0, but given",
    change: (s) => s.optics.set("rlnImagePixelSize", 0),
    options: { apix: 2 },
    holds: apix(2),
  },
  {
    name: "one pixel size given for two",
    text: (s) => {
      s.flatten().particles.set("rlnImagePixelSize", 3, 4);
      return s.particles.loop;
    },
    options: { apix: 2 },
    refused: /--apix: .*particles of one pixel size, found 2 and 3 Å/,
  },
  {
    name: "two different pixel sizes",
    change: (s) => s.particles.set("rlnImagePixelSize", 1.5),
    refused:
      /row 1 .*_rlnImagePixelSize: expected 2, as _rlnImagePixelSize of data_optics says, found 1.5 .*--apix/,
  },
  {
    name: "two different pixel sizes in one row",
    change: (s) => s.particles.set("rlnPixelSize", 2).set("rlnPixelSize", 1.98, 7),
    refused: /row 8 .*_rlnPixelSize: expected 2, .*found 1.98/,
  },
  {
    name: "two pixel sizes in data_optics",
    change: (s) => s.optics.set("rlnPixelSize", 1.5),
    refused: /_rlnPixelSize: expected 2, as _rlnImagePixelSize says, found 1.5/,
  },
  {
    name: "pixel size and magnification disagree",
    change: (s) => s.particles.set("rlnMagnification", 25000).set("rlnDetectorPixelSize", 6),
    refused: /_rlnDetectorPixelSize \/ _rlnMagnification: expected 2, .*found 2.4/,
  },
  {
    name: "two different pixel sizes, and one given",
    change: (s) => s.particles.set("rlnImagePixelSize", 1.5),
    options: { apix: 2 },
    holds: apix(2),
  },
  {
    name: "two equal pixel sizes",
    change: (s) =>
      s.particles
        .set("rlnImagePixelSize", 2.0001)
        .set("rlnMagnification", 25000)
        .set("rlnDetectorPixelSize", 5),
    notes: [],
    holds: apix(2),
  },
  {
    name: "two different voltages",
    change: (s) => s.particles.set("rlnVoltage", 200, 2),
    refused: /row 1 .*_rlnVoltage: expected 300, as _rlnVoltage of data_optics says, found 0/,
  },
  {
    name: "a magnification of 0 beside a pixel size",
    change: (s) => s.particles.set("rlnMagnification", 0).set("rlnDetectorPixelSize", 0),
    holds: apix(2),
  },
  {
    name: "a magnification of 0 without a pixel size",
    change: (s) => s.particles.set("rlnMagnification", 0).set("rlnDetectorPixelSize", 5),
    text: old,
    refused: /_rlnDetectorPixelSize \/ _rlnMagnification: expected a finite number, found Infinity/,
  },
  // Duplicate tables and groups
  {
    name: "a duplicate optics group",
    change: (s) => s.optics.take(0, 0).set("rlnVoltage", 200, 1),
    refused: /row 2 .*_rlnOpticsGroup: expected each optics group once, found a second group 1/,
  },
  {
    name: "a missing optics group",
    change: (s) => s.particles.set("rlnOpticsGroup", 2, 3),
    refused: /row 4 .*_rlnOpticsGroup: expected a group of data_optics \(1\), found 2/,
  },
  {
    name: "a second data_particles",
    text: (s) => s.text + s.particles.loop,
    refused: /expected one table data_particles, found 2, of 12 and 12 rows/,
  },
  {
    name: "a second data_optics",
    text: (s) => s.optics.loop + s.text,
    refused: /expected one table data_optics, found 2/,
  },
  {
    name: "a second loop in data_particles",
    text: (s) => s.text + s.particles.loop.replace("data_particles", ""),
    refused: /expected one table data_particles, found 2/,
  },
  {
    name: "two tables with images",
    text: (s) =>
      s.text.replace("data_particles", "data_a") + s.particles.loop.replace("data_particles", "data_b"),
    refused: /or data_particles, found data_a, data_b/,
  },
  // Origins
  {
    name: "a flag of 2",
    change: (s) => s.optics.set("rlnCtfDataArePhaseFlipped", 2),
    refused: /row 1 \(line 14\), column _rlnCtfDataArePhaseFlipped: expected 0 or 1, found 2/,
  },
  {
    name: "two optics groups without a column for them",
    text: (s) => `${s.optics.loop}2 group2 300 2.7 0.1 2 8 2\n${s.particles.drop("rlnOpticsGroup").loop}`,
    refused: /data_particles: expected a column _rlnOpticsGroup, found none/,
  },
  {
    name: "volumes without a number",
    change: (s) => s.particles.set("rlnImageName", (i) => (i === 0 ? "cube.mrc" : `${i + 1}@p.mrcs`)),
    refused: /an image number before @, since cube\.mrc holds 8 images, found a name alone \(subtomograms/,
  },
  {
    name: "a missing stack",
    change: (s) => s.particles.set("rlnImageName", "1@gone.mrcs", 5),
    refused: /the image stack gone\.mrcs .*; row 6 names it first/,
  },
  { name: "no origins", change: noOrigins, notes: [/^no origins: shifts are taken as 0$/] },
  { name: "no origins and no angles", change: (s) => noOrigins(s).drop("rlnAngleRot"), notes: [] },
  { name: "origins in pixels", change: pixelOrigins, notes: [], holds: shiftsAre(2) },
  {
    name: "origins half in Å and half in pixels",
    change: (s) => s.particles.rename("rlnOriginYAngst", "rlnOriginY"),
    refused: /found _rlnOriginXAngst and _rlnOriginY$/,
  },
  {
    name: "a single origin",
    change: (s) => s.particles.drop("rlnOriginYAngst"),
    refused: /found _rlnOriginXAngst$/,
  },
  {
    name: "a single origin in pixels",
    change: (s) => pixelOrigins(s).drop("rlnOriginX"),
    refused: /found _rlnOriginY$/,
  },
  {
    name: "origins in pixels and one in Å",
    change: (s) => pixelOrigins(s).set("rlnOriginXAngst", 1),
    refused: /found _rlnOriginXAngst and _rlnOriginX and _rlnOriginY$/,
  },
  {
    name: "equal origins in Å and pixels",
    change: (s) =>
      s.particles.set("rlnOriginX", (i) => (0.25 * i - 1) / 2).set("rlnOriginY", (i) => (1.5 - 0.25 * i) / 2),
    notes: [],
    holds: shiftsAre(1),
  },
  {
    name: "different origins in Å and pixels",
    change: (s) => s.particles.set("rlnOriginX", 3).set("rlnOriginY", 3),
    notes: [/origins in Å and in pixels differ/],
    holds: shiftsAre(1),
  },
  {
    name: "all angles 0",
    change: (s) => s.particles.set("rlnAngleRot", 0).set("rlnAngleTilt", 0).set("rlnAnglePsi", 0),
    notes: [/^12 of 12 particles have exactly the angles 0, 0, 0/],
  },
  {
    name: "angles in radians",
    change: (s) =>
      s.particles
        .take(...Array.from({ length: 24 }, (_, i) => i >> 1))
        .set("rlnImageName", (i) => `${i + 1}@many.mrcs`)
        .set("rlnAngleRot", (i) => 0.2 * i)
        .set("rlnAngleTilt", (i) => 0.1 * i)
        .set("rlnAnglePsi", -3.1),
    notes: [/^no angle is beyond 4\.6°/],
  },
  // Names of images
  {
    name: "names without a number",
    change: (s) => s.particles.set("rlnImageName", "p.mrcs"),
    refused: /row 1 .*_rlnImageName: expected an image number before @, since p\.mrcs holds 12 images/,
  },
  {
    name: "one name without a number",
    change: (s) => s.particles.set("rlnImageName", "p.mrcs", 6),
    refused: /row 7 .*expected an image number before @/,
  },
  {
    name: "a name without a number, of a stack with one image",
    change: (s) => s.particles.take(0).set("rlnImageName", "single.mrc"),
    notes: [],
  },
  // Comments and encodings
  {
    name: "rows that start with #",
    change: (s) => s.particles.set("rlnMicrographName", (i) => (i < 4 ? `#g2/${i}.mrc` : "m.mrc")),
    notes: [/^4 lines among the rows of data_particles begin with # .*comments/],
    holds: (set) => assert.equal(set.count, 8),
  },
  {
    name: "a last row that starts with #",
    change: (s) => s.particles.set("rlnMicrographName", "#m", 11),
    notes: [/^1 line among the rows/],
  },
  {
    name: "comments among the rows",
    text: (s) => s.text.replace(/^mic2\.mrc/m, "# of the second session\n#\n# version 30001\nmic2.mrc"),
    notes: [],
  },
  {
    name: "a byte-order mark",
    text: (s) => Buffer.from(`\ufeff${s.text.trimStart()}`),
    notes: [],
    holds: apix(2),
  },
  {
    name: "a byte-order mark and CRLF line ends",
    text: (s) => Buffer.from(`\ufeff${s.text.replaceAll("\n", "\r\n")}`),
    notes: [],
  },
  {
    name: "UTF-16 with a byte-order mark",
    text: (s) => utf16(s.text, true),
    refused: /expected a STAR file, found UTF-16 text: save it as UTF-8/,
  },
  {
    name: "UTF-16 without a byte-order mark",
    text: (s) => utf16(s.text, false),
    refused: /found UTF-16 text/,
  },
  { name: "UTF-16, big-endian", text: (s) => utf16(s.text, true).swap16(), refused: /found UTF-16 text/ },
  // Tomography
  {
    name: "tilt stacks of subtomograms",
    text: (s) => general("rlnTomoSubTomosAre2DStacks", 1) + s.text,
    change: (s) => s.particles.set("rlnImageName", "p.mrcs"),
    refused:
      /particles of tilt series \(data_general: _rlnTomoSubTomosAre2DStacks 1, 12 images in p\.mrcs\), which are not read yet/,
  },
  {
    name: "undeclared tilt stacks",
    change: (s) => s.particles.set("rlnTomoVisibleFrames", "[1,1]"),
    refused: /tilt series \(column _rlnTomoVisibleFrames/,
  },
  {
    name: "particles in tomograms without images",
    change: (s) => s.particles.drop("rlnImageName").set("rlnTomoName", "TS1"),
    refused: /expected a loop with a column _rlnImageName, found .*tomograms, which are not read yet/,
  },
  {
    name: "subtomograms",
    change: (s) => s.optics.set("rlnImageDimensionality", 3),
    refused: /_rlnImageDimensionality: expected 2-dimensional images/,
  },
  // Two stacks of the same name
  {
    name: "two stacks of the same name in different folders",
    change: (s) => s.particles.set("rlnImageName", (i) => `${i + 1}@${i < 6 ? "one" : "two"}/p.mrcs`),
    notes: [],
    holds: (set) => assert.equal(set.images, undefined),
  },
];

const lost = (i: number) => `${i + 1}@/lost/${i < 6 ? "a" : "b"}/p.mrcs`;

describe("STAR files", () => {
  for (const { name, text = (star: Star) => star.text, change, options, refused, notes, holds } of cases) {
    test(name, async () => {
      const star = new Star();
      change?.(star);
      writeFileSync(at("a.star"), text(star));
      const { set, refusal } = await reading(at("a.star"), options);
      if (refused) {
        assert.match(refusal, refused);
        assert.doesNotMatch(refusal, /undefined|NaN/);
        return;
      }
      assert.equal(refusal, "");
      const said = set!.warnings.filter((note) => !note.startsWith("no CTF columns"));
      if (notes) assert.equal(said.length, notes.length, said.join("; "));
      for (const [i, note] of (notes ?? []).entries()) assert.match(said[i]!, note);
      holds?.(set!);
    });
  }

  test("a data folder with one of two stacks of the same name", async () => {
    const star = new Star();
    star.particles.set("rlnImageName", lost);
    writeFileSync(at("a.star"), star.text);
    const { refusal } = await reading(at("a.star"), { dataFolder: at("one") });
    assert.match(refusal, /a stack for each of \/lost\/a\/p\.mrcs and \/lost\/b\/p\.mrcs in the data folder/);
  });

  test("a data folder with both stacks in different folders", async () => {
    mkdirSync(at("data"));
    for (const part of ["a", "b"]) writeImages(at("data", part, "p.mrcs"));
    const star = new Star();
    star.particles.set("rlnImageName", lost);
    writeFileSync(at("a.star"), star.text);
    const { set, refusal } = await reading(at("a.star"), { dataFolder: at("data") });
    assert.equal(refusal, "");
    assert.deepEqual(await set!.stackFiles(), [at("data/a/p.mrcs"), at("data/b/p.mrcs")]);
  });

  test("a data folder, and a stack with its absolute and its relative name", async () => {
    const star = new Star();
    star.particles.set("rlnImageName", (i) => `${i + 1}@${i < 6 ? "/lost/" : ""}a/p.mrcs`);
    writeFileSync(at("a.star"), star.text);
    const { refusal } = await reading(at("a.star"), { dataFolder: at("one") });
    assert.equal(refusal, "");
  });

  test("files with a byte-order mark, or in pairs, are written so that RELION reads them", async () => {
    writeFileSync(at("a.star"), `\ufeff${good.optics.pairs.trimStart()}${good.particles.loop}`);
    const marked = await reading(at("a.star"));
    await writeSelection(at("b.star"), marked.set!, { rows: [3, 1] });
    const text = readFileSync(at("b.star"), "utf8");
    assert.ok(text.startsWith("data_optics"));
    assert.deepEqual(text.match(/^.*@.*$/gm), [good.particles.rows[3], good.particles.rows[1]]);

    writeFileSync(at("a.star"), good.optics.pairs + good.particles.pairs);
    const pair = await reading(at("a.star"));
    await writeSelection(at("b.star"), pair.set!, { rows: [0], columns: { e2gmmLatent1: [0.5] } });
    const { set, refusal } = await reading(at("b.star"));
    assert.equal(refusal, "");
    assert.deepEqual([...set!.column("e2gmmLatent1")], [0.5]);
    assert.deepEqual([...set!.rotations()], [...pair.set!.rotations()]);
  });
});

describe("RELION", () => {
  const mapOf = (text: string | Buffer) => {
    writeFileSync(at("relion.star"), text);
    runProgram("relion_reconstruct", words("--i relion.star --o relion.mrc --ctf --skip_gridding"), folder);
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
    refuses(folder, args, /_rlnImagePixelSize: expected 2, /);
    assert.match(succeed(folder, ...args, "--apix", "1.5"), /8 voxels of 1\.500 Å/);
    refuses(folder, [...args, "--apix", "0"], /--apix: expected a length in Å above 0/);
  });

  test("project needs no stack if box and pixel size are given", () => {
    const star = named("gone.mrcs")(new Star()).drop("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle");
    writeFileSync(at("gone.star"), star.loop);
    const args = words("project --model model.txt --star gone.star --out projections.mrcs");
    refuses(folder, args, /expected the image stack gone\.mrcs/);
    const printed = succeed(folder, ...args, "--box", "8", "--apix", "2");
    assert.match(printed, /12 projections, 8 pixels of 2\.000 Å/);
  });

  test("project refuses poses with a single origin or values that are not finite", () => {
    const poses = (origin: string, rows: string) =>
      `data_\nloop_\n_rlnAngleRot\n_rlnAngleTilt\n_rlnAnglePsi\n${origin}${rows}\n`;
    const args = words("project --model model.txt --star poses.star --out projections.mrcs");
    writeFileSync(at("poses.star"), poses("_rlnOriginXAngst\n", "1 2 3 4"));
    refuses(folder, args, /expected origins in Å .*found _rlnOriginXAngst$/m);
    writeFileSync(at("poses.star"), poses("", "1 2 1e200"));
    refuses(folder, args, /row 1 .*_rlnAnglePsi: expected an angle/);
    writeFileSync(at("poses.star"), poses("", "1 2 nan"));
    refuses(folder, args, /row 1 .*_rlnAnglePsi: expected a number, found "nan"/);
  });

  test("project reports insufficient memory for huge images", () => {
    writeFileSync(at("a.star"), new Star().text);
    const args = words("project --model model.txt --star a.star --apix 2 --box 200000 --out large.mrcs");
    refuses(folder, args, /^e2gmm: memory: not enough .*smaller box/);
  });

  test("EMAN2 lists are refused with correct advice", () => {
    writeFileSync(at("a.lst"), "#LSX\n# This file is in fast LST format.\n# 20\n0\tp.hdf\n");
    const args = ["reconstruct", "--particles", "a.lst", "--out", "map.mrc"];
    refuses(
      folder,
      args,
      /a particle list of EMAN2, which is not read yet, and EMAN2 writes no STAR file with angles/,
    );
  });
});
