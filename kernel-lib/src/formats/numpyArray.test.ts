import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { readNumpyArray } from "./numpyArray";

/** A .npy file of version 1, byte by byte as NumPy's documentation describes it. */
function npy(descr: string, shape: string, data: Uint8Array, fortran = "False"): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
  const header = `${text.padEnd(117)}\n`;
  const start = Buffer.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    header.length & 255,
    header.length >> 8,
  ]);
  return Buffer.concat([start, Buffer.from(header, "latin1"), data]);
}

const bytesOf = (values: Float32Array | Float64Array | BigInt64Array) => new Uint8Array(values.buffer);

describe("arrays of numbers in .npy files", () => {
  test("are read row by row, in one or two dimensions", async (t) => {
    const file = path.join(temporaryFolder(t), "z.npy");
    writeFileSync(file, npy("<f4", "(2, 3)", bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6.5))));
    assert.deepEqual(await readNumpyArray(file), {
      shape: [2, 3],
      values: Float64Array.of(1, 2, 3, 4, 5, 6.5),
    });
    writeFileSync(file, npy("<i8", "(2,)", bytesOf(BigInt64Array.of(-7n, 9n))));
    assert.deepEqual(await readNumpyArray(file), { shape: [2], values: Float64Array.of(-7, 9) });
    const swapped = bytesOf(Float64Array.of(0.25)).slice().reverse();
    writeFileSync(file, npy(">f8", "(1,)", swapped));
    assert.deepEqual(await readNumpyArray(file), { shape: [1], values: Float64Array.of(0.25) });
  });

  test("of other kinds, orders and lengths are refused", async (t) => {
    const file = path.join(temporaryFolder(t), "z.npy");
    const data = bytesOf(Float32Array.of(1, 2));
    for (const content of [
      Buffer.from("index,z1\n0,1\n"),
      npy("<f4", "(2,)", data, "True"),
      npy("<c8", "(1,)", data),
      npy("<f4", "(3,)", data),
    ]) {
      writeFileSync(file, content);
      await assert.rejects(readNumpyArray(file), { name: "InputError", message: /z\.npy/ });
    }
    await assert.rejects(readNumpyArray(`${file}.other`), /z\.npy\.other/);
  });
});
