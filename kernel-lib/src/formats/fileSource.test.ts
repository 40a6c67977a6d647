import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { openSource } from "./fileSource";

test("a gzip file too large for memory is decompressed to a temporary file that is freed on closing", async (t) => {
  const folder = temporaryFolder(t);
  const temporary = path.join(folder, "tmp");
  mkdirSync(temporary);
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = temporary;
  t.onTestFinished(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  });
  const bytes = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) >> 3));
  const file = path.join(folder, "a.gz");
  writeFileSync(file, gzipSync(bytes));
  const source = await openSource(file, { memoryLimit: 100_000 });
  assert.deepEqual(readdirSync(temporary), [], "it has no name: nothing is left however the process ends");
  assert.equal(source.size, bytes.length);
  assert.deepEqual(await source.read(150_000, 1000), bytes.subarray(150_000, 151_000));
  await source.close();
  assert.deepEqual(readdirSync(temporary), []);

  const damaged = gzipSync(bytes);
  writeFileSync(file, damaged.subarray(0, damaged.length - 20));
  await assert.rejects(openSource(file, { memoryLimit: 100_000 }), InputError);
  assert.deepEqual(readdirSync(temporary), [], "nothing is left of a damaged one");
});

test("reading past the end returns fewer bytes", async (t) => {
  const file = path.join(temporaryFolder(t), "a");
  writeFileSync(file, "abcdef");
  const source = await openSource(file);
  t.onTestFinished(() => source.close());
  assert.equal((await source.read(4, 10)).toString(), "ef");
  assert.equal((await source.read(9, 10)).length, 0);
});
