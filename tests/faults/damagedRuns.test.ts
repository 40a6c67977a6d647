import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import { beforeAll, describe, test } from "vitest";
import {
  type Change,
  fieldsOf,
  mutated,
  ofAnyFile,
  ofFree,
  ofTables,
  ofWeights,
  otherValues,
  put,
  taken,
  text,
  withField,
} from "./runDamages";
import { type SmallProject, smallProject } from "./smallRun";

/**
 * A damaged run is refused with an error that names the file, or read with the same result. All damages are tried on a
 * current run and on one of an earlier version, which has no checksums.
 */

let project: SmallProject;
let known: { [version: string]: Contents };
beforeAll(async () => {
  project = await smallProject();
  const map = await e2.maps.read(folderOf("consensus.mrc"));
  const mask = folderOf("mask.mrc");
  await e2.maps.write(mask, { ...map, data: map.data.map((_, i) => (i % 32 >= 14 ? 1 : 0)) });
  const settings = project.settings("now", { starts: 2, epochs: 2, coarseEpochs: 1 });
  const run = await e2.training.trainInThisThread({ ...settings, mask });
  run.close();
  makeEarlier(folderOf("now"), folderOf("earlier"));
  known = { now: await contents(folderOf("now")), earlier: await contents(folderOf("earlier")) };
});

const folderOf = (name: string) => path.join(project.folder, name);

/** All contents of a run. */
type Contents = Awaited<ReturnType<typeof contents>>;
async function contents(folder: string) {
  const run = await e2.training.Run.open(folder);
  try {
    // Paths may be edited, and checksums may be missing.
    const { inputs: _, checksum: _checksum, files: _files, inputFiles: _inputFiles, ...record } = run.record;
    const { encoder, refined, standardDeviation } = await run.latents();
    const arrays = [encoder, refined, standardDeviation, run.decode([0.5]).params, run.neutralFrc];
    return {
      record,
      history: run.history,
      neutral: run.neutral,
      free: run.free,
      arrays: arrays.map((a) => [...a]),
    };
  } finally {
    run.close();
  }
}

/** Outcomes: refused, or read with the same result. */
const tally = { refused: 0, same: 0 };

