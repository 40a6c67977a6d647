import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { repositoryRoot, temporaryFolder } from "../../../tests/testing";
import { arraysIn, readPickle } from "./pickle";

const python = path.join(repositoryRoot, ".venv/bin/python");

/** Pickles by Python and NumPy, `NAME.PROTOCOL.pkl`. */
const program = `
import pickle, sys, numpy as np
z = (np.arange(12, dtype="<f4").reshape(4, 3) - 5) * 1.5
values = {
  "z": z,
  "columns": np.asfortranarray(z.astype("f8")),
  "axes": np.ascontiguousarray(np.moveaxis(np.arange(24.0).reshape(2, 3, 4), 1, 0)).transpose(1, 0, 2),
  "swapped": z.astype(">f8"),
  "integers": np.array([[-3, 4], [2 ** 40, 250]]),
  "poses": (np.eye(3, dtype="f4")[None].repeat(2, 0), np.array([[0.25, -0.5], [1, 2]])),
  "tree": {"zs": {4: z, 10: 2 * z}, "note": "caf\\u00e9\\n", "n": np.float32(1.5), "big": 2 ** 70, "seq": [1, 2.5, True]},
}
for protocol in range(6):
  for name, value in values.items():
    with open(f"{sys.argv[1]}/{name}.{protocol}.pkl", "wb") as file:
      pickle.dump(value, file, protocol)
`;

const z = Array.from({ length: 12 }, (_, i) => (i - 5) * 1.5);

describe("pickles", () => {
  test(
    "of Python and NumPy are read as data, in every protocol",
    skipIf(!existsSync(python) && "no Python environment"),
    async (t) => {
      const folder = temporaryFolder(t);
      const { status, stderr } = spawnSync(python, ["-c", program, folder], { encoding: "utf8" });
      assert.equal(status, 0, stderr);
      for (let protocol = 0; protocol < 6; protocol++) {
        const read = async (name: string) => {
          const value = await readPickle(path.join(folder, `${name}.${protocol}.pkl`));
          return arraysIn(value).map(({ name, shape, values }) => [name, shape, Array.from(values)]);
        };
        for (const name of ["z", "columns", "swapped"])
          assert.deepEqual(await read(name), [["", [4, 3], z]], `${name} ${protocol}`);
        assert.deepEqual(await read("axes"), [["", [2, 3, 4], Array.from({ length: 24 }, (_, i) => i)]]);
        assert.deepEqual(await read("integers"), [["", [2, 2], [-3, 4, 2 ** 40, 250]]]);
        assert.deepEqual(await read("poses"), [
          ["0", [2, 3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1]],
          ["1", [2, 2], [0.25, -0.5, 1, 2]],
        ]);
        assert.deepEqual(await read("tree"), [
          ["zs/4", [4, 3], z],
          ["zs/10", [4, 3], z.map((value) => 2 * value)],
        ]);
        const tree = (await readPickle(path.join(folder, `tree.${protocol}.pkl`))) as Map<string, unknown>;
        assert.deepEqual([tree.get("note"), tree.get("n"), tree.get("big")], ["café\n", 1.5, 2 ** 70]);
        assert.deepEqual(tree.get("seq"), [1, 2.5, true]);
      }
    },
  );

  test("that would call anything are refused by name, with the position", async (t) => {
    const file = path.join(temporaryFolder(t), "z.pkl");
    for (const [content, found] of [
      [
        "cos\nsystem\n(S'true'\ntR.",
        /z\.pkl: byte 0: expected a pickle of NumPy arrays.*found an object os\.system/,
      ],
      ["cbuiltins\neval\n(V1\ntR.", /an object builtins\.eval/],
      ["cnumpy\nconstructor\n.", /an object numpy\.constructor/],
      ["cnumpy.core.multiarray\n__proto__\n.", /an object numpy\.core\.multiarray\.__proto__/],
      ["Pid\n.", /byte 0: .*instruction "P"/],
    ] as const) {
      writeFileSync(file, content);
      await assert.rejects(readPickle(file), { name: "InputError", message: found });
    }
  });

  test("that are damaged, cut or something else are refused", async (t) => {
    const file = path.join(temporaryFolder(t), "z.pkl");
    for (const content of [
      "",
      "\x80\x04",
      "index,z1\n0,1\n",
      "R.",
      "(.",
      "h\x05.",
      "X\xff\xff\xff\xff",
      "]I5\nt.",
      "N)R.",
      "]]b.",
      "Ix\n.",
    ]) {
      writeFileSync(file, Buffer.from(content, "latin1"));
      await assert.rejects(
        readPickle(file),
        { name: "InputError", message: /z\.pkl: byte \d+/ },
        JSON.stringify(content),
      );
    }
    await assert.rejects(readPickle(`${file}.other`), /z\.pkl\.other/);
  });

  test("with random bytes end in an error or a value, and a list that contains itself is no trap", async (t) => {
    const file = path.join(temporaryFolder(t), "z.pkl");
    let state = 1;
    for (let round = 0; round < 300; round++) {
      const bytes = Uint8Array.from({ length: 40 }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state >>> 24;
      });
      writeFileSync(file, bytes);
      await readPickle(file)
        .then(arraysIn)
        .catch((error) => assert.equal(error.name, "InputError"));
    }
    writeFileSync(file, "]q\x00h\x00aK\x07a.", "latin1");
    assert.deepEqual(arraysIn(await readPickle(file)), []);
  });
});
