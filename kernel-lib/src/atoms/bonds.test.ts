import assert from "node:assert/strict";
import { test } from "vitest";
import { distanceChanges, findBonds, fixedDistances } from "./bonds";
import { atomLine, helices, modelOf } from "./molecule.test.helper";
import { Restraints } from "./restraints";

test("bonds of a polypeptide are found by distance, and no others", async () => {
  const model = await modelOf(helices(2, 10));
  const { bonds, angles, planes } = fixedDistances(model);
  // N–CA, CA–C, C–O, CA–CB of each residue and the peptide bonds between them
  assert.equal(bonds.lengths.length, 2 * (4 * 10 + 9));
  const names = Array.from({ length: bonds.lengths.length }, (_, b) =>
    [model.names[bonds.atoms[2 * b]!], model.names[bonds.atoms[2 * b + 1]!]].sort().join("-"),
  );
  assert.deepEqual([...new Set(names)].sort(), ["C-CA", "C-N", "C-O", "CA-CB", "CA-N"]);
  // N-CA-C, N-CA-CB, C-CA-CB, CA-C-O of each residue; CA-C-N, O-C-N, C-N-CA of each peptide bond
  assert.equal(angles.lengths.length, 2 * (4 * 10 + 3 * 9));
  // CA and O on one side, the next CA on the other
  assert.equal(planes.lengths.length, 2 * 2 * 9);
});

test("alternate places are bonded to their own kind only, ions to nothing", async () => {
  const place = (x: number) => [x, 0, 0] as const;
  const line = (serial: number, name: string, x: number, alternate: string) => {
    const text = atomLine(serial, name, 1, "A", place(x));
    return text.slice(0, 16) + alternate + text.slice(17);
  };
  const zinc = "HETATM    9 NA    NA A   9       3.000   1.500   0.000  1.00  0.00          NA";
  const lines = [
    line(1, "N", 0, " "),
    line(2, "CA", 1.4, "A"),
    line(3, "CA", 1.45, "B"),
    line(4, "C", 2.9, "B"),
    zinc,
  ];
  const model = await modelOf(`${lines.join("\n")}\n`);
  const { atoms } = findBonds(model);
  assert.deepEqual(Array.from(atoms), [0, 1, 0, 2, 2, 3]);
});

test("restraints bring distorted bonds back and part atoms that touch", async () => {
  const model = await modelOf(helices(2, 10));
  const restraints = new Restraints(model);
  const positions = model.positions.map((x, k) => x + 0.25 * Math.sin(7.3 * k));
  // The second helix is pushed into the first.
  for (let i = 0; i < model.count; i++) if (model.chains[i] === "B") positions[3 * i]! -= 4;
  const before = distanceChanges(restraints.distances.bonds, positions);
  restraints.apply(positions);
  const after = distanceChanges(restraints.distances.bonds, positions);
  assert.ok(before.rms > 0.15 && after.rms < 0.01, `${before.rms} ${after.rms}`);
  assert.ok(distanceChanges(restraints.distances.angles, positions).rms < 0.05);
  let nearest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < model.count; i++) {
    for (let j = 0; j < model.count; j++) {
      if (model.chains[i] !== "A" || model.chains[j] !== "B") continue;
      nearest = Math.min(
        nearest,
        Math.hypot(...[0, 1, 2].map((k) => positions[3 * i + k]! - positions[3 * j + k]!)),
      );
    }
  }
  assert.ok(nearest > 2.5, String(nearest));
});
