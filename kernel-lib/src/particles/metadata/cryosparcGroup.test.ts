import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { parse } from "yaml";
import { skipIf } from "../../../../tests/requirement";
import { repositoryRoot, sharedData, temporaryFolder } from "../../../../tests/testing";
import { opened, refused } from "../particleSet.test.helper";
import { writePoses } from "../writePoses";
import { writeSelection } from "../writeSelection";
import { type Field, npy } from "./cryosparc.test.helper";

const python = path.join(repositoryRoot, ".venv/bin/python");
const needs = !existsSync(python)
  ? "the Python environment is missing"
  : !sharedData("formats") && "the development data are missing";

const uids = [11n, 22n, 33n];
const blob: Field[] = [
  ["blob/path", "|S12", ["stack.mrcs", "stack.mrcs", "stack.mrcs"]],
  ["blob/idx", "<u4", [0, 1, 2]],
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
];
const alignments = (result: string, order: number[], more: Field[] = []): Field[] => [
  [`${result}/pose`, "<f4", order.map((i) => [0.1 * (i + 1), 0.2, -0.3])],
  [`${result}/shift`, "<f4", order.map((i) => [i, -i])],
  [`${result}/psize_A`, "<f4", order.map(() => 2)],
  ...more,
];
const ctf = (order: number[]): Field[] => [
  ["ctf/accel_kv", "<f4", order.map(() => 300)],
  ["ctf/cs_mm", "<f4", order.map(() => 2.7)],
  ["ctf/amp_contrast", "<f4", order.map(() => 0.1)],
  ["ctf/df1_A", "<f4", order.map((i) => 10000 + i)],
  ["ctf/df2_A", "<f4", order.map((i) => 9000 + i)],
  ["ctf/df_angle_rad", "<f4", order.map(() => 0.5)],
];
const uid = (order: number[]): Field => ["uid", "<u8", order.map((i) => uids[i]!)];

/** A job whose results are in two files, rows in different orders. */
function job(t: TestContext): { folder: string; at: (name: string) => string } {
  const folder = temporaryFolder(t);
  const at = (name: string) => path.join(folder, name);
  const same = [0, 1, 2];
  const other = [2, 0, 1];
  writeFileSync(at("particles_selected.cs"), npy([uid(same), ...blob]));
  const through = [uid(other), ...ctf(other), ...alignments("alignments3D", other)];
  writeFileSync(at("J5_passthrough_particles_selected.cs"), npy(through));
  return { folder, at };
}

const group = (files: Record<string, string>) =>
  `created: 2024-01-01 00:00:00.000000\ngroup:\n  description: All particles\n  name: particles\n  title: All\n  type: particle\nresults:\n${Object.entries(
    files,
  )
    .map(
      ([result, file]) =>
        `  ${result}:\n    metafile: '${file}'\n    num_items: 3\n    type: particle.${result}\n`,
    )
    .join("")}version: v4.4.1\n`;

test("a .csg file joins its files by uid", async (t) => {
  const { at } = job(t);
  const through = ">J5_passthrough_particles_selected.cs";
  writeFileSync(at("a.csg"), group({ blob: ">particles_selected.cs", ctf: through, alignments3D: through }));
  const set = await opened(t, at("a.csg"));
  assert.deepEqual([...set.shifts()], [-0, 0, -2, 2, -4, 4]);
  assert.deepEqual(
    [0, 1, 2].map((i) => set.ctf(i)!.defocusU),
    [10000, 10001, 10002],
  );
});

test("a .cs file gets what it lacks from the passthrough file of its group, with a warning", async (t) => {
  const { at } = job(t);
  const set = await opened(t, at("particles_selected.cs"));
  assert.deepEqual([...set.shifts()], [-0, 0, -2, 2, -4, 4]);
  assert.ok(
    set.warnings.some(
      (text) =>
        /ctf, alignments3D .* J5_passthrough_particles_selected\.cs/.test(text) ||
        /J5_passthrough/.test(text),
    ),
  );
  // The file of another group is left alone.
  copyFileSync(at("particles_selected.cs"), at("particles_excluded.cs"));
  assert.equal((await opened(t, at("particles_excluded.cs"))).hasPoses, false);
});

