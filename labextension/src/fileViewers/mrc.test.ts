import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import * as kernelHeader from "e2gmm/formats/mrcHeader";
import * as kernelValues from "e2gmm/formats/mrcValues";
import { describe, test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { sharedData } from "../../../tests/testing";
import { headerRows } from "./headerText.js";
import { decodeValues, isStack, layoutOf, originOf, parseHeader, sizeOf, voxelOf } from "./mrc.js";
import { makeMrc } from "./mrc.test.helper.js";

const modes = [0, 1, 2, 6, 12];

describe("MRC files in the page", () => {
  test("header and values equal those of the kernel's reader, in every mode and both byte orders", () => {
    for (const mode of modes) {
      for (const littleEndian of [true, false]) {
        const bytes = makeMrc({ size: [4, 3, 2], mode, littleEndian, extended: 160, labels: ["one", "two"] });
        const header = parseHeader(bytes, "a.mrc");
        assert.deepEqual(header, kernelHeader.parseHeader(bytes, "a.mrc"));
        const raw = () => Buffer.from(bytes.slice(1024 + 160));
        const values = decodeValues(new Uint8Array(raw()), header);
        const reference = raw();
        const own = Buffer.from(
          reference.buffer.slice(reference.byteOffset, reference.byteOffset + reference.length),
        );
        assert.deepEqual(values, kernelValues.decodeValues(own, header));
        assert.deepEqual([...values.subarray(0, 4)], [0, 1, 2, 3]);
      }
    }
  });

  test("half precision includes subnormal numbers, infinities and NaN", () => {
    const bytes = makeMrc({ size: [4, 1, 1], mode: 12 });
    const words = new DataView(bytes.buffer);
    for (const [i, bits] of [0x3c00, 0x0001, 0xfc00, 0x7e00].entries())
      words.setUint16(1024 + 2 * i, bits, true);
    const values = decodeValues(bytes.slice(1024), parseHeader(bytes, "a.mrc"));
    assert.deepEqual([...values], [1, 2 ** -24, Number.NEGATIVE_INFINITY, Number.NaN]);
  });

  test("bytes of mode 0 are signed, unless the file has IMOD's stamp without its flag", () => {
    const bytes = makeMrc({ size: [2, 1, 1], mode: 0 });
    bytes.set([0xff, 0x01], 1024);
    const read = () => [...decodeValues(bytes.slice(1024), parseHeader(bytes, "a.mrc"))];
    assert.deepEqual(read(), [-1, 1]);
    new DataView(bytes.buffer).setInt32(4 * 38, 1146047817, true);
    assert.deepEqual(read(), [255, 1]);
  });

  test("files of other formats, damaged or short ones are rejected with what was expected and found", () => {
    const refuse = (bytes: Uint8Array, words: RegExp) =>
      assert.throws(() => layoutOf(parseHeader(bytes, "a.mrc"), bytes.length, "a.mrc"), words);
    const text = new TextEncoder().encode("data_particles\n".repeat(100));
    refuse(text, /^InputError: a\.mrc: expected an MRC file, found text beginning with "data_par"$/);
    refuse(text.slice(0, 90), /expected an MRC header of 1024 bytes, found a file of 90 bytes/);
    refuse(new Uint8Array(0), /found a file of 0 bytes/);
    const hdf = new Uint8Array(2048);
    hdf.set([0x89, 0x48, 0x44, 0x46]);
    refuse(hdf, /found an HDF5 file/);
    const whole = makeMrc({ size: [4, 3, 2], mode: 2 });
    refuse(
      whole.slice(0, -4),
      /expected 1120 bytes for 2 sections of 4×3 in mode 2, found 1116 bytes, which hold 1 whole/,
    );
    const complex = makeMrc({ size: [4, 3, 2], mode: 2 });
    new DataView(complex.buffer).setInt32(12, 4, true);
    refuse(complex, /found mode 4 \(complex 32-bit floating point\)/);
    refuse(
      makeMrc({ size: [4, 3, 2], mode: 2, axes: [1, 1, 2] }),
      /words 17–19: expected the axes 1, 2 and 3 in some order/,
    );
  });

  test("size, voxel and origin are along X, Y and Z for any order of axes in the file", () => {
    const bytes = makeMrc({ size: [5, 6, 7], mode: 2, axes: [3, 1, 2], start: [10, 20, 30], apix: 2 });
    const header = parseHeader(bytes, "a.map");
    assert.deepEqual(sizeOf(header), [6, 7, 5]);
    assert.deepEqual(voxelOf(header).voxel, [2, 2, 2]);
    // Words 5–7 go with columns, rows and sections
    assert.deepEqual(originOf(header), [40, 60, 20]);
  });

  test("a stack is recognised by its extension, its sampling, or by having a few large sections", () => {
    const header = (size: [number, number, number], sampling?: [number, number, number]) =>
      parseHeader(makeMrc({ size, mode: 2, ...(sampling ? { sampling } : {}) }), "a.mrc");
    assert.equal(isStack(header([8, 8, 8]), "a.mrc"), false);
    assert.equal(isStack(header([8, 8, 8]), "a.MRCS"), true);
    assert.equal(isStack(header([8, 8, 1]), "a.mrc"), true);
    assert.equal(isStack(header([8, 8, 8], [8, 8, 1]), "a.mrc"), true);
    assert.equal(isStack(header([64, 64, 7]), "a.mrc"), true);
    assert.equal(isStack(header([64, 64, 16]), "a.mrc"), false);
  });

  test("the header is described in words, with its labels unchanged", () => {
    const bytes = makeMrc({ size: [4, 3, 2], mode: 1, apix: 1.5, labels: ["<img src=x onerror=alert(1)>"] });
    const header = parseHeader(bytes, "a.mrc");
    const rows = new Map(headerRows(header, layoutOf(header, bytes.length, "a.mrc"), bytes.length));
    assert.equal(rows.get("Dimensions"), "4 × 3 × 2 (columns, rows, sections)");
    assert.equal(rows.get("Voxel"), "1.5 × 1.5 × 1.5 Å");
    assert.equal(rows.get("Mode"), "1 (16-bit integers)");
    assert.deepEqual(header.labels, ["<img src=x onerror=alert(1)>"]);
  });

  const folder = sharedData();
  test(
    "headers of other programs' files are read as by the kernel",
    skipIf(!folder && "no shared data"),
    () => {
      for (const name of [
        "EMD-3001.map",
        "EMD-3197.map",
        "hand-vol.mrc",
        "relion31.mrcs",
        "empiar_10076_7.mrc",
      ]) {
        const file = path.join(folder!, "formats", name);
        assert.ok(existsSync(file), name);
        const bytes = readFileSync(file);
        const header = parseHeader(bytes, name);
        assert.deepEqual(header, kernelHeader.parseHeader(bytes, name));
        layoutOf(header, bytes.length, name);
      }
    },
  );
});
