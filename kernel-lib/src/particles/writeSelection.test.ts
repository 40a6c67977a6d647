import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram, temporaryFolder } from "../../../tests/testing";
import { InputError, StoppedError } from "../errors";
import { createStack } from "../formats/mrc";
import { readStar } from "../formats/star";
import { readMap, writeMap } from "../maps/mapFile";
import { rotationFromEuler } from "../optics/pose";
import { type Field, npy } from "./metadata/cryosparc.test.helper";
import { openParticles, type ParticleSet } from "./particleSet";
import { gaussianMap, randomGaussians, randomParticles, relionStar } from "./synthetic.test.helper";
import { latentColumns, writeSelection } from "./writeSelection";

const skip = haveProgram("relion_reconstruct") ? false : "RELION is not installed";
const size = 32;

async function writeStack(file: string, count: number): Promise<void> {
  mkdirSync(path.dirname(file), { recursive: true });
  const stack = await createStack(file, { size: [4, 4], apix: 2 });
  for (let i = 0; i < count; i++) await stack.append(new Float32Array(16).fill(i));
  await stack.close();
}

/** A STAR file of six particles with features of files from many programs. */
const text = `# version 30001

data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnVoltage #3
_rlnSphericalAberration #4
_rlnAmplitudeContrast #5
_rlnImagePixelSize #6
_rlnImageSize #7
_rlnImageDimensionality #8
_rlnOddZernike #9
one 1 300 2.7 0.1 2 4 2 [0,0.5,0]

# the particles
data_particles

loop_
_rlnAngleRot #1
_rlnAngleTilt #2
_rlnAnglePsi #3
_rlnImageName #4
_rlnOpticsGroup #5
_rlnMicrographName #6
  1.00   2 3 1@stacks/x.mrcs 1 "a b"
  4 5 6 2@stacks/x.mrcs 1 c # a remark
# about the third
  7 8 9 3@stacks/x.mrcs\t1 'd'\r
  10 11 12 4@stacks/x.mrcs 1 e
  13 14 15 5@stacks/x.mrcs 1 é
  16 17 18 6@stacks/x.mrcs 1 f`;

async function opened(t: TestContext) {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "particles.star");
  writeFileSync(file, text);
  await writeStack(path.join(folder, "stacks/x.mrcs"), 6);
  const set = await openParticles(file);
  t.onTestFinished(() => set.close());
  return { folder, set, at: (name: string) => path.join(folder, name) };
}

test("rows are copied from the source, after everything else in it", async (t) => {
  const { set, at } = await opened(t);
  assert.deepEqual(await writeSelection(at("part.star"), set, { rows: Uint32Array.of(1, 2, 5) }), []);
  const head = text.slice(0, text.indexOf("  1.00"));
  const rows = [
    "  4 5 6 2@stacks/x.mrcs 1 c # a remark\n",
    "# about the third\n  7 8 9 3@stacks/x.mrcs\t1 'd'\r\n",
    "  16 17 18 6@stacks/x.mrcs 1 f\n",
  ];
  assert.equal(readFileSync(at("part.star"), "utf8"), head + rows.join(""));
  assert.deepEqual(readdirSync(path.dirname(set.file)).sort(), ["part.star", "particles.star", "stacks"]);
});

test("columns are added after the others, for the written particles", async (t) => {
  const { set, at } = await opened(t);
  const part = set.select([5, 4, 2, 0]);
  const columns = {
    ...latentColumns([0, 0.5, 1, 1.5, 2, 2.5, -0.00012345678, 1e7], 2),
    rlnClassNumber: [7, 8, 9, 10],
    note: ["a", "two words", "", "#1"],
  };
  await writeSelection(at("part.star"), part, { rows: [1, 2, 3], columns });
  const table = (await readStar(at("part.star"))).table("particles")!;
  assert.deepEqual(table.columns.slice(6), ["_e2gmmLatent1", "_e2gmmLatent2", "_rlnClassNumber", "_note"]);
  assert.deepEqual(table.rows(0, 3), [
    ["13", "14", "15", "5@stacks/x.mrcs", "1", "é", "1", "1.500000", "8", "two words"],
    ["7", "8", "9", "3@stacks/x.mrcs", "1", "d", "2", "2.500000", "9", ""],
    ["1.00", "2", "3", "1@stacks/x.mrcs", "1", "a b", "-1.234568e-4", "10000000", "10", "#1"],
  ]);
  assert.equal((await openParticles(at("part.star"))).count, 3);
});

