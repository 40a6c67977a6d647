import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { refuses, succeed, words } from "./command";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-simulate-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const small = words("--box-size 16 --apix 12 --quiet");
const lines = (...parts: string[]) =>
  readFileSync(path.join(folder, ...parts), "utf8")
    .trim()
    .split("\n");

/** Options of a design, and the columns and rows of truth.csv that they give. */
const designs: [design: string, options: string, columns: string, rows: number][] = [
  ["linear-occupancy", "--states 2 --particles-per-state 3 --range 0.3", "displacement,present", 12],
  ["assembly", "--particles 100 --snr 1", "part1,part2,part3,part4,part5", 100],
  ["assembly", "--states 7 --particles 90 --snr 1", "part1,part2,part3,part4,part5", 90],
  ["symmetric", "--symmetry D2 --unit missing --unaffected 0.5 --particles 8", "unit,missing", 8],
  ["symmetric", "--symmetry C3 --unit tilted --angle 25 --particles 8", "unit,angle", 8],
  ["two-domains", "--continuous --particles 5", "first,second", 5],
  ["tilt", "--angle 11 --states 3 --particles 10 --fractions 0.5,0.3,0.2", "angle", 10],
];

for (const [i, [design, options, columns, rows]] of designs.entries()) {
  test(`simulate ${design} ${options} writes its truth for as many particles as asked for`, () => {
    const out = `${i}-${design}`;
    succeed(folder, "simulate", design, ...words(options), ...small, "--out", out);
    const [header, ...table] = lines(out, "truth.csv");
    assert.equal(header, `index,state,${columns}`);
    assert.equal(table.length, rows);
  });
}

test("simulate writes right poses beside wrong ones, and images with coloured noise and a mask", () => {
  const errors = words("--pose-error 2 --shift-error 1.5 --ctf --defocus-error 0.05 --pixel-error 0.01");
  const images = words("--coloured-noise --mask-images 120");
  succeed(folder, "simulate", "one", "--particles", "4", ...errors, ...images, ...small, "--out", "wrong");
  assert.deepEqual(readdirSync(path.join(folder, "wrong")).sort(), [
    "consensus.mrc",
    "particles.mrcs",
    "particles.star",
    "true_poses.star",
    "truth.csv",
  ]);
  const rowsOf = (name: string) => lines("wrong", name).filter((line) => line.includes("@"));
  const [right, wrong] = [rowsOf("true_poses.star"), rowsOf("particles.star")].map((rows) =>
    rows.map((row) => row.split(" ")),
  );
  wrong!.forEach((row, i) => {
    assert.notDeepEqual(row.slice(0, 5), right![i]!.slice(0, 5));
    assert.deepEqual(row.slice(5), right![i]!.slice(5));
  });
  assert.match(lines("wrong", "particles.star").join("\n"), / 12\.12 16 2\n/);
});

test("simulate refuses options of other designs and numbers that contradict each other", () => {
  for (const [command, message] of [
    ["one --angle 3", /--angle: not an option of the design one/],
    ["symmetric --particles-per-state 3", /--particles-per-state: not an option of the design symmetric/],
    ["linear --unit missing", /--unit: not an option of the design linear/],
    ["one --defocus-error 0.05", /defocusError: needs a CTF/],
    ["assembly --fractions 0.5,0.5", /fractions: expected one for each of 6 states, found 2/],
    ["linear --particles 10 --particles-per-state 2", /particles: not given together with particlesPerState/],
    ["symmetric --symmetry T", /symmetry: expected C2 to C99 or D2 to D99, found "T"/],
  ] as const) {
    refuses(folder, ["simulate", ...words(command), "--out", "refused"], message);
  }
});
