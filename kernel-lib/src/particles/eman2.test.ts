import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { h5pyStack } from "../formats/hdfFiles.test.helper";
import { CtfEvaluator } from "../optics/ctf";
import { rotationFromEuler } from "../optics/pose";
import { eman2Ctf, eman2Pose, phaseOfContrast } from "./metadata/eman2Values";
import { opened, refused, writeStack } from "./particleSet.test.helper";
import { writePoses } from "./writePoses";
import { writeSelection } from "./writeSelection";

const near = (found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-6) => {
  assert.equal(found.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(found[i]! - expected[i]!);
    assert.ok(difference < tolerance, `${i}: ${found[i]}, not ${expected[i]}`);
  }
};

/** A list as EMAN2 writes it, with lines of one length. */
function list(entries: string[]): string {
  const length = Math.max(...entries.map((entry) => entry.length)) + 5;
  return `#LSX\n# This file is in fast LST format.\n# ${length}\n${entries.map((entry) => `${entry.padEnd(length - 1)}\n`).join("")}`;
}

function project(t: TestContext, entries: string[]): string {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, "stack__ctf_flip.hdf"), h5pyStack());
  const file = path.join(folder, "set.lst");
  writeFileSync(file, list(entries));
  return file;
}

/** xf2pts of EMAN2's programs/e2gmm_refine_new.py, in radians: p has y and z of the map inverted. */
function projected([az, alt, phi, tx, ty]: number[], [x, y, z]: number[]): [number, number] {
  const degree = Math.PI / 180;
  const [a, t, p] = [-az! * degree, alt! * degree, -phi! * degree];
  const point = [x!, -y!, -z!];
  const rows = [
    [
      Math.cos(p) * Math.cos(a) - Math.cos(t) * Math.sin(a) * Math.sin(p),
      Math.cos(p) * Math.sin(a) + Math.cos(t) * Math.cos(a) * Math.sin(p),
      Math.sin(t) * Math.sin(p),
    ],
    [
      -Math.sin(p) * Math.cos(a) - Math.cos(t) * Math.sin(a) * Math.cos(p),
      -Math.sin(p) * Math.sin(a) + Math.cos(t) * Math.cos(a) * Math.cos(p),
      Math.sin(t) * Math.cos(p),
    ],
  ];
  const dot = (row: number[]) => row.reduce((sum, m, i) => sum + m * point[i]!, 0);
  return [dot(rows[0]!) + tx!, -dot(rows[1]!) + ty!];
}

test("transforms put a point of the map where e2gmm of EMAN2 projects it", async (t) => {
  const set = await opened(
    t,
    project(t, ["0\tstack__ctf_flip.hdf", "1\tstack__ctf_flip.hdf", "2\tstack__ctf_flip.hdf"]),
  );
  const [rotations, shifts] = [set.rotations(), set.shifts()];
  const point = [0.11, -0.23, 0.31];
  for (let i = 0; i < 3; i++) {
    const expected = projected([20 + 30 * i, 40 + 10 * i, -70 + 5 * i, 1.5 / 6, (-0.25 * i) / 6], point);
    const found = [0, 1].map(
      (row) =>
        point.reduce((sum, x, k) => sum + rotations[9 * i + 3 * row + k]! * x, 0) +
        shifts[2 * i + row]! / (set.boxSize * set.apix),
    );
    near(found, expected);
  }
});

test("EMAN2's angles az = rot + 90, alt = tilt, phi = psi − 90 are RELION's", () => {
  for (const [rot, tilt, psi] of [
    [10, 20, 30],
    [-130, 95, 170],
    [0, 180, 5],
  ] as const) {
    const { rotation } = eman2Pose({ type: "eman", az: rot + 90, alt: tilt, phi: psi - 90 }, "here");
    near(rotation, rotationFromEuler([rot, tilt, psi]), 1e-12);
  }
});

test("the CTF is that of EMAN2's formula, with astigmatism and phase plate", () => {
  // libEM/ctf.cpp: cos(γ − π/2 + φ), γ = π λ Δf s² − ½ π Cs λ³ s⁴, Δf = defocus + ½ dfdiff cos(2 (θ − dfang))
  for (const ampcont of [7, 100, 130, -20, -140]) {
    const ctf = eman2Ctf(`E1.3 0.2 30 50 ${ampcont} 300 2.7 1.5 0 0 0`, "here");
    const { amplitudeContrast, phaseShift } = phaseOfContrast(ctf.ampcont);
    const evaluator = new CtfEvaluator({
      defocusU: 1e4 * (ctf.defocus + ctf.dfdiff / 2),
      defocusV: 1e4 * (ctf.defocus - ctf.dfdiff / 2),
      angle: ctf.dfang,
      phaseShift,
      voltage: ctf.voltage,
      sphericalAberration: ctf.cs,
      amplitudeContrast,
      bFactor: 0,
      scale: 1,
    });
    const lambda = 12.2639 / Math.sqrt(300e3 + 0.97845 * 300 ** 2);
    const c = ampcont / 100;
    const phase = c > 1 ? Math.PI - Math.asin(2 - c) : c > -1 ? Math.asin(c) : -Math.PI - Math.asin(-2 - c);
    for (const [x, y] of [
      [0.02, 0.01],
      [0.05, -0.07],
      [0, 0.11],
    ] as const) {
      const s2 = x * x + y * y;
      const defocus = 1.3 + 0.1 * Math.cos(2 * (Math.atan2(y, x) - (30 * Math.PI) / 180));
      const gamma = Math.PI * lambda * 1e4 * defocus * s2 - (Math.PI / 2) * 2.7e7 * lambda ** 3 * s2 ** 2;
      const expected = Math.cos(gamma - Math.PI / 2 + phase);
      near([evaluator.at(x, y)], [expected], 1e-3);
    }
  }
});