test("an existing column gets the new values", async (t) => {
  const { set, at } = await opened(t);
  const columns = {
    rlnAngleRot: [10.25, 20, 30, 40, 50, 60],
    rlnMicrographName: ["m 0", "m1", "m2", "m3", "m4", "m5"],
    new: [0, 1, 2, 3, 4, 5],
  };
  await writeSelection(at("part.star"), set, { rows: [0, 1, 2, 5], columns });
  assert.ok(
    readFileSync(at("part.star"), "utf8").endsWith(
      '_rlnMicrographName #6\n_new #7\n  10.250000   2 3 1@stacks/x.mrcs 1 "m 0" 0\n' +
        "  20 5 6 2@stacks/x.mrcs 1 m1 1 # a remark\n" +
        "# about the third\n  30 8 9 3@stacks/x.mrcs\t1 m2 2\r\n" +
        "  60 17 18 6@stacks/x.mrcs 1 m5 5\n",
    ),
  );
});

test("stacks are named relative to a given folder", async (t) => {
  const { set, at } = await opened(t);
  mkdirSync(at("project"));
  await writeSelection(at("project/part.star"), set, { rows: [3], projectFolder: at("project") });
  const table = (await readStar(at("project/part.star"))).table("particles")!;
  assert.deepEqual(table.text("rlnImageName"), ["000004@../stacks/x.mrcs"]);
  const again = await openParticles(at("project/part.star"));
  t.onTestFinished(() => again.close());
  assert.equal((await again.readImages([0]))[0], 3);
});

test("the source is never overwritten, and invalid requests leave no file", async (t) => {
  const { set, at, folder } = await opened(t);
  const refused = async (pattern: RegExp, ...[rows, target, options]: [number[], string, object?]) => {
    await assert.rejects(writeSelection(target, set, { rows, ...options }), (error) => {
      assert.ok(error instanceof InputError, String(error));
      assert.match(error.message, pattern);
      return true;
    });
  };
  await refused(/another file than the one that the particles were read from/, [0], set.file);
  await refused(/expected at least one particle, found none/, [], at("x.star"));
  await refused(/expected particles from 0 to 5, found 6/, [0, 6], at("x.star"));
  await refused(/a name that ends in .star/, [0], at("x.txt"));
  await refused(/column z: expected 6 values.*found 2/, [0], at("x.star"), { columns: { z: [1, 2] } });
  await refused(/column z: particle 2: expected a finite number, found NaN/, [0, 2], at("x.star"), {
    columns: { z: [0, 0, Number.NaN, 0, 0, 0] },
  });
  await refused(/column: expected a label/, [0], at("x.star"), { columns: { "a b": [1, 2, 3, 4, 5, 6] } });
  await refused(/a word on one line/, [0], at("x.star"), { columns: { z: ["a\nb", "", "", "", "", ""] } });
  await assert.rejects(
    writeSelection(at("x.star"), set, { rows: [0], signal: AbortSignal.abort() }),
    StoppedError,
  );
  assert.deepEqual(readdirSync(folder).sort(), ["particles.star", "stacks"]);
  assert.equal(readFileSync(set.file, "utf8"), text);
});

/** Particles of an artificial molecule, projected by RELION in `folder`. */
async function projected(folder: string, count: number) {
  await writeMap(path.join(folder, "map.mrc"), gaussianMap(randomGaussians(3), size, 2));
  writeFileSync(
    path.join(folder, "poses.star"),
    relionStar(randomParticles(5, count, { ctf: true }), { apix: 2, size }),
  );
  runProgram("relion_project", ["--i", "map.mrc", "--ang", "poses.star", "--o", "images", "--ctf"], folder);
}

