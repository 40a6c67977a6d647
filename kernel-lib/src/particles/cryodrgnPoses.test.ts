import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { repositoryRoot } from "../../../tests/testing";
import { readCryodrgnPoses } from "./cryodrgnPoses";
import { opened, project } from "./particleSet.test.helper";
import { writePoses } from "./writePoses";

const python = path.join(repositoryRoot, ".venv/bin/python");

test(
  "poses that cryoDRGN parsed from a STAR file are those of the file",
  skipIf(!existsSync(python) && "no Python environment"),
  async (t) => {
    const file = await project(t, ["1@images.mrcs", "3@images.mrcs"]);
    const at = (name: string) => path.join(path.dirname(file), name);
    // Angles 10, 20, 30 and origins 1, −2 Å in a box of 4 pixels of 2 Å, by cryoDRGN's formula
    const program = `import numpy as np, pickle, sys
a, b, y = np.radians([10, 20, 30])
z = lambda x: np.array([[np.cos(x), -np.sin(x), 0], [np.sin(x), np.cos(x), 0], [0, 0, 1]])
m = z(y) @ np.array([[np.cos(b), 0, -np.sin(b)], [0, 1, 0], [np.sin(b), 0, np.cos(b)]]) @ z(a)
for i, j in ((0, 1), (1, 0), (1, 2), (2, 1)): m[i, j] *= -1
trans = np.array([[1, -2]] * 2) / 2 / 4
pickle.dump((np.array([m, m]), trans), open(sys.argv[1], "wb"))
pickle.dump((np.array([m]), trans[:1]), open(sys.argv[2], "wb"))`;
    assert.equal(spawnSync(python, ["-c", program, at("pose.pkl"), at("one.pkl")]).status, 0);
    const set = await opened(t, file);
    const poses = await readCryodrgnPoses(at("pose.pkl"), set);
    for (const [i, value] of set.rotations().entries())
      assert.ok(Math.abs(poses.rotations[i]! - value) < 1e-6);
    assert.deepEqual(Array.from(poses.shifts), Array.from(set.shifts()));
    await writePoses(at("posed.star"), set, poses);
    assert.equal((await opened(t, at("posed.star"))).count, 2);
    await assert.rejects(
      readCryodrgnPoses(at("one.pkl"), set),
      /one\.pkl: expected rotations 2 × 3 × 3 .*, found 1 × 3 × 3, 1 × 2/,
    );
  },
);
