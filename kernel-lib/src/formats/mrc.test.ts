import assert from "node:assert/strict";
import { truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { readMap } from "../maps/mapFile";
import { openMrc } from "./mrc";
import { type MadeMrc, mrcBytes } from "./mrc.test.helper";

function write(t: TestContext, name: string, bytes: Uint8Array): string {
  const file = path.join(temporaryFolder(t), name);
  writeFileSync(file, bytes);
  return file;
}

async function readAll(t: TestContext, made: MadeMrc, name = "a.mrc"): Promise<number[]> {
  const mrc = await openMrc(write(t, name, mrcBytes(made)));
  try {
    return [...(await mrc.readSections(0, mrc.size[2]))];
  } finally {
    await mrc.close();
  }
}

function failsWith(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, pattern);
    return true;
  };
}

const eight: [number, number, number] = [2, 2, 2];

for (const bigEndian of [false, true]) {
  const order = bigEndian ? "big-endian" : "little-endian";
  test(`${order} files of modes 0, 1, 2 and 6 are read`, async (t) => {
    const read = (mode: number, values: number[]) => readAll(t, { size: eight, mode, values, bigEndian });
    const bytes = [0, 1, -1, 127, -128, 5, -6, 7];
    assert.deepEqual(await read(0, bytes), bytes);
    const shorts = [0, 1, -1, 32767, -32768, 256, -257, 7];
    assert.deepEqual(await read(1, shorts), shorts);
    const floats = [0, 1.5, -2.25, 2 ** 100, -(2 ** -100), 3, 4, 5];
    assert.deepEqual(await read(2, floats), floats);
    const words = [0, 1, 65535, 32768, 256, 255, 9, 7];
    assert.deepEqual(await read(6, words), words);
  });

  test(`${order} half-precision values, including subnormal ones, are exact`, async (t) => {
    const values = [0x0000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x8400, 0x3555, 0x03ff];
    assert.deepEqual(await readAll(t, { size: eight, mode: 12, values, bigEndian }), [
      0,
      1,
      -2,
      65504,
      2 ** -24,
      -(2 ** -14),
      0.333251953125,
      1023 * 2 ** -24,
    ]);
  });

  test(`a ${order} file with no machine stamp, or a wrong one, is read in the plausible byte order`, async (t) => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8];
    const wrong: [number, number] = bigEndian ? [0x44, 0x44] : [0x11, 0x11];
    assert.deepEqual(await readAll(t, { size: eight, values, bigEndian, stamp: [0, 0] }), values);
    assert.deepEqual(await readAll(t, { size: eight, values, bigEndian, stamp: wrong }), values);
    assert.deepEqual(await readAll(t, { size: eight, values, bigEndian, mapString: "\0\0\0\0" }), values);
  });
}

test("bytes with IMOD's stamp are unsigned unless its flag is set", async (t) => {
  const stamp: [number, number] = [39, 1146047817];
  const values = [-1, -128, 127, 0, 1, 2, 3, 4];
  const read = (flags: number) => readAll(t, { size: eight, mode: 0, values, words: [stamp, [40, flags]] });
  assert.deepEqual(await read(0), [255, 128, 127, 0, 1, 2, 3, 4]);
  assert.deepEqual(await read(1), values);
});

test("unsupported modes are refused by name", async (t) => {
  for (const [mode, name] of [
    [3, "complex 16-bit"],
    [4, "complex 32-bit"],
    [16, "RGB"],
    [101, "4-bit"],
  ] as const) {
    await assert.rejects(
      readAll(t, { size: eight, mode, values: new Array(64).fill(0) }),
      failsWith(new RegExp(`a\\.mrc: expected values of mode 0 .*found mode ${mode} \\(${name}`)),
    );
  }
});

