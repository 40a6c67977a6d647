import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { InputError, Random, Run, type RunRecord, readMap, trainInThisThread, writeMap } from "e2gmm";
import { type SmallProject, smallProject } from "./smallRun";

/**
 * A damaged run is refused with an error that names the file, or it is read as if it were not damaged. Damages of the
 * table are tried on a run as it is written now, and on one of an earlier version, which has no checksums.
 */

let project: SmallProject;
let known: { [version: string]: Contents };
before(async () => {
  project = await smallProject();
  const map = await readMap(folderOf("consensus.mrc"));
  const mask = folderOf("mask.mrc");
  await writeMap(mask, { ...map, data: map.data.map((_, i) => (i % 32 >= 14 ? 1 : 0)) });
  const settings = project.settings("now", { starts: 2, epochs: 2, coarseEpochs: 1 });
  const run = await trainInThisThread({ ...settings, mask });
  run.close();
  makeEarlier(folderOf("now"), folderOf("earlier"));
  known = { now: await contents(folderOf("now")), earlier: await contents(folderOf("earlier")) };
});

const folderOf = (name: string) => path.join(project.folder, name);

/** Everything that is read from a run. */
type Contents = Awaited<ReturnType<typeof contents>>;
async function contents(folder: string) {
  const run = await Run.open(folder);
  try {
    // Paths may be edited; checksums need not be there.
    const { inputs: _, checksum: _checksum, files: _files, inputFiles: _inputFiles, ...record } = run.record;
    const { encoder, refined, deviation } = await run.latents();
    const places = [encoder, refined, deviation, run.decode([0.5]).params, run.neutralFrc].map((a) => [...a]);
    return { record, history: run.history, neutral: run.neutral, free: run.free, places };
  } finally {
    run.close();
  }
}

type Change = (bytes: Buffer, file: string) => Buffer | string | undefined;
/** What came of damages: refused, or read as the same run. */
const tally = { refused: 0, same: 0 };

/** Reads a copy of a run in which a file was changed (removed, where the change gives undefined). */
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
  const content = change(readFileSync(target), target);
  if (content === undefined) rmSync(target);
  else writeFileSync(target, content);
  const what = `${version}: ${file}: ${name}`;
  let read: Contents;
  try {
    read = await contents(folder);
  } catch (error) {
    assert.ok(error instanceof InputError, `${what}: ${(error as Error).stack}`);
    assert.ok(error.message.startsWith(folder), `${what}: ${error.message}`);
    assert.doesNotMatch(error.message, /\n|undefined|\[object/, what);
    tally.refused++;
    return;
  }
  assert.deepEqual(read, known[version], what);
  tally.same++;
}

const text =
  (change: (text: string) => string): Change =>
  (bytes) =>
    change(bytes.toString("utf8"));
const lines = (change: (lines: string[]) => string[]): Change =>
  text((whole) => `${change(whole.trimEnd().split("\n")).join("\n")}\n`);

/** Damages that any file may have. */
const ofAnyFile: [name: string, change: Change][] = [
  ["missing", () => undefined],
  ["empty", () => ""],
  ["a page of HTML", () => "<!DOCTYPE html>\n<html><body>Log in</body></html>\n"],
  ["zeros", (bytes) => Buffer.alloc(bytes.length)],
  ["packed", (bytes) => gzipSync(bytes)],
  ["its first half", (bytes) => bytes.subarray(0, bytes.length >> 1)],
  ["its second half", (bytes) => bytes.subarray(bytes.length >> 1)],
  ["without its last 3 bytes", (bytes) => bytes.subarray(0, -3)],
  ["twice", (bytes) => Buffer.concat([bytes, bytes])],
  ["with something behind it", (bytes) => Buffer.concat([bytes, Buffer.from("7\n")])],
  ["with a byte-order mark", (bytes) => Buffer.concat([Buffer.from("\ufeff"), bytes])],
  ["lines ending as on Windows", text((whole) => whole.replaceAll("\n", "\r\n"))],
];

/** Damages of a table: `row` is one of its lines. */
const ofTables: [name: string, change: Change][] = [
  ["a row missing", lines(([head, _, ...rest]) => [head!, ...rest])],
  ["the last row missing", lines((all) => all.slice(0, -1))],
  ["a row twice", lines(([head, row, ...rest]) => [head!, row!, row!, ...rest])],
  ["a row in the place of another", lines(([head, a, _, ...rest]) => [head!, a!, a!, ...rest])],
  ["rows swapped", lines(([head, a, b, ...rest]) => [head!, b!, a!, ...rest])],
  ["rows backwards", lines(([head, ...rest]) => [head!, ...rest.reverse()])],
  ["no head", lines((all) => all.slice(1))],
  ["a column missing", lines((all) => all.map((line) => line.replace(/,[^,]*$/, "")))],
  ["columns swapped", lines((all) => all.map((line) => line.split(",").reverse().join(",")))],
  ["a column twice", lines((all) => all.map((line) => line.replace(/,([^,]*)$/, ",$1,$1")))],
  ["semicolons", text((whole) => whole.replaceAll(",", ";"))],
  ["an empty line", lines(([head, ...rest]) => [head!, "", ...rest])],
  ...["nan", "NaN", "inf", "1e999", "", "0x10", "1,5", "abc", "-"].map((value): [string, Change] => [
    `"${value}" for a number`,
    lines((all) => all.map((line, i) => (i === 2 ? line.replace(/[^,]*$/, value) : line))),
  ]),
  ...["-1", "0.5", "1000000", "1e9", ""].map((value): [string, Change] => [
    `"${value}" in the first column`,
    lines((all) => all.map((line, i) => (i === 2 ? line.replace(/^[^,]*/, value) : line))),
  ]),
];

