import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, test } from "vitest";
import { type TestBench, testBench } from "../explorer/explorer.test.helper";
import { trainInThisThread } from "../training/train";
import { settingsOf } from "./projectRuns";

let bench: TestBench;

beforeAll(async () => {
  bench = await testBench();
  (await trainInThisThread(bench.settings)).close();
});
afterAll(() => bench.end());

test("settings of a second round name its particles, also those that were given as numbers", async () => {
  // Without its checksum, as those of early versions are, a record may be edited
  const { checksum: _, inputFiles: _files, ...record } = JSON.parse(readFileSync("run/run.json", "utf8"));
  const roundWith = async (selection?: object) => {
    const from = { run: bench.at("first"), started: record.started, axes: "fixed", inherited: 0, selection };
    writeFileSync("run/run.json", JSON.stringify({ ...record, from }));
    const settings = await settingsOf("run");
    assert.deepEqual([settings.from, settings.particles], [bench.at("first"), undefined]);
    return settings.select;
  };
  assert.equal(await roundWith(), undefined);
  assert.equal(await roundWith({ count: 96, of: 200, file: "/data/set_1.txt" }), "/data/set_1.txt");
  assert.equal(await roundWith({ count: 96, of: 200 }), bench.at("run/selection.txt"));
});
