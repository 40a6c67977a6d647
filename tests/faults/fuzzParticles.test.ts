import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ParticleSet } from "e2gmm/dist/particles/particleSet";
import { Random } from "e2gmm/dist/random";
import { afterAll, beforeAll, test } from "vitest";
import { CryosparcFile, reading, Star, writeImages } from "./particleFiles";

/**
 * Damaged particle files from fixed seeds: each is read with finite numbers only, or refused with an InputError. Any other
 * error, and a file that takes forever, fails the test.
 */

const STAR_FILES = 2500;
const CS_FILES = 2500;

let folder: string;
const at = (name: string) => path.join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-fuzz-"));
  writeImages(at("p.mrcs"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** All numbers that are used in computations. */
function numbersOf(set: ParticleSet): number[] {
  const { count } = set;
  const indices = Array.from({ length: count }, (_, i) => i);
  return [
    set.apix,
    set.boxSize,
    ...(set.hasPoses ? [...set.rotations(), ...set.shifts()] : []),
    ...indices.flatMap((i) => [set.image(i).section, set.opticsGroup(i).apix, set.opticsGroup(i).boxSize]),
    ...(set.hasCtf ? indices.flatMap((i) => Object.values(set.ctf(i)!) as number[]) : []),
  ];
}

async function check(file: string, what: string): Promise<boolean> {
  let found: Awaited<ReturnType<typeof reading>>;
  try {
    found = await reading(file);
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).stack}`);
  }
  const { set, refusal } = found;
  if (!set) {
    assert.ok(refusal.length > 0 && !/undefined|\[object/.test(refusal), `${what}: ${refusal}`);
    return false;
  }
  assert.ok(numbersOf(set).every(Number.isFinite), `${what}: a number that is not finite`);
  const halves = set.randomSubset;
  assert.ok(!halves || halves.every((half) => half === 1 || half === 2), `${what}: half sets`);
  return true;
}

const words = [
  "nan",
  "NaN",
  "-inf",
  "inf",
  "1e999",
  "-1e999",
  "1e-999",
  "0",
  "-0",
  "-1",
  "1e30",
  "999999999999999999999",
  "0x10",
  "1,5",
  "1.2.3",
  "--1",
  "",
  "x",
  "'",
  '"',
  "'a b'",
  "#",
  "# 1 2",
  ";",
  "@",
  "1@",
  "@p.mrcs",
  "0@p.mrcs",
  "1e3@p.mrcs",
  "99999999999@p.mrcs",
  "1@@p.mrcs",
  "loop_",
  "data_",
  "data_particles",
  "data_optics",
  "_rlnVoltage",
  "_rlnAngleRot",
  "\u0000",
  "\ufeff",
  "μ",
  "\r",
  "\t\t",
  "[1,2]",
  "None",
  "null",
];

type Damage = (text: string, random: Random) => string;

const place = (text: string, random: Random) => random.integer(text.length + 1);
const pick = <T>(list: readonly T[], random: Random): T => list[random.integer(list.length)]!;
const onLines =
  (change: (lines: string[], i: number, random: Random) => void): Damage =>
  (text, random) => {
    const lines = text.split("\n");
    change(lines, random.integer(lines.length), random);
    return lines.join("\n");
  };

const starDamages: Damage[] = [
  // Replace a word
  (text, random) => {
    const found = [...text.matchAll(/\S+/g)];
    if (found.length === 0) return text;
    const { 0: word, index } = pick(found, random);
    return text.slice(0, index) + pick(words, random) + text.slice(index + word.length);
  },
  // Replace a number by another one from the file
  (text, random) => {
    const found = [...text.matchAll(/\S+/g)];
    if (found.length === 0) return text;
    const { 0: word, index } = pick(found, random);
    return text.slice(0, index) + pick(found, random)[0] + text.slice(index + word.length);
  },
  onLines((lines, i) => lines.splice(i, 1)),
  onLines((lines, i) => lines.splice(i, 0, lines[i]!)),
  onLines((lines, i, random) => lines.splice(i, 0, pick(words, random))),
  onLines((lines, i, random) => {
    const j = random.integer(lines.length);
    [lines[i], lines[j]] = [lines[j]!, lines[i]!];
  }),
  (text, random) => text.slice(0, place(text, random)),
  (text, random) => text.slice(place(text, random)),
  (text, random) => {
    const i = place(text, random);
    return text.slice(0, i) + String.fromCharCode(random.integer(256)) + text.slice(i + 1);
  },
  (text, random) => {
    const i = place(text, random);
    return text.slice(0, i) + text.slice(i + 1 + random.integer(30));
  },
  (text, random) => text.replace(/loop_/, () => pick(["", "loop_ loop_", "_loop"], random)),
];

test(`${STAR_FILES} damaged STAR files`, async () => {
  const plain = new Star();
  const flat = new Star().flatten();
  const pairs = new Star();
  const texts = [plain.text, flat.particles.loop, pairs.optics.pairs + pairs.particles.loop];
  const random = new Random(20_261_126);
  let read = 0;
  for (let n = 0; n < STAR_FILES; n++) {
    let text = pick(texts, random);
    for (let damages = 1 + random.integer(3); damages > 0; damages--)
      text = pick(starDamages, random)(text, random);
    writeFileSync(at("a.star"), text, n % 7 === 0 ? "latin1" : "utf8");
    if (await check(at("a.star"), `file ${n}`)) read++;
  }
  // Both outcomes occur: many files are refused, harmless damage is not.
  assert.ok(read > STAR_FILES / 20 && read < STAR_FILES * 0.8, `${read} of ${STAR_FILES} were read`);
});

type ByteDamage = (bytes: Buffer, dataStart: number, random: Random) => Buffer;

const floats = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1e38,
  -1e38,
  1e-40,
  0,
  -1,
  1e10,
];
const inHeader =
  (from: RegExp, to: readonly string[]): ByteDamage =>
  (bytes, dataStart, random) => {
    const header = bytes.toString("latin1", 10, dataStart).replace(from, () => pick(to, random));
    const head = Buffer.concat([bytes.subarray(0, 10), Buffer.from(header, "latin1")]);
    head.writeUInt16LE(head.length - 10, 8);
    return Buffer.concat([head, bytes.subarray(dataStart)]);
  };

const csDamages: ByteDamage[] = [
  // Numbers and bytes of the rows
  (bytes, dataStart, random) => {
    const at = dataStart + 4 * random.integer((bytes.length - dataStart) >> 2);
    if (at + 4 <= bytes.length) bytes.writeFloatLE(pick(floats, random), at);
    return bytes;
  },
  (bytes, dataStart, random) => {
    const at = dataStart + random.integer(Math.max(1, bytes.length - dataStart));
    if (at < bytes.length) bytes[at] = random.integer(256);
    return bytes;
  },
  // Bytes anywhere
  (bytes, _, random) => {
    if (bytes.length > 0) bytes[random.integer(bytes.length)] = random.integer(256);
    return bytes;
  },
  (bytes, _, random) => bytes.subarray(0, random.integer(bytes.length + 1)),
  (bytes, _, random) => Buffer.concat([bytes, Buffer.alloc(random.integer(100))]),
  // The description
  inHeader(/'<f4'/, ["'<f8'", "'>f4'", "'<i4'", "'|S4'", "'|O'", "'<f0'", "'<f3'", "'<U1'", "'<c8'", "'f'"]),
  inHeader(/'<u4'/, ["'<f4'", "'<i4'", "'|S4'", "'<u8'", "'|b1'", "'<u2'"]),
  inHeader(/\(12,\)/, [
    "(0,)",
    "(1,)",
    "(13,)",
    "(-1,)",
    "(1e9,)",
    "(99999999999999999999,)",
    "()",
    "(12, 1)",
    "(12",
  ]),
  inHeader(/\(2,\)/, ["(3,)", "(1,)", "(0,)", "()", "(999999999,)", "(1e5,)", "(2, 2)"]),
  inHeader(/\(3,\)/, ["(2,)", "(4,)", "(0,)", "(3, 3)"]),
  inHeader(/'(blob|ctf|alignments3D)\/(\w+)'/, [
    "'x'",
    "'blob/path'",
    "'ctf/df1_A'",
    "''",
    "'blob/idx'",
    "'__proto__'",
  ]),
  inHeader(/'fortran_order': False/, ["'fortran_order': True", "", "'fortran_order'"]),
  inHeader(/'descr': \[/, ["'descr': [[", "'descr': []", "'descr': "]),
];

test(`${CS_FILES} damaged .cs files`, async () => {
  const good = new CryosparcFile().bytes;
  const dataStart = 10 + good.readUInt16LE(8);
  const random = new Random(20_261_127);
  let read = 0;
  for (let n = 0; n < CS_FILES; n++) {
    let bytes = Buffer.from(good);
    for (let damages = 1 + random.integer(2); damages > 0; damages--)
      bytes = Buffer.from(pick(csDamages, random)(bytes, dataStart, random));
    writeFileSync(at("a.cs"), bytes);
    if (await check(at("a.cs"), `file ${n}`)) read++;
  }
  assert.ok(read > CS_FILES / 20 && read < CS_FILES * 0.8, `${read} of ${CS_FILES} were read`);
});
