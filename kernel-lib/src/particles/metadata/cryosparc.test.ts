import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { InputError } from "../../errors";
import { createStack } from "../../formats/mrc";
import { eulerFromRotation } from "../../optics/pose";
import { openParticles } from "../particleSet";
import { type Field, npy } from "./cryosparc.test.helper";

const base: Field[] = [
  ["uid", "<u8", [18446744073709551615n, 2n, 3n]],
  ["blob/path", "|S20", ["J1/a.mrc", ">J1/b.mrc", "J1/a.mrc"]],
  ["blob/idx", "<u4", [1, 0, 0]],
  [
    "blob/shape",
    "<u4",
    [
      [4, 4],
      [4, 4],
      [4, 4],
    ],
  ],
  ["blob/psize_A", "<f4", [2, 2, 2]],
  ["blob/sign", "<f4", [-1, 1, -1]],
  ["ctf/accel_kv", "<f4", [300, 300, 200]],
  ["ctf/cs_mm", "<f4", [2.5, 2.5, 2.5]],
  ["ctf/amp_contrast", "<f4", [0.125, 0.125, 0.125]],
  ["ctf/df1_A", "<f4", [15000, 16000, 17000]],
  ["ctf/df2_A", "<f4", [14000, 15000, 16000]],
  ["ctf/df_angle_rad", "<f4", [0.5, -0.25, 0]],
  ["ctf/phase_shift_rad", "<f4", [0.5, 0, 0]],
  ["alignments3D/split", "<u4", [0, 1, 1]],
  [
    "alignments3D/shift",
    "<f4",
    [
      [1, -2],
      [0, 0],
      [0.5, 1.5],
    ],
  ],
  [
    "alignments3D/pose",
    "<f4",
    [
      [0, 0, Math.PI / 2],
      [0, 0, 1e-9],
      [Math.PI / 2, 0, 0],
    ],
  ],
  ["alignments3D/psize_A", "<f4", [4, 4, 4]],
];

async function project(t: TestContext, fields: Field[] = base): Promise<string> {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "particles.cs");
  writeFileSync(file, npy(fields));
  return file;
}

async function opened(t: TestContext, file: string) {
  const set = await openParticles(file);
  t.onTestFinished(() => set.close());
  return set;
}

test("a .cs file gives poses, shifts, CTF, half sets and exact identifiers", async (t) => {
  const set = await opened(t, await project(t));
  assert.deepEqual([set.count, set.boxSize, set.apix], [3, 4, 2]);
  assert.deepEqual(set.warnings, []);
  // A rotation of the image about its normal by +90° is psi = 90 in RELION.
  const rotations = set.rotations();
  const { rot, tilt, psi } = eulerFromRotation(rotations);
  assert.ok(
    Math.abs(rot) < 1e-4 && Math.abs(tilt) < 1e-4 && Math.abs(psi - 90) < 1e-4,
    `${rot} ${tilt} ${psi}`,
  );
  const expected = [1, 0, 0, 0, 0, 1, 0, -1, 0];
  for (let i = 0; i < 9; i++) assert.ok(Math.abs(rotations[18 + i]! - expected[i]!) < 1e-6);
  // Shifts are in pixels of the alignment, and RELION's origins are the same numbers.
  assert.deepEqual(
    [...set.shifts()].map((x) => x + 0),
    [-4, 8, 0, 0, -2, -6],
  );
  assert.deepEqual([...set.randomSubset!], [1, 2, 2]);
  assert.deepEqual(set.textColumn("uid"), ["18446744073709551615", "2", "3"]);
  assert.deepEqual([...set.column("ctf/df1_A")], [15000, 16000, 17000]);
  const ctf = set.ctf(0)!;
  assert.ok(Math.abs(ctf.angle - (0.5 * 180) / Math.PI) < 1e-9);
  assert.ok(Math.abs(ctf.phaseShift - (0.5 * 180) / Math.PI) < 1e-9);
  assert.deepEqual(
    [ctf.defocusU, ctf.defocusV, ctf.voltage, ctf.sphericalAberration, ctf.amplitudeContrast, ctf.scale],
    [15000, 14000, 300, 2.5, 0.125, 1],
  );
  assert.equal(set.ctf(2)!.voltage, 200);
});

test("images marked as dark on light are inverted, and sections count from 0", async (t) => {
  const file = await project(t);
  const folder = path.join(path.dirname(file), "J1");
  mkdirSync(folder);
  for (const [name, first] of [
    ["a.mrc", 10],
    ["b.mrc", 20],
  ] as const) {
    const stack = await createStack(path.join(folder, name), { size: [4, 4], apix: 2 });
    for (let i = 0; i < 2; i++) await stack.append(new Float32Array(16).fill(first + i));
    await stack.close();
  }
  const images = await (await opened(t, file)).readImages([0, 1, 2]);
  assert.deepEqual([images[0], images[16], images[32]], [-11, 20, -10]);
});

