import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram, temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { createStack } from "../formats/mrc";
import { readStar } from "../formats/star";
import { readMap, writeMap } from "../maps/mapFile";
import { rotationFromEuler, rotationFromVector } from "../optics/pose";
import { Random } from "../random";
import { type Field, npy } from "./metadata/cryosparc.test.helper";
import { openParticles, type ParticleSet } from "./particleSet";
import { gaussianMap, randomGaussians, randomParticles, relionStar } from "./synthetic.test.helper";
import { writePoses } from "./writePoses";

const skip = haveProgram("relion_reconstruct") ? false : "RELION is not installed";

async function writeStack(file: string, count: number): Promise<void> {
  mkdirSync(path.dirname(file), { recursive: true });
  const stack = await createStack(file, { size: [4, 4], apix: 2 });
  for (let i = 0; i < count; i++) await stack.append(new Float32Array(16).fill(i));
  await stack.close();
}

const optics = `data_optics

loop_
_rlnOpticsGroup #1
_rlnVoltage #2
_rlnSphericalAberration #3
_rlnAmplitudeContrast #4
_rlnImagePixelSize #5
_rlnImageSize #6
_rlnImageDimensionality #7
1 300 2.7 0.1 2 4 2
`;

/** Opens a STAR file with this particle table and four images of 4 × 4 pixels, 2 Å each. */
async function opened(t: TestContext, table: string, head = optics) {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "particles.star");
  writeFileSync(file, head + table);
  await writeStack(path.join(folder, "x.mrcs"), 4);
  const set = await openParticles(file);
  t.onTestFinished(() => set.close());
  return { folder, set, at: (name: string) => path.join(folder, name) };
}

/** The poses of a set turned by a quarter about the axis of view and moved by 3 and 5 Å. */
function turned(set: ParticleSet) {
  const rotations = set.rotations();
  const shifts = set.shifts();
  for (let i = 0; i < set.count; i++) {
    const [x, y] = [rotations.slice(9 * i, 9 * i + 3), rotations.slice(9 * i + 3, 9 * i + 6)];
    rotations.set(y, 9 * i);
    rotations.set(
      x.map((v) => -v),
      9 * i + 3,
    );
    shifts[2 * i]! += 3;
    shifts[2 * i + 1]! += 5;
  }
  return { rotations, shifts };
}

const rows = `
# the particles
data_particles

loop_
_rlnAngleRot #1
_rlnImageName #2
_rlnAngleTilt #3
_rlnOriginYAngst #4
_rlnOriginXAngst #5
_rlnAnglePsi #6
_rlnMicrographName #7
_rlnOpticsGroup #8
  10.00  1@x.mrcs 20 0.5 -0.25 30 "a b" 1
  40 2@x.mrcs 50 1 2 60 c 1 # a remark
# about the third
  70 3@x.mrcs\t80 3 4 90 é 1\r
 11 4@x.mrcs 12 5 6 13 f 1`;

test("angles and origins are replaced in their places; every other byte stays, and so do rows that are not in the set", async (t) => {
  const { set, at } = await opened(t, rows);
  const part = set.select([2, 0]);
  const poses = {
    rotations: [...rotationFromEuler([70.125, 80.25, 190.5]), ...rotationFromEuler([10.5, 20.5, 120.5])],
    shifts: [-1, 2, 3.25, 4.5],
  };
  assert.deepEqual(await writePoses(at("new.star"), part, poses), []);
  const expected = rows
    .replace(
      "10.00  1@x.mrcs 20 0.5 -0.25 30",
      "10.500000  1@x.mrcs 20.500000 -4.500000 -3.250000 120.500000",
    )
    .replace("70 3@x.mrcs\t80 3 4 90", "70.125000 3@x.mrcs\t80.250000 -2 1 -169.500000");
  assert.equal(readFileSync(at("new.star"), "utf8"), `${optics}${expected}\n`);
  const again = await openParticles(at("new.star"));
  t.onTestFinished(() => again.close());
  const read = again.select([2, 0]);
  const largest = (a: Float32Array, b: ArrayLike<number>) =>
    a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
  assert.ok(largest(read.rotations(), poses.rotations) < 1e-6);
  assert.ok(largest(read.shifts(), poses.shifts) < 1e-6);
});