test("an extended header of any length is skipped", async (t) => {
  const values = [1, 2, 3, 4, 5, 6, 7, 8];
  for (const length of [80, 131]) {
    const extended = new Uint8Array(length).fill(0xff);
    assert.deepEqual(await readAll(t, { size: eight, values, extended }), values);
  }
});

test("sections are read one by one and in groups", async (t) => {
  const values = Array.from({ length: 4 * 3 * 5 }, (_, i) => i);
  const mrc = await openMrc(write(t, "a.mrcs", mrcBytes({ size: [4, 3, 5], values })));
  t.onTestFinished(() => mrc.close());
  assert.deepEqual([...(await mrc.readSections(2, 1))], values.slice(24, 36));
  assert.deepEqual([...(await mrc.readSections(3, 2))], values.slice(36));
  assert.equal((await mrc.readSections(5, 0)).length, 0);
  await assert.rejects(mrc.readSections(4, 2), failsWith(/expected sections 1 to 5, found 5 to 6/));
  await assert.rejects(mrc.readSections(-1, 1), failsWith(/found 0 to 0/));
});

test("sections are read into the same memory repeatedly, in any mode and compression", async (t) => {
  const values = Array.from({ length: 36 }, (_, i) => 3 * i - 20);
  const size: [number, number, number] = [3, 3, 4];
  for (const mode of [0, 1, 2]) {
    for (const bigEndian of [false, true]) {
      const bytes = mrcBytes({ size, mode, values, bigEndian });
      for (const packed of [bytes, gzipSync(bytes)]) {
        const mrc = await openMrc(write(t, "a.mrcs", packed));
        const space = new ArrayBuffer(2 * 9 * 4 + 40);
        for (const [first, count] of [
          [0, 2],
          [3, 1],
          [1, 2],
        ] as const) {
          const found = await mrc.readSections(first, count, space);
          assert.deepEqual([...found], values.slice(9 * first, 9 * (first + count)));
          if (mode === 2) assert.equal(found.buffer, space);
        }
        await mrc.close();
      }
    }
  }
});

test("axes in any order are permuted to X, Y, Z", async (t) => {
  const [nx, ny, nz] = [2, 3, 4];
  const value = (x: number, y: number, z: number) => 100 * z + 10 * y + x;
  for (const axes of [
    [1, 2, 3],
    [1, 3, 2],
    [2, 1, 3],
    [2, 3, 1],
    [3, 1, 2],
    [3, 2, 1],
  ]) {
    const extent = axes.map((axis) => [nx, ny, nz][axis - 1]!) as [number, number, number];
    const values: number[] = [];
    for (let s = 0; s < extent[2]; s++) {
      for (let r = 0; r < extent[1]; r++) {
        for (let c = 0; c < extent[0]; c++) {
          const place = [0, 0, 0];
          place[axes[0]! - 1] = c;
          place[axes[1]! - 1] = r;
          place[axes[2]! - 1] = s;
          values.push(value(place[0]!, place[1]!, place[2]!));
        }
      }
    }
    const words: MadeMrc["words"] = [
      ...axes.map((axis, i): [number, number] => [17 + i, axis]),
      // Start of the array in the cell: column, row, section.
      ...axes.map((axis, i): [number, number] => [5 + i, -axis]),
      // Sampling and cell are in the order X, Y, Z.
      ...[nx, ny, nz].flatMap((n, i): [number, number | { float: number }][] => [
        [8 + i, n],
        [11 + i, { float: 2 * n }],
      ]),
    ];
    const file = write(t, "a.map", mrcBytes({ size: extent, values, words }));
    const map = await readMap(file);
    assert.deepEqual(map.size, [nx, ny, nz], axes.join());
    assert.equal(map.apix, 2);
    assert.deepEqual(map.origin, [-2, -4, -6]);
    let i = 0;
    for (let z = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) assert.equal(map.data[i++], value(x, y, z));
    }
    const mrc = await openMrc(file);
    assert.deepEqual([...(await mrc.readSections(2, 1))], [...map.data.subarray(12, 18)]);
    await mrc.close();
  }
});

