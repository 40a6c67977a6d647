import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { repositoryRoot, temporaryFolder } from "../../../tests/testing";
import { readIndices } from "./indexFile";

const python = path.join(repositoryRoot, ".venv/bin/python");

test("indices are read from text, one or more in a line", async (t) => {
  const file = path.join(temporaryFolder(t), "some.txt");
  writeFileSync(file, "4, 2 # two\n\n0\n");
  assert.deepEqual([...(await readIndices(file, 5))], [4, 2, 0]);
  await assert.rejects(
    readIndices(file, 4),
    /some\.txt: line 1: expected a particle index from 0 to 3, found "4"/,
  );
});

test(
  "indices are read from arrays of NumPy, as cryoDRGN saves them",
  skipIf(!existsSync(python) && "no Python environment"),
  async (t) => {
    const folder = temporaryFolder(t);
    const program = `import numpy as np, pickle, sys
a = np.array([3, 0, 7])
np.save(sys.argv[1] + "/a.npy", a)
pickle.dump(a, open(sys.argv[1] + "/ind.pkl", "wb"))
pickle.dump([5, 1], open(sys.argv[1] + "/list.pkl", "wb"))
pickle.dump(np.zeros((2, 2)), open(sys.argv[1] + "/two.pkl", "wb"))
pickle.dump(np.array([1.5]), open(sys.argv[1] + "/half.pkl", "wb"))`;
    assert.equal(spawnSync(python, ["-c", program, folder]).status, 0);
    const read = async (name: string) => [...(await readIndices(path.join(folder, name), 8))];
    assert.deepEqual(await read("a.npy"), [3, 0, 7]);
    assert.deepEqual(await read("ind.pkl"), [3, 0, 7]);
    assert.deepEqual(await read("list.pkl"), [5, 1]);
    await assert.rejects(read("two.pkl"), /two\.pkl: expected one array of indices, found 2 × 2/);
    await assert.rejects(
      read("half.pkl"),
      /half\.pkl: number 0: expected a particle index from 0 to 7, found "1\.5"/,
    );
  },
);