test("rows are written back as a .cs file byte for byte", async (t) => {
  const file = await project(t);
  const set = await opened(t, file);
  const target = path.join(path.dirname(file), "part.cs");
  await set.select([2, 0]).writeStar(target);
  const pick = <T>(values: T[]) => [values[2]!, values[0]!];
  assert.deepEqual(readFileSync(target), npy(base.map(([n, type, values]) => [n, type, pick(values)])));
  const back = await opened(t, target);
  assert.deepEqual(back.textColumn("uid"), ["3", "18446744073709551615"]);
  await assert.rejects(set.writeStar(file), /another file than the one/);
  await assert.rejects(set.writeStar(path.join(path.dirname(file), "a.star")), /a name that ends in \.cs/);
  assert.deepEqual(readdirSync(path.dirname(file)).sort(), ["part.cs", "part.csg", "particles.cs"]);
});

test("version 2 headers and big-endian fields are read", async (t) => {
  const fields = base.map((field): Field => (field[0] === "ctf/df1_A" ? [field[0], ">f4", field[2]] : field));
  const file = path.join(temporaryFolder(t), "a.cs");
  writeFileSync(file, npy(fields, { version: 2 }));
  assert.deepEqual([...(await opened(t, file)).column("ctf/df1_A")], [15000, 16000, 17000]);
});

test("a file without poses opens, and reports what is missing when they are requested", async (t) => {
  const set = await opened(
    t,
    await project(
      t,
      base.filter(([name]) => !name.startsWith("alignments3D")),
    ),
  );
  assert.equal(set.randomSubset, undefined);
  assert.throws(
    () => set.rotations(),
    /particles\.cs: expected the field alignments3D\/pose, which a 3-D refinement/,
  );
  const noCtf = await opened(
    t,
    await project(
      t,
      base.filter(([name]) => !name.startsWith("ctf/")),
    ),
  );
  assert.equal(noCtf.hasCtf, false);
  assert.match(noCtf.warnings[0]!, /no CTF fields/);
});

test("uncorrected aberrations cause warnings", async (t) => {
  const tilt: Field = [
    "ctf/tilt_A",
    "<f4",
    [
      [0, 0],
      [0, 1],
      [0, 0],
    ],
  ];
  const anisomag: Field = [
    "ctf/anisomag",
    "<f4",
    [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
  ];
  const set = await opened(t, await project(t, [...base, tilt, anisomag]));
  assert.deepEqual(set.warnings, [
    "beam tilt and higher-order aberrations in the CTF fields are not corrected",
  ]);
});

test("malformed .cs files are refused", async (t) => {
  const folder = temporaryFolder(t);
  const refuse = async (bytes: Buffer, pattern: RegExp) => {
    const file = path.join(folder, "a.cs");
    writeFileSync(file, bytes);
    await assert.rejects(openParticles(file), (error) => {
      assert.ok(error instanceof InputError, String(error));
      assert.match(error.message, pattern);
      return true;
    });
  };
  const whole = npy(base);
  await refuse(
    whole.subarray(0, whole.length - 5),
    /a\.cs: expected \d+ bytes for 3 rows, found \d+, which end in row 3/,
  );
  await refuse(
    Buffer.concat([whole, whole.subarray(-5)]),
    /a\.cs: expected \d+ bytes for 3 rows, found \d+$/,
  );
  await refuse(npy(base.slice(0, 3)), /expected the fields of a particle file, found no blob\/shape/);
  const plain = Buffer.from(whole);
  plain.write("'<f4'", plain.indexOf("[("));
  await refuse(plain, /a\.cs: header: expected a one-dimensional structured array/);
  const objects = Buffer.from(whole);
  objects.write("|O20", objects.indexOf("|S20"));
  await refuse(objects, /field blob\/path: expected numbers or text of fixed length, found type \|O20/);
  const oblong = base.map(
    (f): Field =>
      f[0] === "blob/shape"
        ? [
            f[0],
            f[1],
            [
              [4, 4],
              [4, 6],
              [4, 4],
            ],
          ]
        : f,
  );
  await refuse(npy(oblong), /row 2: expected square images, found 6×4 pixels/);
  const missing = base.filter(([name]) => name !== "ctf/cs_mm");
  await refuse(npy(missing), /found no ctf\/cs_mm/);
});