test("a list names images of several files, and its values take precedence over the files' headers", async (t) => {
  const file = project(t, [
    '2\tstack__ctf_flip.hdf\t{"class":0,"score":-0.5,"xform.projection":{"__class__":"Transform","matrix":"[1,0,0,2,0,1,0,-3,0,0,1,0]"}}',
    '0\tstack__ctf_flip.hdf\t{"class":1,"score":NaN,"defocus":0.1}',
  ]);
  const set = await opened(t, file);
  assert.deepEqual([set.count, set.boxSize, set.apix], [2, 6, 1.5]);
  near(set.rotations().subarray(0, 9), [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  near(set.shifts(), [3, -4.5, 2.25, 0]);
  near([set.ctf(0)!.defocusU, set.ctf(1)!.defocusV], [14250, 12750]);
  assert.ok(set.opticsGroup(0).phaseFlipped);
  assert.deepEqual([...set.randomSubset!], [1, 2]);
  const images = await set.readImages([0, 1]);
  near([images[0]!, images[36]!], [120.92974, 0.29675412], 1e-5);
  assert.ok(Number.isNaN(set.numericColumn("score")![1]));
  assert.equal(set.column("ctf.bfactor")[0], 120);
});

test("an HDF5 file is a set of all its images, and MRC stacks may stand in a list", async (t) => {
  const file = project(t, [
    '3\tmic.mrcs\t{"ctf":{"__class__":"EMAN2Ctf","ampcont":10,"apix":2,"bfactor":0,"cs":2.7,"defocus":1.5,"dfang":0,"dfdiff":0,"voltage":200},"xform.projection":{"type":"eman","az":10,"alt":20,"phi":30}}',
  ]);
  await writeStack(path.join(path.dirname(file), "mic.mrcs"), 4, 6);
  const mrc = await opened(t, file);
  assert.deepEqual([mrc.apix, mrc.ctf(0)!.defocusU, mrc.reference.voltage], [2, 15000, 200]);
  near(await mrc.readImages([0]), new Float32Array(36).fill(3));
  assert.ok(mrc.warnings.some((text) => /taken as flipped/.test(text)));
  const all = await opened(t, path.join(path.dirname(file), "stack__ctf_flip.hdf"));
  assert.deepEqual([all.count, all.hasPoses, all.image(2).section], [3, true, 2]);
});

test("selections and new poses are written as lists, which read back", async (t) => {
  const file = project(t, [
    '2\tstack__ctf_flip.hdf\t{"score":-0.5}',
    "0\tstack__ctf_flip.hdf",
    '1\tstack__ctf_flip.hdf\t{"xform.projection":{"type":"eman","az":10,"alt":20,"phi":30,"tx":0.5,"ty":1}}',
  ]);
  const set = await opened(t, file);
  const at = (name: string) => path.join(path.dirname(file), name);
  await writeSelection(at("some.lst"), set, { rows: [2, 0], columns: { e2gmmLatent1: [1, 2, 3.25] } });
  const lines = readFileSync(at("some.lst"), "utf8").split("\n");
  assert.equal(lines[0], "#LSX");
  const length = Number(lines[2]!.slice(1));
  assert.ok(lines.slice(3, 5).every((line) => line.length === length - 1));
  const some = await opened(t, at("some.lst"));
  assert.deepEqual([...some.column("e2gmmLatent1")], [3.25, 1]);
  near(some.rotations(), set.select([2, 0]).rotations());
  const shifts = set.shifts().map((x, i) => (i < 2 ? x + 0.75 : x));
  await writePoses(at("posed.lst"), set, { rotations: set.rotations(), shifts });
  const posed = await opened(t, at("posed.lst"));
  near(posed.shifts(), shifts, 1e-6);
  near(posed.rotations(), set.rotations(), 1e-6);
  assert.match(readFileSync(at("posed.lst"), "utf8"), /0\tstack__ctf_flip.hdf +\n/);
  const warnings = await writeSelection(at("all.star"), set);
  assert.match(warnings.join(), /HDF5 files, which RELION does not read/);
  near((await opened(t, at("all.star"))).rotations(), set.rotations(), 1e-6);
});

test("broken lists and databases are refused by file, row and line", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, "stack__ctf_flip.hdf"), h5pyStack());
  const refuse = async (text: string, pattern: RegExp) => {
    const file = path.join(folder, "bad.lst");
    writeFileSync(file, text);
    await refused(opened(t, file), pattern);
  };
  await refuse("#LSX\n# c\n# 20\n", /bad\.lst: expected at least one particle/);
  await refuse(list(["x\ta.hdf"]), /row 1 \(line 4\): expected the number of an image/);
  await refuse(list(["0\tstack__ctf_flip.hdf\t{bad"]), /row 1 \(line 4\): expected a dictionary \(JSON\)/);
  await refuse(list(["0\tmissing.hdf"]), /the image stack missing\.hdf/);
  await refuse(
    list(['0\tstack__ctf_flip.hdf\t{"xform.projection":{"matrix":[2,0,0,0,0,2,0,0,0,0,2,0]}}']),
    /xform\.projection: expected a rotation without scale and mirror/,
  );
  await refuse(list(['0\tstack__ctf_flip.hdf\t{"ctf":"O1 2 3"}']), /CTF parameters of EMAN2/);
  await refused(opened(t, "bdb:particles#set1"), /e2proc2d\.py bdb:… particles\.hdf/);
});