test("a particle whose pose does not change keeps its text", async (t) => {
  const { set, at } = await opened(t, rows);
  const rotations = set.rotations();
  const shifts = set.shifts();
  shifts[2]! += 1;
  await writePoses(at("new.star"), set, { rotations, shifts });
  const lines = readFileSync(at("new.star"), "utf8").trimEnd().split("\n");
  const before = readFileSync(set.file, "utf8").split("\n");
  const other = lines.flatMap((line, i) => (line === before[i] ? [] : [i]));
  assert.equal(other.length, 1);
  assert.match(lines[other[0]!]!, /2@x\.mrcs .* c 1 # a remark$/);
});

test("origins stay in pixels where the file has them in pixels, and missing columns are added", async (t) => {
  const old =
    "data_\n\nloop_\n_rlnImageName\n_rlnAngleRot\n_rlnAngleTilt\n_rlnAnglePsi\n_rlnDetectorPixelSize\n_rlnMagnification\n";
  const rowsOf = (more = "") => [1, 2, 3].map((i) => `${i}@x.mrcs 1 2 3 2 10000${more}\n`).join("");
  const withPixels = await opened(t, `${old}_rlnOriginX\n_rlnOriginY\n${rowsOf(" 1 -1")}`, "");
  const poses = turned(withPixels.set);
  await writePoses(withPixels.at("new.star"), withPixels.set, poses);
  const table = (await readStar(withPixels.at("new.star"))).table("")!;
  assert.deepEqual(table.columns.slice(6), ["_rlnOriginX", "_rlnOriginY"]);
  assert.deepEqual(table.rows(0, 1)[0]!.slice(6), ["-0.500000", "-3.500000"]);

  const without = await opened(t, old + rowsOf(), "");
  const part = without.set.select([1]);
  await writePoses(without.at("new.star"), part, turned(part));
  const added = (await readStar(without.at("new.star"))).table("")!;
  assert.deepEqual(added.columns.slice(6), ["_rlnOriginX", "_rlnOriginY"]);
  assert.deepEqual(added.rows(0, 3), [
    ["1@x.mrcs", "1", "2", "3", "2", "10000", "0", "0"],
    ["2@x.mrcs", "1.000000", "2.000000", "93.000000", "2", "10000", "-1.500000", "-2.500000"],
    ["3@x.mrcs", "1", "2", "3", "2", "10000", "0", "0"],
  ]);

  const bare = await opened(
    t,
    "\ndata_particles\nloop_\n_rlnImageName\n_rlnOpticsGroup\n1@x.mrcs 1\n2@x.mrcs 1\n",
  );
  const rotations = Float64Array.from(
    [rotationFromEuler([10, 20, 30]), rotationFromEuler([1, 2, 3])].flatMap((r) => [...r]),
  );
  await writePoses(bare.at("new.star"), bare.set, { rotations, shifts: [1, 2, 3, 4] });
  const given = (await readStar(bare.at("new.star"))).table("particles")!;
  assert.deepEqual(given.columns.slice(2), [
    "_rlnAngleRot",
    "_rlnAngleTilt",
    "_rlnAnglePsi",
    "_rlnOriginXAngst",
    "_rlnOriginYAngst",
  ]);
  assert.deepEqual(given.rows(1, 2)[0]!.slice(2).map(Number), [1, 2, 3, -3, -4]);
});

test("a pixel size given by the user scales origins back to those of the file", async (t) => {
  const { set, at } = await opened(t, rows);
  const other = await openParticles(set.file, { apix: 4 });
  t.onTestFinished(() => other.close());
  const shifts = other.shifts();
  assert.equal(shifts[1], -1);
  shifts[1] = -3;
  await writePoses(at("new.star"), other, { rotations: other.rotations(), shifts });
  const again = await openParticles(at("new.star"), { apix: 4 });
  t.onTestFinished(() => again.close());
  assert.deepEqual([...again.shifts()], [...shifts]);
});

const vectors = [
  [0.3, -0.2, 0.1],
  [0, 0, 0],
  [0, 0, 3.1],
  [1, 1, 1],
];
const csFields: Field[] = [
  ["uid", "<u8", [18446744073709551615n, 2n, 3n, 4n]],
  ["blob/path", "|S20", new Array(4).fill("x.mrcs")],
  ["blob/idx", "<u4", [0, 1, 2, 3]],
  ["blob/shape", "<u4", new Array(4).fill([4, 4])],
  ["blob/psize_A", "<f4", [2, 2, 2, 2]],
  [
    "alignments3D/shift",
    ">f4",
    [
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ],
  ],
  ["alignments3D/pose", "<f4", vectors],
  ["alignments3D/psize_A", "<f4", [4, 4, 4, 4]],
  ["alignments3D/error", "<f4", [1, 2, 3, 4]],
];

async function openedCs(t: TestContext, fields = csFields) {
  const folder = temporaryFolder(t);
  const at = (name: string) => path.join(folder, name);
  writeFileSync(at("particles.cs"), npy(fields));
  await writeStack(at("x.mrcs"), 4);
  const set = await openParticles(at("particles.cs"));
  t.onTestFinished(() => set.close());
  return { set, at, folder };
}

test("a .cs file gets rotation vectors and shifts; every other byte stays, unaligned particles too", async (t) => {
  const { set, at } = await openedCs(t);
  assert.equal(set.count, 3);
  const turns = [
    [-0.4, 0.1, 0.2],
    [0, 0, 0],
    [2, 1, -1],
  ] as const;
  const rotations = Float64Array.from(turns.flatMap((v) => [...rotationFromVector(v)]));
  await writePoses(at("new.cs"), set, { rotations, shifts: [4, 8, 1, 2, -2, -4] });
  const expected = csFields.map(([name, type, values]): Field => {
    if (name === "alignments3D/pose") {
      return [name, type, [turns[0].map((x) => -x), [0, 0, 0], [1e-9, 0, 0], turns[2].map((x) => -x)]];
    }
    if (name === "alignments3D/shift")
      return [
        name,
        type,
        [
          [-1, -2],
          [3, 4],
          [-0.25, -0.5],
          [0.5, 1],
        ],
      ];
    return [name, type, values];
  });
  const [found, wanted] = [readFileSync(at("new.cs")), npy(expected)];
  assert.equal(found.length, wanted.length);
  const differing = [...found.keys()].filter((i) => found[i] !== wanted[i]);
  // The last digit of a rotation vector may differ.
  assert.ok(differing.length <= 6, `${differing.length} bytes differ`);
  const again = await openParticles(at("new.cs"));
  t.onTestFinished(() => again.close());
  assert.equal(again.count, 3);
  assert.ok(again.rotations().every((x, i) => Math.abs(x - rotations[i]!) < 1e-6));
  assert.deepEqual([...again.shifts()], [4, 8, 1, 2, -2, -4]);
});

test("from a .cs file a STAR file with the new poses is written for RELION", async (t) => {
  const { set, at } = await openedCs(t);
  const poses = turned(set);
  await writePoses(at("new.star"), set, poses);
  const again = await openParticles(at("new.star"));
  t.onTestFinished(() => again.close());
  assert.ok(again.rotations().every((x, i) => Math.abs(x - poses.rotations[i]!) < 1e-6));
  assert.ok(again.shifts().every((x, i) => Math.abs(x - poses.shifts[i]!) < 1e-5));
});

test("poses that do not fit are refused, and no file is written", async (t) => {
  const { set, at, folder } = await opened(t, rows);
  const good = { rotations: set.rotations(), shifts: set.shifts() };
  const refused = (pattern: RegExp, target: string, poses: Parameters<typeof writePoses>[2]) =>
    assert.rejects(writePoses(target, set, poses), (error) => {
      assert.ok(error instanceof InputError, String(error));
      assert.match(error.message, pattern);
      return true;
    });
  await refused(/another file than the one that the particles were read from/, set.file, turned(set));
  await refused(/a name that ends in .star/, at("x.cs"), good);
  await refused(/rotations: expected 36 numbers for 4 particles, found 9/, at("x.star"), {
    ...good,
    rotations: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  });
  await refused(/rotations: particle 1: expected a rotation matrix/, at("x.star"), {
    ...good,
    rotations: good.rotations.map((x, i) => (i >= 9 && i < 18 ? -x : x)),
  });
  await refused(/shifts: particle 2: expected finite numbers, found NaN 7/, at("x.star"), {
    ...good,
    shifts: [0, 0, 0, 0, Number.NaN, 7, 0, 0],
  });
  const leave = { verdict: "leave", sentence: "as good as the images can tell" } as const;
  await refused(
    /that are better than those of the file, found as good as .* `force` writes them/,
    at("x.star"),
    {
      ...turned(set),
      report: leave,
    },
  );
  assert.deepEqual(readdirSync(folder).sort(), ["particles.star", "x.mrcs"]);
  await writePoses(at("forced.star"), set, { ...turned(set), report: leave }, { force: true });
  assert.ok(readdirSync(folder).includes("forced.star"));
  const { set: cs, at: beside } = await openedCs(
    t,
    csFields.filter(([name]) => name !== "alignments3D/shift"),
  );
  await assert.rejects(
    writePoses(beside("x.cs"), cs, { rotations: cs.rotations(), shifts: new Float32Array(6) }),
    /expected the field alignments3D\/shift, which a 3-D refinement writes/,
  );
});

test(
  "RELION reconstructs the same map from poses that were written as from those that it projected with",
  skipIf(skip),
  async (t) => {
    const folder = temporaryFolder(t);
    const at = (name: string) => path.join(folder, name);
    await writeMap(at("map.mrc"), gaussianMap(randomGaussians(3), 32, 2));
    const particles = randomParticles(5, 40, { ctf: true });
    writeFileSync(at("poses.star"), relionStar(particles, { apix: 2, size: 32 }));
    runProgram("relion_project", ["--i", "map.mrc", "--ang", "poses.star", "--o", "images", "--ctf"], folder);
    const right = await openParticles(at("poses.star"));
    t.onTestFinished(() => right.close());
    const random = new Random(4);
    const wrong = { rotations: right.rotations(), shifts: right.shifts() };
    for (let i = 0; i < right.count; i++) {
      rotationFromEuler([360 * random.uniform(), 180 * random.uniform(), 10], wrong.rotations, 9 * i);
      wrong.shifts.set([random.normal(), random.normal()], 2 * i);
    }
    await writePoses(at("wrong.star"), right, wrong);
    const moved = await openParticles(at("wrong.star"));
    t.onTestFinished(() => moved.close());
    await writePoses(at("back.star"), moved, { rotations: right.rotations(), shifts: right.shifts() });
    const maps = ["poses", "back", "wrong"].map(async (name) => {
      runProgram("relion_reconstruct", ["--i", `${name}.star`, "--o", `${name}.mrc`, "--ctf"], folder);
      return (await readMap(at(`${name}.mrc`))).data;
    });
    const [first, back, other] = (await Promise.all(maps)) as [Float32Array, Float32Array, Float32Array];
    const apart = (a: Float32Array) =>
      Math.sqrt(
        a.reduce((sum, v, i) => sum + (v - first[i]!) ** 2, 0) / first.reduce((sum, v) => sum + v * v, 0),
      );
    assert.ok(apart(back) < 1e-3, `${apart(back)}`);
    assert.ok(apart(other) > 0.3, `${apart(other)}`);
  },
);
