import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { refuses } from "../cli/command";
import { CryosparcFile, reading, Star, writeImages } from "./particleFiles";

/** Impossible values of CTF, optics and poses are refused in STAR and .cs files, with row, column, limits and value. */

let folder: string;
const at = (name: string) => path.join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-metadata-"));
  writeImages(path.join(folder, "p.mrcs"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type StarCase = [name: string, change: (star: Star) => unknown, right: RegExp];

const optics = (column: string, value: number | string) => (star: Star) => star.optics.set(column, value);
const row4 = (column: string, value: number | string) => (star: Star) => star.particles.set(column, value, 3);

const starCases: StarCase[] = [
  [
    "amplitude contrast in percent",
    optics("rlnAmplitudeContrast", 10),
    /row 1 \(line 13\), column _rlnAmplitudeContrast: .*0 to 1, found 10 \(percent/,
  ],
  [
    "amplitude contrast below 0",
    optics("rlnAmplitudeContrast", -0.1),
    /_rlnAmplitudeContrast: .*0 to 1, found -0.1/,
  ],
  ["voltage 0", optics("rlnVoltage", 0), /_rlnVoltage: expected a voltage of 10 to 1,000 kV, found 0/],
  ["voltage in V", optics("rlnVoltage", 300000), /_rlnVoltage: .*found 300,000 \(V instead of kV/],
  ["voltage below 0", optics("rlnVoltage", -300), /_rlnVoltage: .*found -300/],
  ["voltage NaN", optics("rlnVoltage", "nan"), /_rlnVoltage: expected a number, found "nan"/],
  [
    "aberration in m",
    optics("rlnSphericalAberration", 0.0027),
    /_rlnSphericalAberration: .*found 0.0027 \(m instead of mm/,
  ],
  [
    "aberration in µm",
    optics("rlnSphericalAberration", 2700),
    /_rlnSphericalAberration: .*found 2,700 \(µm instead of mm/,
  ],
  ["aberration infinite", optics("rlnSphericalAberration", "inf"), /_rlnSphericalAberration: .*"inf"/],
  [
    "pixel size 0",
    optics("rlnImagePixelSize", 0),
    /_rlnImagePixelSize: expected a pixel size of 0.05 to 100 Å, found 0 .*--apix/,
  ],
  ["pixel size below 0", optics("rlnImagePixelSize", -2), /_rlnImagePixelSize: .*found -2/],
  ["pixel size in m", optics("rlnImagePixelSize", 2e-10), /_rlnImagePixelSize: .*found 2e-10/],
  ["pixel size out of range", optics("rlnImagePixelSize", 1e5), /_rlnImagePixelSize: .*found 100,000/],
  ["image size 0", optics("rlnImageSize", 0), /_rlnImageSize: .*found 0/],
  ["image size with a fraction", optics("rlnImageSize", 8.5), /_rlnImageSize: .*whole number, found 8.5/],
  [
    "defocus in µm",
    (s) => s.particles.set("rlnDefocusU", 1.5).set("rlnDefocusV", 1.4),
    /row 1 .*_rlnDefocusU: .*found 1.5 \(µm instead of Å/,
  ],
  [
    "defocus below 0",
    row4("rlnDefocusU", -15000),
    /row 4 .*_rlnDefocusU: .*20 to 200,000 Å, found -15,000 \(underfocus is positive/,
  ],
  ["defocus V below 0", row4("rlnDefocusV", -15000), /row 4 .*_rlnDefocusV/],
  ["defocus 0", row4("rlnDefocusU", 0), /row 4 .*_rlnDefocusU: .*found 0/],
  ["defocus NaN", row4("rlnDefocusV", "nan"), /row 4 .*_rlnDefocusV: expected a number, found "nan"/],
  ["defocus too large for a number", row4("rlnDefocusV", "1e999"), /row 4 .*_rlnDefocusV/],
  ["only defocus V", (s) => s.particles.drop("rlnDefocusU"), /_rlnDefocusU beside _rlnDefocusV/],
  [
    "astigmatism without an angle",
    (s) => s.particles.drop("rlnDefocusAngle"),
    /_rlnDefocusAngle, since .* differ, found none/,
  ],
  ["defocus angle infinite", row4("rlnDefocusAngle", "-inf"), /row 4 .*_rlnDefocusAngle: expected a number/],
  ["defocus angle out of range", row4("rlnDefocusAngle", 1e9), /row 4 .*_rlnDefocusAngle/],
  [
    "phase shift of more than 360°",
    row4("rlnPhaseShift", 9000),
    /row 4 .*_rlnPhaseShift: .*-360 to 360 °, found 9,000/,
  ],
  ["B factor out of range", row4("rlnCtfBfactor", 1e6), /row 4 .*_rlnCtfBfactor: .*Å²/],
  ["scale factor 0", row4("rlnCtfScalefactor", 0), /row 4 .*_rlnCtfScalefactor: .*found 0/],
  ["scale factor below 0", row4("rlnCtfScalefactor", -1), /row 4 .*_rlnCtfScalefactor/],
  ["angle NaN", row4("rlnAngleTilt", "NaN"), /row 4 .*_rlnAngleTilt: expected a number, found "NaN"/],
  ["angle out of range", row4("rlnAngleRot", 1e30), /row 4 .*_rlnAngleRot: expected an angle/],
  ["origin NaN", row4("rlnOriginXAngst", "nan"), /row 4 .*_rlnOriginXAngst: expected a number/],
  ["origin out of range", row4("rlnOriginYAngst", -1e7), /row 4 .*_rlnOriginYAngst: expected an origin/],
  [
    "half set 0",
    row4("rlnRandomSubset", 0),
    /row 4 .*_rlnRandomSubset: expected a half set, 1 or 2, found 0/,
  ],
  ["half set 3", row4("rlnRandomSubset", 3), /row 4 .*_rlnRandomSubset: .*found 3/],
  ["half set 1.5", row4("rlnRandomSubset", 1.5), /row 4 .*_rlnRandomSubset: .*found 1.5/],
  [
    "half set 257, which is 1 modulo 256",
    row4("rlnRandomSubset", 257),
    /row 4 .*_rlnRandomSubset: .*found 257/,
  ],
];

describe("STAR files", () => {
  for (const [name, change, right] of starCases) {
    test(name, async () => {
      const star = new Star();
      change(star);
      writeFileSync(at("a.star"), star.text);
      const { refusal } = await reading(at("a.star"));
      assert.match(refusal, right);
      assert.ok(refusal.startsWith(at("a.star")), refusal);
    });
  }

  test("voltage 0 and others in the particle table", async () => {
    for (const [column, value] of [
      ["rlnVoltage", 0],
      ["rlnAmplitudeContrast", 7],
      ["rlnSphericalAberration", 0.0027],
      ["rlnImagePixelSize", 0],
    ] as const) {
      const star = new Star().flatten();
      star.particles.set(column, value, 3);
      writeFileSync(at("a.star"), star.particles.loop);
      assert.match(
        (await reading(at("a.star"))).refusal,
        new RegExp(`row 4 \\(line \\d+\\), column _${column}: `),
      );
    }
  });
});

type CsCase = [name: string, change: (cs: CryosparcFile) => unknown, right: RegExp];

const cs4 = (field: string, value: number | number[], type?: string) => (cs: CryosparcFile) =>
  cs.set(field, value, 3, type);
const cs = (field: string, value: number | number[], type?: string) => (file: CryosparcFile) =>
  file.set(field, value, undefined, type);
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

const csCases: CsCase[] = [
  [
    "pose NaN",
    cs4("alignments3D/pose", [0.1, nan, 0.2]),
    /row 4, field alignments3D\/pose: expected a finite number, found NaN/,
  ],
  ["pose infinite", cs4("alignments3D/pose", [inf, 0, 0.2]), /row 4, field alignments3D\/pose: .*Infinity/],
  [
    "pose in degrees",
    cs4("alignments3D/pose", [120, 0, 30]),
    /row 4, field alignments3D\/pose: .*found 120 \(degrees/,
  ],
  [
    "pose of two numbers",
    cs("alignments3D/pose", [0.1, 0.2]),
    /field alignments3D\/pose: expected 3 numbers in each row, found 2/,
  ],
  ["pose of one number", cs("alignments3D/pose", 0.1), /field alignments3D\/pose: expected 3 numbers/],
  [
    "shift NaN",
    cs4("alignments3D/shift", [nan, 0]),
    /row 4, field alignments3D\/shift: expected a finite number, found NaN/,
  ],
  ["shift infinite", cs4("alignments3D/shift", [0, -inf]), /row 4, field alignments3D\/shift: .*-Infinity/],
  [
    "shift of three numbers",
    cs("alignments3D/shift", [0, 0, 0]),
    /field alignments3D\/shift: expected 2 numbers/,
  ],
  [
    "no particle aligned",
    cs("alignments3D/pose", [0, 0, 0]),
    /field alignments3D\/pose: expected aligned particles/,
  ],
  ["defocus NaN", cs4("ctf/df1_A", nan), /row 4, field ctf\/df1_A: expected a finite number, found NaN/],
  ["defocus in µm", cs("ctf/df2_A", 1.5), /row 1, field ctf\/df2_A: .*µm instead of Å/],
  ["defocus below 0", cs4("ctf/df1_A", -15000), /row 4, field ctf\/df1_A: .*underfocus is positive/],
  ["defocus without the second", (f) => f.drop("ctf/df2_A"), /expected the fields .*found no ctf\/df2_A/],
  ["defocus without the first", (f) => f.drop("ctf/df1_A"), /expected the fields .*found no ctf\/df1_A/],
  ["defocus angle NaN", cs4("ctf/df_angle_rad", nan), /row 4, field ctf\/df_angle_rad: expected a finite/],
  [
    "phase shift in another unit",
    cs4("ctf/phase_shift_rad", 90),
    /row 4, field ctf\/phase_shift_rad: .*-6.28319 to 6.28319 rad, found 90/,
  ],
  ["B factor infinite", cs4("ctf/bfactor", inf), /row 4, field ctf\/bfactor: expected a finite/],
  ["voltage 0", cs4("ctf/accel_kv", 0), /row 4, field ctf\/accel_kv: .*10 to 1,000 kV, found 0/],
  ["voltage NaN", cs("ctf/accel_kv", nan), /row 1, field ctf\/accel_kv: expected a finite number, found NaN/],
  ["voltage in V", cs("ctf/accel_kv", 200000), /field ctf\/accel_kv: .*V instead of kV/],
  ["aberration in m", cs("ctf/cs_mm", 0.0027), /field ctf\/cs_mm: .*m instead of mm/],
  ["aberration NaN", cs4("ctf/cs_mm", nan), /row 4, field ctf\/cs_mm: expected a finite/],
  ["amplitude contrast in percent", cs("ctf/amp_contrast", 10), /field ctf\/amp_contrast: .*percent/],
  ["pixel size 0", cs("blob/psize_A", 0), /row 1, field blob\/psize_A: .*found 0/],
  ["pixel size NaN", cs4("blob/psize_A", nan), /row 4, field blob\/psize_A: expected a finite/],
  ["pixel size of the alignment 0", cs4("alignments3D/psize_A", 0), /row 4, field alignments3D\/psize_A/],
  [
    "half sets of three",
    cs4("alignments3D/split", 2),
    /row 4, field alignments3D\/split: expected a half set, 0 or 1, found 2/,
  ],
  ["a sign of 0", cs4("blob/sign", 0), /row 4, field blob\/sign: expected a sign, -1 or 1, found 0/],
  ["a sign of NaN", cs("blob/sign", nan), /row 1, field blob\/sign: expected a finite number, found NaN/],
  [
    "a passthrough file",
    (f) => ["path", "idx", "shape", "psize_A", "sign"].map((name) => f.drop(`blob/${name}`)),
    /found no blob\/path: is it a passthrough file/,
  ],
  ["images with a single size", cs("blob/shape", 8), /field blob\/shape: expected 2 numbers/],
  ["volumes", cs("blob/shape", [8, 8, 8]), /field blob\/shape: expected 2 numbers/],
  [
    "an empty name",
    (f) => f.set("blob/path", "", 3),
    /row 4, field blob\/path: expected the name of a stack/,
  ],
  ["a negative section", cs4("blob/idx", -1, "<f4"), /row 4, field blob\/idx: .*found -1/],
  ["a fractional section", cs4("blob/idx", 1.5, "<f4"), /row 4, field blob\/idx: .*found 1.5/],
];

describe(".cs files", () => {
  for (const [name, change, right] of csCases) {
    test(name, async () => {
      const file = new CryosparcFile();
      change(file);
      writeFileSync(at("a.cs"), file.bytes);
      const { refusal } = await reading(at("a.cs"));
      assert.match(refusal, right);
      assert.ok(refusal.startsWith(at("a.cs")), refusal);
    });
  }

  test("unaligned particles are counted and left out", async () => {
    const file = new CryosparcFile();
    for (const row of [0, 5, 11]) file.set("alignments3D/pose", [0, 0, 0], row);
    writeFileSync(at("a.cs"), file.bytes);
    const { set, refusal } = await reading(at("a.cs"));
    assert.equal(refusal, "");
    assert.deepEqual([...set!.rows], [1, 2, 3, 4, 6, 7, 8, 9, 10]);
    assert.match(set!.warnings.join("\n"), /^3 of 12 particles have a null vector .*left out$/);
    assert.equal(set!.rotations().length, 9 * 9);
    assert.deepEqual([...set!.selectRows([6, 1]).rows], [6, 1]);
    assert.throws(() => set!.selectRows([5]), { name: "InputError" });
  });
});

test("the command writes no output for bad input", () => {
  const star = new Star();
  star.optics.set("rlnVoltage", 0);
  writeFileSync(at("command.star"), star.text);
  const said = /^e2gmm: command\.star: row 1 \(line 13\), column _rlnVoltage: expected a voltage/;
  refuses(folder, ["reconstruct", "--particles", "command.star", "--out", "map.mrc"], said);
});