/** Every field of a value, by its path. */
function fieldsOf(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [at];
  const inner = Object.entries(value).flatMap(([name, field]) => fieldsOf(field, [...at, name]));
  return at.length === 0 ? inner : [at, ...inner];
}

/** What may stand in the place of a field. */
const otherValues: [name: string, value: unknown][] = [
  ["missing", undefined],
  ["null", null],
  ["text", "x"],
  ["-1", -1],
  ["0", 0],
  ["a fraction", 2.5],
  ["huge", 1e300],
  ["an empty list", []],
  ["an empty object", {}],
  ["true", true],
];

function withField(json: string, [...at]: string[], value: unknown): string {
  const whole = JSON.parse(json);
  const last = at.pop()!;
  const holder = at.reduce((object, name) => object[name], whole);
  if (value === undefined && Array.isArray(holder)) holder.splice(Number(last), 1);
  else if (value === undefined) delete holder[last];
  else holder[last] = value;
  return JSON.stringify(whole, null, 2);
}

/** A safetensors file in its parts, and put together again. */
interface Parts {
  header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  metadata: Record<string, string>;
  data: Buffer;
}
function taken(bytes: Buffer): Parts {
  const length = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...header } = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  return { header, metadata, data: Buffer.from(bytes.subarray(8 + length)) };
}
function put({ header, metadata, data }: Parts): Buffer {
  const json = Buffer.from(JSON.stringify({ __metadata__: metadata, ...header }));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([head, json, data]);
}
const parts =
  (change: (parts: Parts) => void): Change =>
  (bytes) => {
    const all = taken(bytes);
    change(all);
    return put(all);
  };
const inCheckpoint = (change: (at: Record<string, unknown>) => void) =>
  parts(({ metadata }) => {
    const at = JSON.parse(metadata["checkpoint"]!);
    change(at);
    metadata["checkpoint"] = JSON.stringify(at);
  });

const arrays = [
  "encoder.weight0",
  "encoder.bias1",
  "decoder.weight0",
  "latent.mean",
  "latent.deviation",
  "features.basis",
];
const ofWeights: [name: string, change: Change][] = [
  ...["0", "1", "7", "99999999", "18446744073709551615"].map((length): [string, Change] => [
    `a header of ${length} bytes`,
    (bytes) => {
      const copy = Buffer.from(bytes);
      copy.writeBigUInt64LE(BigInt(length));
      return copy;
    },
  ]),
  ...arrays.flatMap((name): [string, Change][] => [
    [`${name} missing`, parts(({ header }) => delete header[name])],
    [
      `${name} by another name`,
      parts(({ header }) => {
        header["other"] = header[name]!;
        delete header[name];
      }),
    ],
    [
      `${name} of another type`,
      parts(({ header }) => {
        header[name]!.dtype = "F16";
      }),
    ],
    [
      `${name} of another shape`,
      parts(({ header }) => {
        header[name]!.shape = [...header[name]!.shape, 1];
      }),
    ],
    [
      `${name} with a shape that is none`,
      parts(({ header }) => {
        header[name]!.shape = [-1];
      }),
    ],
    [
      `${name} a number later`,
      parts(({ header }) => {
        header[name]!.data_offsets = header[name]!.data_offsets.map((at) => at + 4) as [number, number];
      }),
    ],
    [
      `${name} over the one before it`,
      parts(({ header }) => {
        header[name]!.data_offsets[0] -= 4;
      }),
    ],
    [
      `${name} beyond the end`,
      parts(({ header, data }) => {
        header[name]!.data_offsets[1] = data.length + 4;
      }),
    ],
    [
      `${name} from its end to its start`,
      parts(({ header }) => {
        header[name]!.data_offsets.reverse();
      }),
    ],
    ...[Number.NaN, Number.POSITIVE_INFINITY].map((value): [string, Change] => [
      `${name} with ${value} in it`,
      parts(({ header, data }) => {
        data.writeFloatLE(value, header[name]!.data_offsets[0]);
      }),
    ]),
  ]),
  ["no metadata", parts(({ metadata }) => delete metadata["checkpoint"])],
  [
    "metadata that are no JSON",
    parts(({ metadata }) => {
      metadata["checkpoint"] = "<html>";
    }),
  ],
  [
    "no deviation",
    parts(({ header, data }) => {
      data.writeFloatLE(0, header["latent.deviation"]!.data_offsets[0]);
    }),
  ],
  [
    "a scale that falls",
    parts(({ header, data }) => {
      data.writeFloatLE(1e6, header["latent.even"]!.data_offsets[0]);
    }),
  ],
  ["an epoch of another run", inCheckpoint((at) => Object.assign(at, { epoch: 99 }))],
  ["an epoch of -1", inCheckpoint((at) => Object.assign(at, { epoch: -1 }))],
  ["an epoch that is text", inCheckpoint((at) => Object.assign(at, { epoch: "2" }))],
  ["a start of another run", inCheckpoint((at) => Object.assign(at, { start: 5 }))],
  ["scores that are none", inCheckpoint((at) => Object.assign(at, { scores: ["a", "b"] }))],
  ["weights that are not final", inCheckpoint((at) => delete at["refined"])],
];

