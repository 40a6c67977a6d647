import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { writeAtomic } from "../atomicWrite";
import { setOfSelection } from "../particles/tilts/optimisationSet";
import { Outputs } from "./outputs";

test("outputs are renamed together: if one fails, new files are removed and existing ones restored", async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string) => path.join(folder, name);
  writeFileSync(at("old.txt"), "old");
  const targets = ["old.txt", "new.txt", "bad.txt"].map(at);
  const outputs = await Outputs.files(targets, []);
  for (const target of targets) await writeAtomic(outputs.place(target), "written");
  // A folder that was created meanwhile blocks the last one.
  mkdirSync(at("bad.txt"));
  await assert.rejects(outputs.keep(), /^InputError: .*bad\.txt: this is a folder$/);
  await outputs.drop();
  assert.deepEqual(readdirSync(folder).sort(), ["bad.txt", "old.txt"]);
  assert.equal(readFileSync(at("old.txt"), "utf8"), "old");
});

test("kept outputs leave no other files, also if an existing file was removed meanwhile", async (t) => {
  const folder = temporaryFolder(t);
  const targets = ["a", "b", "c"].map((name) => path.join(folder, name));
  for (const target of targets.slice(0, 2)) writeFileSync(target, "old");
  const outputs = await Outputs.files(targets, []);
  for (const target of targets) await writeAtomic(outputs.place(target), "new");
  rmSync(targets[1]!);
  await outputs.keep();
  await outputs.drop();
  assert.deepEqual(readdirSync(folder), ["a", "b", "c"]);
  for (const target of targets) assert.equal(readFileSync(target, "utf8"), "new");
});

test("an output through a symbolic link replaces its target, with the same permissions", async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string) => path.join(folder, name);
  mkdirSync(at("far"));
  writeFileSync(at("far/file"), "old");
  chmodSync(at("far/file"), 0o600);
  symlinkSync("far/file", at("link"));
  const outputs = await Outputs.files([at("link")], []);
  await writeAtomic(outputs.place(at("link")), "new");
  await outputs.keep();
  assert.equal(readFileSync(at("far/file"), "utf8"), "new");
  assert.equal(statSync(at("far/file")).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder).sort(), ["far", "link"]);
  assert.deepEqual(readdirSync(at("far")), ["file"]);
  await assert.rejects(
    Outputs.files([at("far")], []),
    /far: expected the name of a file, found a folder or device/,
  );
});

test("the optimisation set of a selection is kept and dropped with its particles", async (t) => {
  const folder = temporaryFolder(t);
  const chosen = path.join(folder, "chosen.star");
  for (const outcome of ["drop", "keep"] as const) {
    const outputs = await Outputs.files([chosen], []);
    const partial = outputs.place(chosen);
    for (const file of [partial, setOfSelection(partial)]) writeFileSync(file, "data_\n");
    await outputs[outcome]();
    await outputs.drop();
    const expected = outcome === "keep" ? ["chosen.star", "chosen_optimisation_set.star"] : [];
    assert.deepEqual(readdirSync(folder).sort(), expected);
  }
});