test("invalid axes are refused", async (t) => {
  const words: MadeMrc["words"] = [[18, 1]];
  await assert.rejects(
    readAll(t, { size: eight, values: new Array(8).fill(0), words }),
    failsWith(/words 17–19: expected the axes 1, 2 and 3 in some order, found 1, 1, 3/),
  );
});

test("a file shorter than its header says is refused with its number of complete sections", async (t) => {
  const file = write(t, "short.mrcs", mrcBytes({ size: [4, 4, 5], values: new Array(80).fill(1) }));
  truncateSync(file, 1024 + 4 * 40);
  await assert.rejects(
    openMrc(file),
    failsWith(
      /short\.mrcs: expected 1344 bytes for 5 sections of 4×4 in mode 2, found 1184 bytes, which hold 2 whole/,
    ),
  );
});

test("a file that shrinks after opening gives an error, not zeros", async (t) => {
  const file = write(t, "a.mrcs", mrcBytes({ size: [4, 4, 5], values: new Array(80).fill(1) }));
  const mrc = await openMrc(file);
  t.onTestFinished(() => mrc.close());
  truncateSync(file, 1024 + 4 * 40);
  await assert.rejects(
    mrc.readSections(1, 3),
    failsWith(/a\.mrcs: section 3: expected 64 bytes, found only 32/),
  );
});

test("NaN and infinite values are refused with section and pixel", async (t) => {
  const values = new Array(48).fill(1);
  values[16 + 4 * 2 + 3] = Number.NaN;
  const nan = readAll(t, { size: [4, 4, 3], values });
  await assert.rejects(nan, failsWith(/section 2: expected finite values, found NaN at pixel x 3, y 2/));
  values[16 + 4 * 2 + 3] = Number.NEGATIVE_INFINITY;
  const infinite = readAll(t, { size: [4, 4, 3], values });
  await assert.rejects(
    infinite,
    failsWith(/section 2: expected finite values, found -Infinity at pixel x 3, y 2/),
  );
  const half = readAll(t, { size: eight, mode: 12, values: [0, 0, 0, 0, 0, 0x7e00, 0, 0] });
  await assert.rejects(half, failsWith(/section 2: expected finite values, found NaN at pixel x 1, y 0/));
});

test("the last of an odd number of values is checked", async (t) => {
  for (let at = 0; at < 9; at++) {
    const values = Array.from({ length: 9 }, (_, i) => (i === at ? Number.NEGATIVE_INFINITY : i));
    await assert.rejects(readAll(t, { size: [3, 3, 1], values }), failsWith(/section 1\b/));
  }
});

test("other formats are refused by name", async (t) => {
  const refused = (bytes: Uint8Array, pattern: RegExp) =>
    assert.rejects(openMrc(write(t, "x.mrc", bytes)), failsWith(pattern));
  const padded = (start: string) => Buffer.from(start.padEnd(2048, "\0"), "latin1");
  await refused(Buffer.from("short"), /an MRC header of 1024 bytes, found a file of 5 bytes/);
  await refused(padded("\x89HDF\r\n\x1a\n"), /expected an MRC file, found an HDF5 file/);
  await refused(padded("II*\0"), /found a TIFF file/);
  await refused(padded("\x93NUMPY"), /found a NumPy/);
  await refused(padded("<!DOCTYPE html>"), /found text beginning with "<!DOCTYP"/);
  await refused(new Uint8Array(2048), /found 0×0×0 values of mode 0/);
});

test("a missing file and a folder are refused", async (t) => {
  const folder = temporaryFolder(t);
  await assert.rejects(
    openMrc(path.join(folder, "no.mrc")),
    failsWith(/no\.mrc: expected a file, found no such file/),
  );
  await assert.rejects(openMrc(folder), failsWith(/expected a file, found a folder/));
});

