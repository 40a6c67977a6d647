import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import * as e2 from "e2gmm";
import { openSource } from "e2gmm/dist/formats/fileSource";
import { describe, type TestContext, test } from "vitest";
import { mrcBytes } from "../../kernel-lib/src/formats/mrc.test.helper";

/** Compressed files that are damaged, declare too much, or decompress to more than they declare. */

/** 2×2×2 voxels of mode 2 with the values 0 to 7, compressed by Python's bz2 module. */
const goodBzip2 = Buffer.from(
  "QlpoOTFBWSZTWUUn4KwAACjeXfgIQACAAPQCQABIAEAABABAAEAAAAggAFRCZDQA0eoJT1JNBpkASfZJekFaylrMwAilxJCIlDZohw8shRVH8F6D04AYzL4u5IpwoSCKT8FY",
  "base64",
);
/** The same file in two streams, as written by parallel programs. */
const bzip2InTwo = Buffer.from(
  "QlpoOTFBWSZTWS290EoAACJWSPgIQAD0AkAACAAEAAAIIABUVkyYTAEp6lGjTGpkm+0z1Ba0p8MAOSSIFC7hCnxK3GKzEANF3JFOFCQLb3QSgEJaaDkxQVkmU1lPmUM8AAAKzFVAAAAAwABAAEAAQABAACAAISmTIIYBJ4IzU3LOrDxdyRThQkE+ZQzw",
  "base64",
);
/** Its header and 400 million zeros. */
const bzip2Bomb = Buffer.from(
  "QlpoOTFBWSZTWU0mdQMFfjZWSPgIQAB0AkAACAAEAAAIIABwUwAAJqokyaaep6mbj5tFUBLhc85x3YIqAljyySVASxiu8dYrXWbW3mt76lKgJfzFBWSZTWQ4J4t8BX45AAMAAAAggADCATUZCoCWpCoCXMUFZJlNZDgni3wFfjkAAwAAACCAAMIBNRkKgJakKgJcxQVkmU1kOCeLfAV+OQADAAAAIIAAwgE1GQqAlqQqAlzFBWSZTWQ4J4t8BX45AAMAAAAggADCATUZCoCWpCoCXMUFZJlNZDgni3wFfjkAAwAAACCAAMIBNRkKgJakKgJcxQVkmU1kOCeLfAV+OQADAAAAIIAAwgE1GQqAlqQqAlzFBWSZTWQ4J4t8BX45AAMAAAAggADCATUZCoCWpCoCXMUFZJlNZ0ErCSwD7TsAgwAAABAAIIAAwzAmqaZCkQbVBSIPF3JFOFCQBW83aQ==",
  "base64",
);

const good = (sections = 2) =>
  mrcBytes({ size: [2, 2, sections], values: Array.from({ length: 4 * sections }, (_, i) => i) });
/** A small file whose header declares many sections. */
function promising(sections: number): Buffer {
  const bytes = good();
  bytes.writeInt32LE(sections, 8);
  return bytes;
}

/** A folder with a temporary folder for decompressed files, which must be empty when the test ends. */
function workplace(t: TestContext): { folder: string; temporary: string } {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-packed-"));
  const temporary = path.join(folder, "tmp");
  mkdirSync(temporary);
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = temporary;
  t.onTestFinished(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    const left = readdirSync(temporary);
    rmSync(folder, { recursive: true });
    assert.deepEqual(left, []);
  });
  return { folder, temporary };
}

const zeros = (bytes: number) => Buffer.alloc(bytes);