/** Reads a copy of a run with a changed file, or without it if the change returns undefined. */
async function damaged(
  version: "now" | "earlier",
  file: string,
  change: Change,
  name: string,
): Promise<void> {
  const folder = folderOf("damaged");
  rmSync(folder, { recursive: true, force: true });
  cpSync(folderOf(version), folder, { recursive: true });
  const target = path.join(folder, file);
  const content = change(readFileSync(target));
  if (content === undefined) rmSync(target);
  else writeFileSync(target, content);
  const what = `${version}: ${file}: ${name}`;
  let read: Contents;
  try {
    read = await contents(folder);
  } catch (error) {
    assert.ok(error instanceof e2.InputError, `${what}: ${(error as Error).stack}`);
    assert.ok(error.message.startsWith(folder), `${what}: ${error.message}`);
    assert.doesNotMatch(error.message, /\n|undefined|\[object/, what);
    tally.refused++;
    return;
  }
  assert.deepEqual(read, known[version], what);
  tally.same++;
}

/** Rewrites a run as an earlier version did: no checksums, no record of input files, history only in its table. */
function makeEarlier(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  const record = JSON.parse(readFileSync(path.join(to, "run.json"), "utf8")) as e2.training.RunRecord;
  const added = [
    "checksum",
    "files",
    "inputFiles",
    "detail",
    "schedule",
    "evidence",
    "poses",
    "fit",
  ] as const;
  for (const name of added) delete record[name];
  writeFileSync(path.join(to, "run.json"), JSON.stringify(record));
  const file = path.join(to, "weights.safetensors");
  const all = taken(readFileSync(file));
  const at = JSON.parse(all.metadata["checkpoint"]!);
  for (const name of ["history", "latents"]) delete at[name];
  all.metadata = { checkpoint: JSON.stringify(at) };
  // Places of the training, and how places are found, come last.
  const begin = all.header["places"]!.data_offsets[0];
  const later = Object.keys(all.header).filter((name) => all.header[name]!.data_offsets[0] >= begin);
  assert.ok(
    later.every((name) => name === "places" || name.startsWith("placing.")),
    `${later}`,
  );
  for (const name of later) delete all.header[name];
  all.data = all.data.subarray(0, begin);
  writeFileSync(file, put(all));
}

async function table(
  version: "now" | "earlier",
  file: string,
  damages: readonly [name: string, change: Change][],
  expected?: RegExp,
): Promise<void> {
  for (const [name, change] of damages) {
    const refused = tally.refused;
    await damaged(version, file, change, name);
    if (expected !== undefined && !expected.test(name)) {
      assert.equal(tally.refused, refused + 1, `${version}: ${file}: ${name} was not noticed`);
    }
  }
}

/** Names of damages that leave the same numbers for the same particles; the last column follows from others. */
const harmless = /^(with a byte|Windows line|rows swapped|rows reversed|columns swapped|a column missing)/;

describe("a damaged run folder is refused by the name of the file, or read with the same result", () => {
  for (const version of ["now", "earlier"] as const) {
    test(`${version}: latents.csv`, () =>
      table(version, "latents.csv", [...ofAnyFile, ...ofTables], harmless));
    test(`${version}: neutral_frc.csv`, () =>
      table(
        version,
        "neutral_frc.csv",
        [...ofAnyFile, ...ofTables],
        /^(with a byte|Windows line|columns swapped)/,
      ));
    test(`${version}: history.csv`, () =>
      table(version, "history.csv", version === "now" ? [...ofAnyFile, ...ofTables] : []));
    test(`${version}: neutral.txt`, () =>
      table(version, "neutral.txt", ofAnyFile, /^(with a byte|Windows line)/));
    test(`${version}: weights.safetensors`, () =>
      table(
        version,
        "weights.safetensors",
        [...ofAnyFile, ...ofWeights],
        /^(Windows line|latent\..* of another shape)/,
      ));
    test(`${version}: free.txt`, () =>
      table(version, "free.txt", [...ofAnyFile, ...ofFree], /^(with a byte|Windows line)/));
    test(`${version}: run.json, whole`, () =>
      table(
        version,
        "run.json",
        ofAnyFile,
        /^(with a byte|Windows line|without its last 3|with trailing data)/,
      ));
    test(`${version}: run.json, every field`, async () => {
      const json = readFileSync(path.join(folderOf(version), "run.json"), "utf8");
      const damages = fieldsOf(JSON.parse(json)).flatMap((field) =>
        otherValues.map(([name, value]): [string, Change] => [
          `${field.join(".")} ${name}`,
          text((whole) => withField(whole, field, value)),
        ]),
      );
      const counted = { ...tally };
      for (const [name, change] of damages) await damagedField(version, change, name);
      assert.ok(tally.refused - counted.refused > 200, `${tally.refused - counted.refused} refused`);
    });
  }

  test("bytes changed at random, in every file", async () => {
    const random = new e2.Random(11);
    for (const file of [
      "run.json",
      "weights.safetensors",
      "latents.csv",
      "neutral.txt",
      "neutral_frc.csv",
      "history.csv",
    ]) {
      assert.ok(existsSync(path.join(folderOf("now"), file)));
      for (let i = 0; i < 60; i++) {
        await damaged("now", file, (bytes) => mutated(bytes, random), `mutation ${i}`);
      }
    }
  });

  test("counts", () => {
    console.log(
      `${tally.refused + tally.same} damages: ${tally.refused} refused, ${tally.same} read as they were`,
    );
    assert.ok(tally.refused + tally.same > 1000);
  });
});

/** A changed field that is still valid is a different run of an earlier version; in current runs the checksum detects it. */
async function damagedField(version: "now" | "earlier", change: Change, name: string): Promise<void> {
  const editable = /^(inputs\.|program\.|started|options\.|starts|lastRing|batchThatFitted)/;
  if (version === "now" || !editable.test(name)) return damaged(version, "run.json", change, name);
  const before = known[version]!;
  await damaged(version, "run.json", change, name).catch((error) => {
    if (error.code !== "ERR_ASSERTION" || error.actual?.record === undefined) throw error;
    assert.deepEqual(error.actual.arrays, before.arrays, name);
  });
}