test("a missing pixel size is undefined, and required for a map", async (t) => {
  const made: MadeMrc = { size: eight, values: new Array(8).fill(2), words: [[11, { float: 0 }]] };
  const file = write(t, "a.mrc", mrcBytes(made));
  const mrc = await openMrc(file);
  assert.equal(mrc.apix, undefined);
  await mrc.close();
  await assert.rejects(readMap(file), failsWith(/words 11–13: expected a cell size, or a pixel size given/));
  assert.equal((await readMap(file, { apix: 1.3 })).apix, 1.3);
});

test("maps with non-cubic voxels or a skew cell are refused", async (t) => {
  const values = new Array(8).fill(2);
  const flat = write(t, "a.mrc", mrcBytes({ size: eight, values, words: [[12, { float: 3 }]] }));
  await assert.rejects(
    readMap(flat),
    failsWith(/expected cubic voxels, found 1\.0000 × 1\.5000 × 1\.0000 Å/),
  );
  const skew = write(t, "b.mrc", mrcBytes({ size: eight, values, words: [[15, { float: 94.3 }]] }));
  await assert.rejects(
    readMap(skew),
    failsWith(/expected a cell with right angles, found 90\.00, 94\.30, 90\.00/),
  );
});

test("a map may have space group 0, as RELION writes it, but a stack of volumes and an .mrcs file are refused", async (t) => {
  const values = new Array(8).fill(2);
  const relion = write(t, "a.mrc", mrcBytes({ size: eight, values, words: [[23, 0]] }));
  assert.deepEqual((await readMap(relion)).size, eight);
  const volumes: MadeMrc = {
    size: eight,
    values,
    words: [
      [23, 401],
      [10, 1],
    ],
  };
  await assert.rejects(
    readMap(write(t, "v.mrc", mrcBytes(volumes))),
    failsWith(/expected one map, found a stack of 2 volumes/),
  );
  const stack = write(t, "s.mrcs", mrcBytes({ size: eight, values }));
  await assert.rejects(readMap(stack), failsWith(/expected a map, found a stack of 2 images/));
});

test("gzip and bzip2 files are decompressed, independent of their names", async (t) => {
  const values = [1, 2, 3, 4, 5, 6, 7, 8];
  const packed = gzipSync(mrcBytes({ size: eight, mode: 1, values }));
  // A similar file, 2×2×2 of mode 0, written by Python's bz2 module.
  const bzip2 = Buffer.from(bzip2OfBytes, "base64");
  for (const [name, bytes] of [
    ["a.mrc.gz", packed],
    ["a.mrc", packed],
    ["a.map.bz2", bzip2],
    ["b.map", bzip2],
  ] as const) {
    const mrc = await openMrc(write(t, name, bytes));
    assert.deepEqual([...(await mrc.readSections(0, 2))], values, name);
    assert.deepEqual([...(await mrc.readSections(1, 1))], values.slice(4), name);
    await mrc.close();
  }
});

const bzip2OfBytes =
  "QlpoOTFBWSZTWdcPBnwAACDWSP/AwCB0AkAACAAEAAAIIABUV6hoGgGnqCVPKjTINqaMMzui+wTm0QIAVxyJC9YRDoinXflo4/VHuYjjEzA+LuSKcKEhrh4M+A==";

test("damaged compressed files are refused", async (t) => {
  const packed = gzipSync(mrcBytes({ size: eight, values: new Array(8).fill(1) }));
  const gzip = write(t, "a.gz", packed.subarray(0, packed.length - 12));
  await assert.rejects(openMrc(gzip), failsWith(/a\.gz: expected a complete gzip file, found damage/));
  const bytes = Buffer.from(bzip2OfBytes, "base64");
  bytes[30]! ^= 0xff;
  await assert.rejects(
    openMrc(write(t, "a.bz2", bytes)),
    failsWith(/expected a complete bzip2 file, found damage/),
  );
});
