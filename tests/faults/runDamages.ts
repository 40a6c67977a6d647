import { gzipSync } from "node:zlib";
import type * as e2 from "e2gmm";

/** Tables of damages to the files of a run folder, for `damagedRuns.test.ts`. */

/** Changes a file's content; undefined removes the file. */
export type Change = (bytes: Buffer) => Buffer | string | undefined;

export const text =
  (change: (text: string) => string): Change =>
  (bytes) =>
    change(bytes.toString("utf8"));
const lines = (change: (lines: string[]) => string[]): Change =>
  text((whole) => `${change(whole.trimEnd().split("\n")).join("\n")}\n`);

/** Damages of any file. */
export const ofAnyFile: [name: string, change: Change][] = [
  ["missing", () => undefined],
  ["empty", () => ""],
  ["a page of HTML", () => "<!DOCTYPE html>\n<html><body>Log in</body></html>\n"],
  ["zeros", (bytes) => Buffer.alloc(bytes.length)],
  ["gzipped", (bytes) => gzipSync(bytes)],
  ["its first half", (bytes) => bytes.subarray(0, bytes.length >> 1)],
  ["its second half", (bytes) => bytes.subarray(bytes.length >> 1)],
  ["without its last 3 bytes", (bytes) => bytes.subarray(0, -3)],
  ["twice", (bytes) => Buffer.concat([bytes, bytes])],
  ["with trailing data", (bytes) => Buffer.concat([bytes, Buffer.from("7\n")])],
  ["with a byte-order mark", (bytes) => Buffer.concat([Buffer.from("\ufeff"), bytes])],
  ["Windows line endings", text((whole) => whole.replaceAll("\n", "\r\n"))],
];

/** Damages of a table: `row` is one of its lines. */
export const ofTables: [name: string, change: Change][] = [
  ["a row missing", lines(([head, _, ...rest]) => [head!, ...rest])],
  ["the last row missing", lines((all) => all.slice(0, -1))],
  ["a row twice", lines(([head, row, ...rest]) => [head!, row!, row!, ...rest])],
  ["a row replaced by another", lines(([head, a, _, ...rest]) => [head!, a!, a!, ...rest])],
  ["rows swapped", lines(([head, a, b, ...rest]) => [head!, b!, a!, ...rest])],
  ["rows reversed", lines(([head, ...rest]) => [head!, ...rest.reverse()])],
  ["no header line", lines((all) => all.slice(1))],
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
export function fieldsOf(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [at];
  const inner = Object.entries(value).flatMap(([name, field]) => fieldsOf(field, [...at, name]));
  return at.length === 0 ? inner : [at, ...inner];
}

/** Invalid values of a field. */
export const otherValues: [name: string, value: unknown][] = [
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

export function withField(json: string, [...at]: string[], value: unknown): string {
  const whole = JSON.parse(json);
  const last = at.pop()!;
  const holder = at.reduce((object, name) => object[name], whole);
  if (value === undefined && Array.isArray(holder)) holder.splice(Number(last), 1);
  else if (value === undefined) delete holder[last];
  else holder[last] = value;
  return JSON.stringify(whole, null, 2);
}

/** Parses and assembles safetensors files. */
interface Parts {
  header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  metadata: Record<string, string>;
  data: Buffer;
}
export function taken(bytes: Buffer): Parts {
  const length = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...header } = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  return { header, metadata, data: Buffer.from(bytes.subarray(8 + length)) };
}
export function put({ header, metadata, data }: Parts): Buffer {
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
export const ofWeights: [name: string, change: Change][] = [
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
      `${name} with an invalid shape`,
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
    "metadata that are not JSON",
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
      data.writeFloatLE(1e6, header["latent.even0"]!.data_offsets[0]);
    }),
  ],
  ["an epoch of another run", inCheckpoint((at) => Object.assign(at, { epoch: 99 }))],
  ["an epoch of -1", inCheckpoint((at) => Object.assign(at, { epoch: -1 }))],
  ["an epoch that is text", inCheckpoint((at) => Object.assign(at, { epoch: "2" }))],
  ["a start of another run", inCheckpoint((at) => Object.assign(at, { start: 5 }))],
  ["invalid scores", inCheckpoint((at) => Object.assign(at, { scores: ["a", "b"] }))],
  ["weights that are not final", inCheckpoint((at) => delete at["refined"])],
];

export const ofFree: [name: string, change: Change][] = [
  ["a flag missing", lines((all) => all.slice(1))],
  ["one flag too many", lines((all) => [...all, "1"])],
  ["a flag of 2", lines(([_, ...rest]) => ["2", ...rest])],
  ["words", lines((all) => all.map(() => "true"))],
  ["none free", lines((all) => all.map(() => "0"))],
];

/** Replaces, removes or inserts bytes. */
export function mutated(bytes: Buffer, random: e2.Random): Buffer {
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
