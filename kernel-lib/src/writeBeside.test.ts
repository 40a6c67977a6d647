import assert from "node:assert/strict";
import { linkSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "./testing";
import { isSameFile, PassingFile, writeBeside } from "./writeBeside";

test("a file appears with all of its parts, in their order, and nothing else stays", async (t) => {
  const folder = temporaryFolder(t);
  const target = path.join(folder, "table.txt");
  const large = new Uint8Array(5 << 20).fill(65);
  await writeBeside(target, async (write) => {
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

test("what fails on the way leaves the old file and no other", async (t) => {
  const folder = temporaryFolder(t);
  const target = path.join(folder, "table.txt");
  await writeBeside(target, "old");
  const failing = writeBeside(target, async (write) => {
    await write(Buffer.from("new"));
    throw new Error("no more");
  });
  await assert.rejects(failing, /no more/);
  assert.equal(readFileSync(target, "utf8"), "old");
  assert.deepEqual(readdirSync(folder), ["table.txt"]);
});

test("a place in the file is written again without moving its end", async (t) => {
  const target = path.join(temporaryFolder(t), "file");
  const file = await PassingFile.create(target);
  await file.append(Buffer.from("....body"));
  await file.writeAt(Buffer.from("head"), 0);
  await file.append(Buffer.from("tail"));
  await file.keep();
  await file.drop();
  assert.equal(readFileSync(target, "utf8"), "headbodytail");
});

test("one file is known under several names", async (t) => {
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
