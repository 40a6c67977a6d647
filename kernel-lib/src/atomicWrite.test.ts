import assert from "node:assert/strict";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../tests/testing";
import { AtomicFile, isSameFile, writeAtomic } from "./atomicWrite";

test("a file is written in parts, in order, and leaves no temporary file", async (t) => {
  const folder = temporaryFolder(t);
  const target = path.join(folder, "table.txt");
  const large = new Uint8Array(5 << 20).fill(65);
  await writeAtomic(target, async (write) => {
    await write(Buffer.from("first "));
    await write(large);
    await write(Buffer.from(" last"));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name === "table.txt"),
      [],
    );
  });
  const text = readFileSync(target, "latin1");
  assert.equal(text.length, large.length + 11);
  assert.match(text, /^first A+ last$/);
  assert.deepEqual(readdirSync(folder), ["table.txt"]);
});

test("a failed write keeps the old file and leaves no temporary file", async (t) => {
  const folder = temporaryFolder(t);
  const target = path.join(folder, "table.txt");
  await writeAtomic(target, "old");
  const failing = writeAtomic(target, async (write) => {
    await write(Buffer.from("new"));
    throw new Error("no more");
  });
  await assert.rejects(failing, /no more/);
  assert.equal(readFileSync(target, "utf8"), "old");
  assert.deepEqual(readdirSync(folder), ["table.txt"]);
});

test("bytes are overwritten without moving the append position", async (t) => {
  const target = path.join(temporaryFolder(t), "file");
  const file = await AtomicFile.create(target);
  await file.append(Buffer.from("....body"));
  await file.writeAt(Buffer.from("head"), 0);
  await file.append(Buffer.from("tail"));
  await file.commit();
  await file.discard();
  assert.equal(readFileSync(target, "utf8"), "headbodytail");
});

test("several names of one file are recognised", async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string) => path.join(folder, name);
  writeFileSync(at("a"), "");
  writeFileSync(at("b"), "");
  symlinkSync(at("a"), at("symbolic"));
  linkSync(at("a"), at("hard"));
  assert.equal(await isSameFile(at("a"), at("symbolic")), true);
  assert.equal(await isSameFile(at("a"), at("hard")), true);
  assert.equal(await isSameFile(at("a"), path.join(folder, "x", "..", "a")), true);
  assert.equal(await isSameFile(at("a"), at("b")), false);
  assert.equal(await isSameFile(at("a"), at("missing")), false);
});

test("symbolic links, also dangling ones, are kept and their targets written", async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string) => path.join(folder, name);
  mkdirSync(at("far"));
  writeFileSync(at("far/file"), "old");
  symlinkSync("far/file", at("one"));
  symlinkSync(at("one"), at("two"));
  symlinkSync("far/new", at("dangling"));
  for (const name of ["two", "dangling"]) {
    await writeAtomic(at(name), name);
    assert.ok(lstatSync(at(name)).isSymbolicLink());
  }
  assert.equal(readFileSync(at("far/file"), "utf8"), "two");
  assert.equal(readFileSync(at("far/new"), "utf8"), "dangling");
  assert.deepEqual(readdirSync(at("far")), ["file", "new"]);
  symlinkSync("circle", at("circle"));
  await assert.rejects(
    writeAtomic(at("circle"), "x"),
    /circle: expected the name of a file, found symbolic links/,
  );
});

test("a replaced file keeps its permissions, also during the write; a new one has the default ones", async (t) => {
  const folder = temporaryFolder(t);
  const target = path.join(folder, "secret");
  const usual = 0o666 & ~process.umask();
  const rights = (file: string) => statSync(file).mode & 0o777;
  await writeAtomic(target, "new");
  assert.equal(rights(target), usual);
  for (const mode of [0o600, 0o640, 0o400, 0o755]) {
    chmodSync(target, mode);
    await writeAtomic(target, async (write) => {
      await write(Buffer.from("text"));
      for (const name of readdirSync(folder)) assert.equal(rights(path.join(folder, name)), mode, name);
    });
    assert.equal(rights(target), mode);
  }
});

test("folders and devices are not replaced", async (t) => {
  const folder = temporaryFolder(t);
  await assert.rejects(
    writeAtomic(folder, "x"),
    /^InputError: .*: expected the name of a file, found a folder/,
  );
  await assert.rejects(
    writeAtomic("/dev/null", "x"),
    /^InputError: \/dev\/null: expected the name of a file/,
  );
  await assert.rejects(writeAtomic(path.join(folder, "no/file"), "x"), /no\/file: no such file or folder$/);
  assert.deepEqual(readdirSync(folder), []);
});