test(
  "RELION reads written files, keeps their columns, and reconstructs from them",
  skipIf(skip),
  async (t) => {
    const folder = temporaryFolder(t);
    await projected(folder, 40);
    const set = await openParticles(path.join(folder, "poses.star"));
    t.onTestFinished(() => set.close());
    mkdirSync(path.join(folder, "sets"));
    const z = Float32Array.from({ length: 80 }, (_, i) => i / 8);
    const rows = Uint32Array.from({ length: 25 }, (_, i) => i + (i > 10 ? 5 : 0));
    const columns = {
      ...latentColumns(z, 2),
      rlnClassNumber: Float32Array.from({ length: 40 }, (_, i) => i % 3),
    };
    await writeSelection(path.join(folder, "sets/part.star"), set, { rows, columns });

    const select = ["--select", "rlnClassNumber", "--minval", "1", "--maxval", "1"];
    runProgram("relion_star_handler", ["--i", "sets/part.star", "--o", "one.star", ...select], folder);
    const kept = (await readStar(path.join(folder, "one.star"))).table("particles")!;
    const expected = [...rows].filter((row) => row % 3 === 1);
    assert.deepEqual(
      kept.text("e2gmmLatent2").map(Number),
      expected.map((row) => z[2 * row + 1]),
    );
    assert.deepEqual(
      kept.text("rlnImageName"),
      expected.map((row) => set.textColumn("rlnImageName")[row]),
    );

    runProgram("relion_reconstruct", ["--i", "sets/part.star", "--o", "part.mrc", "--ctf"], folder);
    const lines = readFileSync(set.file, "utf8").trimEnd().split("\n");
    const first = lines.length - 40;
    const byHand = [...lines.slice(0, first), ...Array.from(rows, (row) => lines[first + row]!)];
    writeFileSync(path.join(folder, "hand.star"), `${byHand.join("\n")}\n`);
    runProgram("relion_reconstruct", ["--i", "hand.star", "--o", "hand.mrc", "--ctf"], folder);
    const map = await readMap(path.join(folder, "part.mrc"));
    assert.deepEqual(map.data, (await readMap(path.join(folder, "hand.mrc"))).data);
    assert.ok(map.data.some((v) => v !== 0));
  },
);

/** A RELION pose as in cryoSPARC, the rotation vector of its inverse. */
function cryosparcPose(rot: number, tilt: number, psi: number): number[] {
  const m = rotationFromEuler([rot, tilt, psi]);
  const axis = [m[7]! - m[5]!, m[2]! - m[6]!, m[3]! - m[1]!];
  const length = Math.hypot(...axis);
  const angle = Math.atan2(length, m[0]! + m[4]! + m[8]! - 1);
  return axis.map((x) => (-x / length) * angle);
}

/** The same particles as a `.cs` file of a refinement. */
function cryosparcFile(set: ParticleSet, stack: string): Buffer {
  const each = Array.from({ length: set.count }, (_, i) => i);
  const [rot, tilt, psi] = ["Rot", "Tilt", "Psi"].map((name) => set.column(`rlnAngle${name}`));
  const shifts = set.shifts();
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const fields: Field[] = [
    ["uid", "<u8", each.map(BigInt)],
    ["blob/path", "|S20", each.map(() => stack)],
    ["blob/idx", "<u4", each],
    ["blob/shape", "<u4", each.map(() => [set.boxSize, set.boxSize])],
    ["blob/psize_A", "<f4", each.map(() => set.apix)],
    ["blob/sign", "<f4", each.map((i) => (i === 0 ? -1 : 1))],
    ["ctf/accel_kv", "<f4", each.map(() => 300)],
    ["ctf/cs_mm", "<f4", each.map(() => 2.7)],
    ["ctf/amp_contrast", "<f4", each.map(() => 0.1)],
    ["ctf/df1_A", "<f4", each.map((i) => set.ctf(i)!.defocusU)],
    ["ctf/df2_A", "<f4", each.map((i) => set.ctf(i)!.defocusV)],
    ["ctf/df_angle_rad", "<f4", each.map((i) => radians(set.ctf(i)!.angle))],
    ["alignments3D/pose", "<f4", each.map((i) => cryosparcPose(rot![i]!, tilt![i]!, psi![i]!))],
    [
      "alignments3D/shift",
      "<f4",
      each.map((i) => [-shifts[2 * i]! / set.apix, -shifts[2 * i + 1]! / set.apix]),
    ],
    ["alignments3D/split", "<u4", each.map((i) => i % 2)],
  ];
  return npy(fields);
}

