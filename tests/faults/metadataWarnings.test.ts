import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { CryosparcFile, PARTICLES, reading, Star, writeImages } from "./particleFiles";

/** Implausible values of CTF, optics and poses cause a warning; unusual but valid ones are accepted. */

let folder: string;
const at = (name: string) => path.join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-metadata-"));
  writeImages(path.join(folder, "p.mrcs"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const optics = (column: string, value: number | string) => (star: Star) => star.optics.set(column, value);
const row4 = (column: string, value: number | string) => (star: Star) => star.particles.set(column, value, 3);

describe("implausible values cause a warning", () => {
  const twice = Array.from({ length: 2 * PARTICLES }, (_, i) => i % PARTICLES);
  const scaled =
    (factor: number, ...columns: string[]) =>
    (star: Star) => {
      for (const column of columns)
        star.particles.set(column, (i) =>
          String(factor * Number(new Star().particles.value(column, i % PARTICLES))),
        );
    };
  const doubtful: [name: string, change: (star: Star) => unknown, note: RegExp | undefined][] = [
    ["a good file", () => {}, undefined],
    ["defocus in nm", scaled(0.1, "rlnDefocusU", "rlnDefocusV"), /^no defocus is beyond 1830 Å: /],
    ["close to focus with a phase plate", (s) => s.particles.set("rlnPhaseShift", 90), undefined],
    [
      "phase shift in radians",
      (s) => s.particles.set("rlnPhaseShift", 1.57),
      /^no phase shift is beyond 1\.57°/,
    ],
    [
      "very different defoci",
      row4("rlnDefocusU", 100),
      /^the two defoci of 1 of 24 particles .*100 and 15700 Å in row 4/,
    ],
    [
      "an origin outside the image",
      row4("rlnOriginXAngst", 40),
      /^the shifts of 1 of 24 particles lead out .*row 4: -40, /,
    ],
    ["an origin at the edge of the image", row4("rlnOriginXAngst", 8), undefined],
    [
      "defocus U without V",
      (s) => s.particles.drop("rlnDefocusV"),
      /^no _rlnDefocusV: astigmatism is taken as 0/,
    ],
  ];
  for (const [name, change, right] of doubtful) {
    test(name, async () => {
      const star = new Star();
      star.particles.take(...twice);
      change(star);
      writeFileSync(at("a.star"), star.text);
      const { set, refusal } = await reading(at("a.star"));
      assert.equal(refusal, "");
      const said = set!.warnings.filter((note) => !/name an image a second time|half set/.test(note));
      assert.equal(said.length, right ? 1 : 0, said.join("; "));
      if (right) assert.match(said[0]!, right);
    });
  }

  test("a shift outside the image in a .cs file", async () => {
    const file = new CryosparcFile();
    file.set("alignments3D/shift", [500, 0], 3);
    writeFileSync(at("a.cs"), file.bytes);
    const { set } = await reading(at("a.cs"));
    assert.match(
      set!.warnings.join(),
      /^the shifts of 1 of 12 particles .*row 4: -1000, 0 Å in a box of 16 Å/,
    );
  });

  test("a different pixel size in the stack", async () => {
    const star = new Star();
    star.optics.set("rlnImagePixelSize", 3);
    writeFileSync(at("a.star"), star.text);
    const { set } = await reading(at("a.star"));
    assert.match(set!.warnings.join(), /p\.mrcs has a pixel size of 2 Å in its header, .*a\.star one of 3 Å/);
    assert.deepEqual((await reading(at("a.star"), { apix: 3 })).set!.warnings, []);
  });
});

describe("valid values are accepted", () => {
  const good: [name: string, change: (star: Star) => unknown][] = [
    ["a good file", () => {}],
    ["a corrected microscope, aberration 0", optics("rlnSphericalAberration", 0)],
    ["a corrected microscope, aberration 0.001", optics("rlnSphericalAberration", 0.001)],
    ["a corrected microscope, aberration 0.01", optics("rlnSphericalAberration", 0.01)],
    ["aberration below 0", optics("rlnSphericalAberration", -0.04)],
    ["amplitude contrast 0", optics("rlnAmplitudeContrast", 0)],
    ["amplitude contrast 1", optics("rlnAmplitudeContrast", 1)],
    ["100 kV", optics("rlnVoltage", 100)],
    ["B factor of dose weights below 0", row4("rlnCtfBfactor", -507)],
    ["defocus of subtomograms", row4("rlnDefocusU", 80000)],
    [
      "close to focus with a phase plate",
      (s) => s.particles.set("rlnPhaseShift", 90).set("rlnDefocusU", -300, 3),
    ],
    ["angles of more than 360°", row4("rlnAngleRot", 545)],
    [
      "an amplitude contrast of 0 without CTF",
      (s) => {
        s.optics.set("rlnVoltage", 0);
        s.particles.drop("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle");
      },
    ],
  ];
  for (const [name, change] of good) {
    test(name, async () => {
      const star = new Star();
      change(star);
      writeFileSync(at("a.star"), star.text);
      const { set, refusal } = await reading(at("a.star"));
      assert.equal(refusal, "");
      assert.equal(set!.count, PARTICLES);
    });
  }

  test("a good .cs file", async () => {
    writeFileSync(at("a.cs"), new CryosparcFile().bytes);
    const { set, refusal } = await reading(at("a.cs"));
    assert.equal(refusal, "");
    assert.deepEqual(set!.warnings, []);
    assert.deepEqual([...set!.randomSubset!], [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
  });
});
