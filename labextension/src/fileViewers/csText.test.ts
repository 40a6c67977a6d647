import assert from "node:assert/strict";
import { parseNumpyHeader } from "e2gmm/formats/numpyHeader";
import { test } from "vitest";
import { starOfCs } from "./csText.js";
import { StarIndexer } from "./starIndex.js";

const noPauses = { over: () => false, next: async () => {} };

/** A `.cs` file of two rows. */
function csFile(): Uint8Array {
  const descr =
    "[('uid', '<u8'), ('blob/path', '|S12'), ('alignments3D/shift', '<f4', (2,)), ('blob/shape', '<u4', (2,)), " +
    "('alignments2D/class_posterior', '>f8'), ('long', '|u1', (12,))]";
  const header = `{'descr': ${descr}, 'fortran_order': False, 'shape': (2,), }`;
  const text = Buffer.from(`${header.padEnd(128 * 3 - 11)}\n`, "latin1");
  const head = Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), Buffer.alloc(2), text]);
  head.writeUInt16LE(text.length, 8);
  const rows = [0, 1].map((row) => {
    const bytes = Buffer.alloc(8 + 12 + 8 + 8 + 8 + 12);
    bytes.writeBigUInt64LE(18446744073709551610n + BigInt(row), 0);
    bytes.write(row === 0 ? "J1/a b.mrc" : "", 8, "latin1");
    bytes.writeFloatLE(0.1 + row, 20);
    bytes.writeFloatLE(Number.NaN, 24);
    bytes.writeUInt32LE(64, 28);
    bytes.writeUInt32LE(64, 32);
    bytes.writeDoubleBE(0.25, 36);
    bytes.fill(row, 44);
    return bytes;
  });
  return new Uint8Array(Buffer.concat([head, ...rows]));
}

test("the rows of a .cs file become a table with a column for each number", async () => {
  const file = csFile();
  const header = parseNumpyHeader(file, "a.cs");
  const bytes = await starOfCs(header, file.subarray(header.dataStart), header.count, noPauses);
  const indexer = new StarIndexer(bytes, "a.cs");
  while (!indexer.advance(bytes.length, true, () => false));
  indexer.finish();
  const [sheet] = indexer.sheets;
  assert.deepEqual(sheet!.columns, [
    "_uid",
    "_blob/path",
    "_alignments3D/shift[0]",
    "_alignments3D/shift[1]",
    "_blob/shape[0]",
    "_blob/shape[1]",
    "_alignments2D/class_posterior",
    "_long",
  ]);
  const spans = new Uint32Array(2 * sheet!.columns.length);
  const row = (index: number) => {
    sheet!.spansOf(index, spans);
    return sheet!.columns.map((_, c) =>
      new TextDecoder().decode(bytes.subarray(spans[2 * c], spans[2 * c + 1])),
    );
  };
  assert.equal(sheet!.count, 2);
  assert.deepEqual(
    [row(0), row(1)],
    [
      ["18446744073709551610", "J1/a b.mrc", "0.1", "NaN", "64", "64", "0.25", "0 0 0 0 0 0 0 0 0 0 0 0"],
      ["18446744073709551611", "", "1.1", "NaN", "64", "64", "0.25", "1 1 1 1 1 1 1 1 1 1 1 1"],
    ],
  );
});