test("selections and poses are written with a result group of their fields", async (t) => {
  const { at } = job(t);
  const set = await opened(t, at("particles_selected.cs"));
  await writeSelection(at("some.cs"), set, { rows: [2, 0], columns: { z1: [1, 2, 3.5] } });
  const content = parse(readFileSync(at("some.csg"), "utf8"));
  assert.equal(content.group.type, "particle");
  assert.deepEqual(content.results.alignments3D, {
    metafile: ">some.cs",
    num_items: 2,
    type: "particle.alignments3D",
  });
  assert.deepEqual(Object.keys(content.results).sort(), ["alignments3D", "blob", "ctf"]);
  const some = await opened(t, at("some.csg"));
  assert.deepEqual([...some.shifts()], [-4, 4, -0, 0]);
  assert.deepEqual([...(await opened(t, at("some.cs"))).column("e2gmm/z1")], [3.5, 1]);
  const shifts = set.shifts().map((x) => x + 1);
  await writePoses(at("posed.cs"), set, { rotations: set.rotations(), shifts });
  assert.deepEqual([...(await opened(t, at("posed.csg"))).shifts()], [...shifts]);
  await refused(set.writeStar(at("J5_passthrough_particles_selected.cs")), /another file/);
  // A group of other files is not replaced.
  writeFileSync(at("mine.csg"), group({ blob: ">particles_selected.cs" }));
  await refused(set.select([0]).writeStar(at("mine.cs")), /mine\.csg: expected a result group of mine\.cs/);
});

test("without an alignment to one map the poses are those of the most probable class", async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string) => path.join(folder, name);
  const same = [0, 1, 2];
  const posterior = (result: string, values: number[]): Field => [`${result}/class_posterior`, "<f4", values];
  const [a, b] = ["alignments_class_0", "alignments_class_1"];
  const second = alignments(b, [5, 6, 7], [posterior(b, [0.1, 0.8, 0.2])]);
  const numbered = [uid(same), ...blob, ...alignments(a, same, [posterior(a, [0.9, 0.2, 0.8])]), ...second];
  writeFileSync(at("abinit.cs"), npy(numbered));
  const one = await opened(t, at("abinit.cs"));
  assert.deepEqual([...one.shifts()], [-0, 0, -12, 12, -4, 4]);
  assert.ok(one.warnings.some((text) => /most probable of 2 classes/.test(text)));
  const multi: Field[] = [
    ["alignments3D_multi/pose", "<f4", same.map((i) => [0.1, 0.2, 0.3, 0.1 * i, 0.5, 0.6])],
    ["alignments3D_multi/shift", "<f4", same.map((i) => [i, 1, i, 2])],
    [
      "alignments3D_multi/class_posterior",
      "<f4",
      [
        [0.9, 0.1],
        [0.3, 0.7],
        [0.6, 0.4],
      ],
    ],
  ];
  writeFileSync(at("multi.cs"), npy([uid(same), ...blob, ...multi]));
  const two = await opened(t, at("multi.cs"));
  assert.deepEqual([...two.shifts()], [-0, -2, -2, -4, -4, -2]);
});

test("groups with missing files, other items or particles that do not fit are refused", async (t) => {
  const { at } = job(t);
  const refuse = async (text: string, pattern: RegExp) => {
    writeFileSync(at("bad.csg"), text);
    await refused(opened(t, at("bad.csg")), pattern);
  };
  await refuse(group({ blob: ">none.cs" }), /none\.cs: expected a file/);
  await refuse("results: {}\n", /bad\.csg: expected a result group of cryoSPARC/);
  await refuse(
    group({ blob: ">particles_selected.cs" }).replace("type: particle\n", "type: volume\n"),
    /of type volume/,
  );
  await refuse(group({ blob: "" }).replace(/ {4}metafile: ''\n/, ""), /expected a metafile/);
  writeFileSync(at("two.cs"), npy([["uid", "<u8", [11n, 22n]], ...ctf([0, 1])]));
  const files = { blob: ">particles_selected.cs", ctf: ">two.cs" };
  await refuse(group(files), /two\.cs: expected the particle 33 of .*row 3, found no such uid/);
});

test("NumPy reads written files as the rows of the real file", skipIf(needs), async (t) => {
  const source = sharedData("formats", "cryosparc_P12_J24_001_particles.cs")!;
  const folder = temporaryFolder(t);
  const set = await opened(t, source);
  const target = path.join(folder, "some.cs");
  await writeSelection(target, set, {
    rows: [7, 3, 2000],
    columns: { z1: new Float32Array(set.count).fill(2) },
  });
  assert.ok(existsSync(path.join(folder, "some.csg")));
  const code = `import numpy as np
a, b = np.load(r"${source}"), np.load(r"${target}")
assert b.dtype.names[:-1] == a.dtype.names, b.dtype
for name in a.dtype.names:
    assert a.dtype[name] == b.dtype[name] and (a[name][[7, 3, 2000]] == b[name]).all(), name
assert (b["e2gmm/z1"] == 2).all()
print("same")`;
  assert.match(execFileSync(python, ["-c", code], { encoding: "utf8" }), /same/);
});