const ofFree: [name: string, change: Change][] = [
  ["a flag missing", lines((all) => all.slice(1))],
  ["a flag too many", lines((all) => [...all, "1"])],
  ["a flag of 2", lines(([_, ...rest]) => ["2", ...rest])],
  ["words", lines((all) => all.map(() => "true"))],
  ["none free", lines((all) => all.map(() => "0"))],
];

/** A run as an earlier version wrote it: no checksums, no account of the inputs, the history in its table alone. */
function makeEarlier(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  const record = JSON.parse(readFileSync(path.join(to, "run.json"), "utf8")) as RunRecord;
  for (const name of ["checksum", "files", "inputFiles"] as const) delete record[name];
  writeFileSync(path.join(to, "run.json"), JSON.stringify(record));
  const file = path.join(to, "weights.safetensors");
  const all = taken(readFileSync(file));
  const at = JSON.parse(all.metadata["checkpoint"]!);
  for (const name of ["history", "latents"]) delete at[name];
  all.metadata = { checkpoint: JSON.stringify(at) };
  const places = all.header["places"]!;
  assert.equal(places.data_offsets[1], all.data.length);
  all.data = all.data.subarray(0, places.data_offsets[0]);
  delete all.header["places"];
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

/** Names of damages after which a table may be read: what is left is the same numbers for the same particles. */
const harmless = /^(with a byte|lines ending|rows swapped|rows backwards|columns swapped)/;

describe("a damaged run folder is refused with the name of the file, or read as it was", () => {
  for (const version of ["now", "earlier"] as const) {
    test(`${version}: latents.csv`, () =>
      table(version, "latents.csv", [...ofAnyFile, ...ofTables], harmless));
    test(`${version}: neutral_frc.csv`, () =>
      table(
        version,
        "neutral_frc.csv",
        [...ofAnyFile, ...ofTables],
        /^(with a byte|lines ending|columns swapped)/,
      ));
    test(`${version}: history.csv`, () =>
      table(version, "history.csv", version === "now" ? [...ofAnyFile, ...ofTables] : []));
    test(`${version}: neutral.txt`, () =>
      table(version, "neutral.txt", ofAnyFile, /^(with a byte|lines ending)/));
    test(`${version}: weights.safetensors`, () =>
      table(
        version,
        "weights.safetensors",
        [...ofAnyFile, ...ofWeights],
        /^(lines ending|latent\..* of another shape)/,
      ));
    test(`${version}: free.txt`, () =>
      table(version, "free.txt", [...ofAnyFile, ...ofFree], /^(with a byte|lines ending)/));
    test(`${version}: run.json, whole`, () =>
      table(
        version,
        "run.json",
        ofAnyFile,
        /^(with a byte|lines ending|without its last 3|with something behind)/,
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
    const random = new Random(11);
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

  test("counts", (t) => {
    t.diagnostic(
      `${tally.refused + tally.same} damages: ${tally.refused} refused, ${tally.same} read as they were`,
    );
    assert.ok(tally.refused + tally.same > 1000);
  });
});

/** A field that is in its range after all is another run of an earlier version; now its checksum tells. */
async function damagedField(version: "now" | "earlier", change: Change, name: string): Promise<void> {
  const editable = /^(inputs\.|program\.|started|options\.|starts|lastRing|batchThatFitted)/;
  if (version === "now" || !editable.test(name)) return damaged(version, "run.json", change, name);
  const before = known[version]!;
  await damaged(version, "run.json", change, name).catch((error) => {
    if (error.code !== "ERR_ASSERTION" || error.actual?.record === undefined) throw error;
    assert.deepEqual(error.actual.places, before.places, name);
  });
}

/** One byte or some, replaced, removed or put in between. */
function mutated(bytes: Buffer, random: Random): Buffer {
  const at = random.integer(bytes.length);
  const some = Buffer.from(Array.from({ length: 1 + random.integer(4) }, () => random.integer(256)));
  const kind = random.integer(4);
  if (kind === 0) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + some.length)]);
  if (kind === 1) return Buffer.concat([bytes.subarray(0, at), some, bytes.subarray(at)]);
  const copy = Buffer.from(bytes);
  if (kind === 2) copy[at]! ^= 1 << random.integer(8);
  else some.copy(copy, at);
  return copy;
}
