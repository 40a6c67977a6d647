import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import * as e2 from "e2gmm";
import type { GaussianModel } from "e2gmm/dist/model/gaussianModel";
import { formatModelPdb, parseModelPdb } from "e2gmm/dist/model/pdb";
import { formatModelText, parseModelText } from "e2gmm/dist/model/text";
import { test } from "vitest";
import { mrcBytes } from "../../kernel-lib/src/formats/mrc.test.helper";
import { temporaryFolder } from "../testing";

/** Files with random damage are either read or refused with one error message, and never allocate much more than their size. */

const words = [
  0,
  -1,
  1,
  2,
  4,
  80,
  127,
  1 << 14,
  1 << 20,
  1 << 27,
  2 ** 31 - 1,
  -(2 ** 31),
  0x44440000,
  20140,
];
const floats = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-40, 1e38, -1e38, 1, -8, 90];
const texts = [
  "nan",
  "inf",
  "-1",
  "0",
  "1e9",
  "1e309",
  "1e-320",
  "1000000000",
  "",
  "0x10",
  "1,5",
  "\0",
  "é",
  "64.5",
  "#",
];

const pick = <T>(random: e2.Random, list: readonly T[]): T =>
  list[Math.floor(random.uniform() * list.length)]!;
const below = (random: e2.Random, n: number) => Math.floor(random.uniform() * n);