describe("refused files", () => {
  const cases: [name: string, bytes: () => Uint8Array, right: RegExp][] = [
    [
      "100 MB behind the header of 32 bytes",
      () => gzipSync(Buffer.concat([good(), zeros(1e8)])),
      /expected 1056 bytes when decompressed.*found more/,
    ],
    [
      "400 MB behind the header of 32 bytes, in bzip2",
      () => bzip2Bomb,
      /expected 1056 bytes when decompressed.*found more/,
    ],
    [
      "a header that declares 64 GB, in a kilobyte",
      () => gzipSync(promising(1 << 27)),
      /expected \d+ bytes when decompressed.*found at most/,
    ],
    [
      "a header that declares more data than the file has",
      () => gzipSync(promising(40)),
      /expected 1664 bytes for 40 sections.*found 1056 bytes/,
    ],
    ["100 MB that are not a map", () => gzipSync(zeros(1e8)), /expected an MRC file, found 0×0×0/],
    ["text", () => gzipSync("data_particles\n".repeat(500)), /found text beginning with "data_par"/],
    ["half a kilobyte", () => gzipSync(zeros(500)), /an MRC header of 1024 bytes, found a file of 500 bytes/],
    ["an empty file", () => gzipSync(zeros(0)), /an MRC header of 1024 bytes, found a file of 0 bytes/],
    ["a wrong checksum", () => flipped(gzipSync(good()), -6), /expected a complete gzip file, found damage/],
    [
      "a wrong checksum, in bzip2",
      () => flipped(goodBzip2, 12),
      /expected a complete bzip2 file, found damage/,
    ],
    [
      "zstd",
      () => Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), zeros(2000)]),
      /a zstd file \(decompress it first\)/,
    ],
    [
      "xz",
      () => Buffer.concat([Buffer.from("\xfd7zXZ\0", "latin1"), zeros(2000)]),
      /an xz file \(decompress it first\)/,
    ],
    [
      "zip",
      () => Buffer.concat([Buffer.from("PK\x03\x04"), zeros(2000)]),
      /a zip archive \(extract it first\)/,
    ],
  ];
  for (const [name, bytes, right] of cases) {
    test(name, async (t) => {
      const { folder } = workplace(t);
      const file = path.join(folder, "map.mrc.gz");
      writeFileSync(file, bytes());
      await assert.rejects(e2.maps.read(file), (error) => {
        assert.ok(error instanceof e2.InputError, String(error));
        assert.match(error.message, /map\.mrc\.gz: /);
        assert.match(error.message, right);
        return true;
      });
    });
  }

  test("text that decompresses to a thousand times its size", async (t) => {
    const { folder } = workplace(t);
    const file = path.join(folder, "a.star");
    writeFileSync(file, gzipSync(Buffer.alloc(1.5e8, "data_ \n")));
    await assert.rejects(
      e2.particles.open(file),
      /a\.star: expected at most \d+ bytes when decompressed from \d+, found more/,
    );
  });

  test("files truncated at any byte", async (t) => {
    const { folder } = workplace(t);
    let tried = 0;
    for (const [name, bytes] of [
      ["cut.gz", gzipSync(good())],
      ["cut.bz2", goodBzip2],
      ["two.bz2", bzip2InTwo],
    ] as const) {
      const file = path.join(folder, name);
      for (let length = 4; length < bytes.length; length++) {
        writeFileSync(file, bytes.subarray(0, length));
        await assert.rejects(e2.formats.openMrc(file), e2.InputError, `${length} bytes of ${name}`);
        tried++;
      }
    }
    assert.ok(tried > 300);
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at < 0 ? copy.length + at : at]! ^= 0xff;
  return copy;
}

test("good files are read: gzip, bzip2, several streams, slightly longer than declared", async (t) => {
  const { folder } = workplace(t);
  for (const [name, bytes, notices] of [
    ["a.mrc.gz", gzipSync(good()), 0],
    ["a.mrc.bz2", goodBzip2, 0],
    ["two.mrc.bz2", bzip2InTwo, 0],
    ["more.mrc.gz", gzipSync(Buffer.concat([good(), zeros(12)])), 1],
  ] as const) {
    const file = path.join(folder, name);
    writeFileSync(file, bytes);
    const mrc = await e2.formats.openMrc(file);
    assert.deepEqual([...(await mrc.readSections(0, 2))], [0, 1, 2, 3, 4, 5, 6, 7], name);
    assert.equal(mrc.warnings.length, notices, name);
    await mrc.close();
  }
});

describe("stopping", () => {
  test("a signal aborted before or during decompression stops at the next part", async (t) => {
    const { folder } = workplace(t);
    const [gzip, bzip2] = ["a.gz", "a.bz2"].map((name) => path.join(folder, name)) as [string, string];
    writeFileSync(gzip, gzipSync(Buffer.concat([promising(1 << 20), zeros(16e6)])));
    writeFileSync(bzip2, bzip2Bomb);
    for (const file of [gzip, bzip2]) {
      await assert.rejects(e2.formats.openMrc(file, { signal: AbortSignal.abort() }), e2.StoppedError);
      const controller = new AbortController();
      const expectedBytes = () => {
        controller.abort();
        return file === bzip2 ? 4e8 : 1.6e7;
      };
      const opening = openSource(file, { memoryLimit: 1e5, signal: controller.signal, expectedBytes });
      await assert.rejects(opening, e2.StoppedError);
    }
  });

  for (const signal of ["SIGTERM", "SIGINT", "SIGKILL"] as const) {
    test(`a process ended by ${signal} with a decompressed file leaves nothing in the temporary folder`, async (t) => {
      const { folder, temporary } = workplace(t);
      const file = path.join(folder, "a.gz");
      writeFileSync(file, gzipSync(zeros(3e6)));
      const source = require.resolve("e2gmm/dist/formats/fileSource");
      const script = `require(${JSON.stringify(source)}).openSource(${JSON.stringify(file)}, { memoryLimit: 1000 })
        .then((s) => { console.log(s.size); setInterval(() => s.size, 1000); })`;
      const child = spawn(process.execPath, ["-e", script], { env: { ...process.env, TMPDIR: temporary } });
      const ended = new Promise((resolve) => child.on("exit", (_, by) => resolve(by)));
      await new Promise((resolve) => child.stdout.once("data", resolve));
      child.kill(signal);
      assert.equal(await ended, signal);
      assert.deepEqual(readdirSync(temporary), []);
    });
  }
});
