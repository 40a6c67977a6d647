import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { ParticleSet } from "e2gmm/dist/particles/particleSet";
import { writeSelection } from "e2gmm/dist/particles/writeSelection";
import { describe, test } from "vitest";
import { reading, Star, writeImages } from "./particleFiles";
import { type StarCase, starFolder, testCases } from "./starCases";

/** STAR files as written by programs, scripts and editors are read correctly or refused with a clear message. */

const { at } = starFolder();

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
const general = (label: string, value: number) => `\ndata_general\n\n_${label} ${value}\n`;
const utf16 = (text: string, mark: boolean) => Buffer.from((mark ? "\ufeff" : "") + text, "utf16le");

const cases: StarCase[] = [
  // Origins
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
      /expected the optimisation set \(…optimisation_set\.star\) of tilt series, .* found the particles alone/,
  },
  {
    name: "undeclared tilt stacks",
    change: (s) => s.particles.set("rlnTomoVisibleFrames", "[1,1]"),
    refused: /expected the optimisation set .* of tilt series, .* found the particles alone/,
  },
  {
    name: "particles in tomograms without images",
    change: (s) => s.particles.drop("rlnImageName").set("rlnTomoName", "TS1"),
    refused:
      /expected a loop with a column _rlnImageName, found .* of tomograms; the optimisation set beside them is read/,
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
  testCases(at, cases);

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