/** Whether a file was read rather than refused. Any error but an InputError fails the test. */
async function isRead<T>(
  what: string,
  read: () => T | Promise<T>,
  check: (result: T) => void,
): Promise<boolean> {
  let result: T;
  try {
    result = await read();
  } catch (error) {
    assert.ok(error instanceof e2.InputError, `${what}: ${(error as Error).stack}`);
    assert.doesNotMatch(error.message, /undefined|\[object/, what);
    assert.ok(error.message.length < 600, `${what}: ${error.message}`);
    return false;
  }
  check(result);
  return true;
}

/** Reports the numbers of files that were read and refused; both must occur. */
function report(cases: number, read: number): void {
  console.log(`${cases} files, ${read} read, ${cases - read} refused`);
  assert.ok(read > 0 && read < cases);
}

const memory = () => process.memoryUsage().arrayBuffers;
const maxMemory = 2 ** 27;

test("MRC files with damaged headers", async (t) => {
  const random = new e2.Random(1);
  const file = path.join(temporaryFolder(t), "a.mrc");
  const before = memory();
  const cases = 4000;
  let read = 0;
  for (let i = 0; i < cases; i++) {
    const mode = pick(random, [0, 1, 2, 6, 12]);
    const values = Array.from({ length: 6 * 5 * 7 }, () => below(random, 100));
    let bytes = mrcBytes({ size: [6, 5, 7], mode, values, bigEndian: i % 5 === 0 });
    const changes = 1 + below(random, 3);
    for (let c = 0; c < changes; c++) {
      const at = 4 * below(random, c === 0 ? 60 : 256);
      const kind = below(random, 4);
      if (kind === 0) bytes.writeInt32LE(pick(random, words), at);
      else if (kind === 1) bytes.writeInt32BE(pick(random, words), at);
      else if (kind === 2) bytes.writeFloatLE(pick(random, floats), at);
      else bytes[at + below(random, 4)] = below(random, 256);
    }
    if (i % 7 === 0) bytes = bytes.subarray(0, below(random, bytes.length));
    if (i % 11 === 0) bytes = Buffer.concat([bytes, Buffer.alloc(below(random, 3000), below(random, 256))]);
    writeFileSync(file, bytes);
    const check = ({ data, size, apix, origin }: e2.maps.Volume) => {
      assert.equal(data.length, size[0] * size[1] * size[2]);
      assert.ok(
        data.every(Number.isFinite) && apix > 0 && Number.isFinite(apix) && origin!.every(Number.isFinite),
      );
    };
    if (await isRead(`case ${i}`, () => e2.maps.read(file), check)) read++;
    assert.ok(memory() - before < maxMemory, `case ${i}`);
  }
  report(cases, read);
});

for (const packing of ["gzip", "bzip2"] as const) {
  test(`${packing} files with damaged bytes`, async (t) => {
    const random = new e2.Random(2);
    const file = path.join(temporaryFolder(t), "a.mrc");
    const before = memory();
    const good =
      packing === "gzip" ? gzipSync(mrcBytes({ size: [4, 4, 4], values: Array(64).fill(3) })) : bzip2;
    const cases = packing === "gzip" ? 2000 : 400;
    let read = 0;
    for (let i = 0; i < cases; i++) {
      const bytes = Buffer.from(good);
      for (let c = 0; c <= i % 3; c++) bytes[4 + below(random, bytes.length - 4)]! ^= 1 << below(random, 8);
      writeFileSync(file, bytes);
      const opened = async () => {
        const mrc = await e2.formats.openMrc(file);
        await mrc.close();
        return mrc.size;
      };
      if (await isRead(`case ${i}`, opened, () => undefined)) read++;
      assert.ok(memory() - before < maxMemory, `case ${i}`);
    }
    console.log(`${cases} files, ${read} read, ${cases - read} refused`);
    assert.ok(read < cases / 2);
  });
}

/** 2×2×2 voxels of mode 2, packed by Python's bz2 module. */
const bzip2 = Buffer.from(
  "QlpoOTFBWSZTWUUn4KwAACjeXfgIQACAAPQCQABIAEAABABAAEAAAAggAFRCZDQA0eoJT1JNBpkASfZJekFaylrMwAilxJCIlDZohw8shRVH8F6D04AYzL4u5IpwoSCKT8FY",
  "base64",
);

function model(count: number, random: e2.Random): GaussianModel {
  const params = Float32Array.from({ length: 5 * count }, (_, i) => {
    if (i < 3 * count) return random.uniform() - 0.5;
    return i < 4 * count ? random.normal() : 0.5 + random.uniform();
  });
  return { count, params, boxSize: 64, apix: 1.5, origin: [-12, 3.5, 0.25] };
}

const replaced = (fields: string[], at: number, by: string) =>
  fields.map((field, i) => (i === at ? by : field)).join(" ");

function damaged(text: string, random: e2.Random): string {
  const lines = text.split("\n");
  for (let c = 0; c <= below(random, 3); c++) {
    const at = below(random, lines.length);
    const line = lines[at]!;
    const fields = line.split(" ");
    const kind = below(random, 6);
    if (kind === 0) lines.splice(at, 1);
    else if (kind === 1) lines.splice(at, 0, line);
    else if (kind === 2) lines[at] = line.slice(0, below(random, line.length + 1));
    else if (kind === 3) lines[at] = replaced(fields, below(random, fields.length), pick(random, texts));
    else if (kind === 4) lines.splice(at, 0, lines[below(random, lines.length)]!);
    else lines[at] = line.replace(/\d/, String.fromCharCode(below(random, 128)));
  }
  return lines.join("\n");
}

function checkModel({ count, params, boxSize, apix, origin = [0, 0, 0] }: GaussianModel): void {
  assert.equal(params.length, 5 * count);
  assert.ok(params.every(Number.isFinite) && origin.every(Number.isFinite));
  assert.ok(params.subarray(4 * count).every((sigma) => sigma > 0));
  assert.ok(Number.isInteger(boxSize) && boxSize > 0 && boxSize <= 16384 && apix > 0 && apix <= 10_000);
}

test("models as text with damaged lines", async () => {
  const random = new e2.Random(3);
  const good = formatModelText(model(20, random));
  const cases = 10_000;
  let read = 0;
  for (let i = 0; i < cases; i++) {
    const text = damaged(good, random);
    if (await isRead(text, () => parseModelText(text, "m.txt"), checkModel)) read++;
  }
  report(cases, read);
});

test("models as PDB with damaged lines", async () => {
  const random = new e2.Random(4);
  const [exact, atoms] = [true, false].map((exact) =>
    formatModelPdb([model(6, random), model(6, random)], { exact }),
  ) as [string, string];
  const before = memory();
  const cases = 10_000;
  let read = 0;
  for (let i = 0; i < cases; i++) {
    const text = damaged(i % 2 === 0 ? exact : atoms, random);
    const check = (models: GaussianModel[]) => models.forEach(checkModel);
    if (await isRead(text, () => parseModelPdb(text, "m.pdb"), check)) read++;
    assert.ok(memory() - before < maxMemory, text);
  }
  report(cases, read);
});

test("impossible boxes and numbers in model files are refused", async () => {
  const cases: [text: string, message: RegExp][] = [
    ["REMARK 999 BOX 1000000000", /m\.pdb: line 1: expected model, box size, Å per pixel/],
    ["REMARK 999 BOX 1000000000 64 1.5", /line 1: expected model 1 next, found model 1000000000/],
    [
      "REMARK 999 BOX 1 1000000000 1.5",
      /line 1: expected a positive whole number, at most 16384, for box_size/,
    ],
    ["REMARK 999 BOX 1 64 0", /line 1: expected a length from 0\.01 to 10000 Å for apix, found 0/],
    ["REMARK 999 BOX 0 64 1.5", /line 1: expected model 1 next/],
    ["REMARK 999 BOX 1 64.5 1.5", /line 1: expected a positive whole number/],
    ["REMARK 999 GAUSSIAN 1 1 0 0 0 1 1", /line 1: expected a BOX remark of its model first/],
    [
      "REMARK 999 BOX 1 64 1.5\nREMARK 999 GAUSSIAN 1 2 0 0 0 1 1",
      /line 2: expected Gaussian 1 of model 1 next, found 2/,
    ],
    ["REMARK 999 BOX 1 64 1.5\nREMARK 999 GAUSSIAN 1 1 0 0 0 1 0", /line 2: expected a sigma above 0/],
    ["REMARK 999 BOX 1 64 1.5\nREMARK 999 ORIGIN 1 0 0 1e30", /line 2: expected an origin of three numbers/],
  ];
  for (const [text, message] of cases) assert.throws(() => parseModelPdb(text, "m.pdb"), message, text);
  for (const [header, message] of [
    ["# box_size 1000000000\n# apix 1", /m\.txt: line 1: expected a positive whole number, at most 16384/],
    ["# box_size 64\n# apix 1e-30", /line 2: expected a length from 0\.01/],
    ["# box_size 64\n# apix 1.5\n# box_size 32", /line 3: expected 64 as in an earlier line, found 32/],
    ["# box_size 64\n# apix 1.5\n# origin 1 2", /line 3: expected an origin of three numbers/],
    ["# box_size 64\n# apix 1.5\n# origin 1 2 inf", /line 3: expected an origin of three numbers/],
  ] as const) {
    assert.throws(() => parseModelText(`${header}\n0 0 0 1 1\n`, "m.txt"), message, header);
  }
  const plain = parseModelText(
    "# origin of this file: a friend\n# box_size 64\n# apix 1.5\n0 0 0 1 1\n",
    "m.txt",
  );
  assert.equal(plain.origin, undefined, "comments are ignored");
});