test(
  "particles of cryoSPARC become a file that RELION reconstructs the same map from",
  skipIf(skip),
  async (t) => {
    const folder = temporaryFolder(t);
    await projected(folder, 30);
    const stars = await openParticles(path.join(folder, "poses.star"));
    t.onTestFinished(() => stars.close());
    // RELION treats a .mrc file as a map, cryoSPARC does not.
    mkdirSync(path.join(folder, "J1"));
    writeFileSync(path.join(folder, "J1/images.mrc"), readFileSync(path.join(folder, "images.mrcs")));
    writeFileSync(path.join(folder, "particles.cs"), cryosparcFile(stars, ">J1/images.mrc"));
    const set = await openParticles(path.join(folder, "particles.cs"));
    t.onTestFinished(() => set.close());
    const rows = Array.from({ length: 24 }, (_, i) => i + 3);
    const columns = latentColumns(
      Float32Array.from({ length: 30 }, (_, i) => i),
      1,
    );
    assert.deepEqual(await writeSelection(path.join(folder, "part.star"), set, { rows, columns }), []);
    const warnings = await writeSelection(path.join(folder, "dark.star"), set, { rows: [0] });
    assert.match(warnings.join(), /RELION needs them inverted/);

    const part = await openParticles(path.join(folder, "part.star"));
    t.onTestFinished(() => part.close());
    assert.equal(part.textColumn("rlnImageName")[0], "000004@J1/images.mrc:mrcs");
    assert.deepEqual(
      [...part.randomSubset!],
      rows.map((row) => (row % 2) + 1),
    );
    assert.deepEqual([...part.column("e2gmmLatent1")], rows);
    assert.deepEqual(await part.readImages([0, 20]), await stars.readImages([3, 23]));
    const chosen = stars.select(rows);
    const largest = (a: Float32Array, b: Float32Array) =>
      a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
    assert.ok(largest(part.rotations(), chosen.rotations()) < 1e-5);
    assert.ok(largest(part.shifts(), chosen.shifts()) < 1e-4);

    await writeSelection(path.join(folder, "same.star"), stars, { rows });
    const maps = ["part", "same"].map(async (name) => {
      runProgram("relion_reconstruct", ["--i", `${name}.star`, "--o", `${name}.mrc`, "--ctf"], folder);
      return (await readMap(path.join(folder, `${name}.mrc`))).data;
    });
    const [made, same] = (await Promise.all(maps)) as [Float32Array, Float32Array];
    const size2 = same.reduce((sum, v) => sum + v * v, 0);
    const difference2 = same.reduce((sum, v, i) => sum + (v - made[i]!) ** 2, 0);
    assert.ok(Math.sqrt(difference2 / size2) < 1e-3, `${Math.sqrt(difference2 / size2)}`);
    runProgram(
      "relion_star_handler",
      ["--i", "part.star", "--o", "handled.star", "--select", "rlnRandomSubset"],
      folder,
    );
    assert.deepEqual(
      (await readStar(path.join(folder, "handled.star")))
        .table("particles")!
        .text("e2gmmLatent1")
        .map(Number),
      rows,
    );
  },
);
