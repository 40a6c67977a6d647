import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import * as kernelStar from "e2gmm/dist/formats/star.js";
import { Random } from "e2gmm/dist/random.js";
import { parseNumber } from "e2gmm/formats/parseNumber";
import { describe, test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { sharedData } from "../../../tests/testing";
import { StarIndexer, type StarSheet } from "./starIndex.js";
import { checkRows, filterRows, sortRows } from "./starOrder.js";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Indexes a file as it arrives, `piece` bytes at a time, giving way after every pause that is offered. */
function indexOf(bytes: Uint8Array, piece = bytes.length): StarIndexer {
  const arrived = new Uint8Array(bytes.length);
  const indexer = new StarIndexer(arrived, "a.star");
  for (let at = 0; at < bytes.length; at += piece) {
    const end = Math.min(bytes.length, at + piece);
    arrived.set(bytes.subarray(at, end), at);
    let pauses = 0;
    while (!indexer.advance(end, end === bytes.length, () => pauses++ % 2 === 0));
  }
  indexer.finish();
  return indexer;
}

function rowsOf(sheet: StarSheet): string[][] {
  const spans = new Uint32Array(2 * sheet.columns.length);
  return Array.from({ length: sheet.count }, (_, row) => {
    sheet.spansOf(row, spans);
    return sheet.columns.map((_, j) => decode(sheet.bytes.subarray(spans[2 * j]!, spans[2 * j + 1]!)));
  });
}

const mixed = `# comment
data_optics

loop_
_rlnOpticsGroup #1
_rlnName #2
1 'a group'   # with a comment
2 "it's "one""

_rlnAfter 7

data_general
_rlnFinal   1 # yes
_rlnText 'two words'

data_
loop_
_a
_b
1\t-2.5e3
`;

/** A table of one column for each key, with the values given. */
function tableOf(columns: Record<string, readonly string[]>): StarSheet {
  const names = Object.keys(columns);
  const rows = columns[names[0]!]!.map((_, i) => names.map((name) => columns[name]![i]).join(" "));
  const text = `data_t\nloop_\n${names.map((name) => `_${name}`).join("\n")}\n${rows.join("\n")}\n`;
  return indexOf(encode(text)).sheets[0]!;
}

const allRows = (sheet: StarSheet) => Uint32Array.from({ length: sheet.count }, (_, row) => row);

describe("STAR files in the page", () => {
  test("blocks, loops, pairs and rows do not depend on how the file arrives", () => {
    for (const text of [mixed, mixed.replaceAll("\n", "\r\n"), mixed.trimEnd(), `\ufeff${mixed}`]) {
      for (const piece of [1, 5, 64, 10_000]) {
        const { sheets } = indexOf(encode(text), piece);
        assert.deepEqual(
          sheets.map(({ block, kind, columns }) => [block, kind, columns.join(" ")]),
          [
            ["optics", "loop", "_rlnOpticsGroup _rlnName"],
            ["optics", "pairs", "name value"],
            ["general", "pairs", "name value"],
            ["", "loop", "_a _b"],
          ],
        );
        assert.deepEqual(rowsOf(sheets[0]!), [
          ["1", "a group"],
          ["2", `it's "one"`],
        ]);
        assert.deepEqual(rowsOf(sheets[1]!), [["_rlnAfter", "7"]]);
        assert.deepEqual(rowsOf(sheets[2]!), [
          ["_rlnFinal", "1"],
          ["_rlnText", "two words"],
        ]);
        assert.deepEqual(rowsOf(sheets[3]!), [["1", "-2.5e3"]]);
      }
    }
  });

  const folder = sharedData();
  test(
    "tables of other programs' files are what the kernel reads",
    skipIf(!folder && "no shared data"),
    () => {
      for (const name of ["relion31.star", "relion5.star", "empiar_10076_7.star"]) {
        const file = path.join(folder!, "formats", name);
        assert.ok(existsSync(file), name);
        const bytes = readFileSync(file);
        const loops = indexOf(bytes, 1000).sheets.filter(({ kind }) => kind === "loop");
        const reference = kernelStar.parseStar(bytes, name).tables;
        assert.deepEqual(
          loops.map(({ block, columns }) => [block, columns]),
          reference.map(({ block, columns }) => [block, columns]),
        );
        for (const [i, sheet] of loops.entries()) {
          assert.deepEqual(rowsOf(sheet), reference[i]!.rows(0, reference[i]!.count));
        }
      }
    },
  );

  test("markup in names and cells is plain text", () => {
    const hostile = "<img/src=x/onerror=alert(1)>";
    const [sheet] = indexOf(encode(`data_${hostile}\nloop_\n_${hostile}\n${hostile}\n`)).sheets;
    assert.equal(sheet!.block, hostile);
    assert.deepEqual(sheet!.columns, [`_${hostile}`]);
    assert.deepEqual(rowsOf(sheet!), [[hostile]]);
  });

  test("a broken file is rejected with the line, and the rows before it are kept", () => {
    const refuse = (text: string, words: RegExp) => {
      const bytes = encode(text);
      const indexer = new StarIndexer(bytes, "a.star");
      assert.throws(() => {
        indexer.advance(bytes.length, true, () => false);
        indexer.finish();
      }, words);
      return indexer;
    };
    const { sheets } = refuse(
      "data_a\nloop_\n_x\n1\n2\n;\ntext\n;\n",
      /a\.star: line 6: expected one line for each row, found a text of several lines/,
    );
    assert.equal(sheets[0]!.count, 2);
    refuse("hello\n", /line 1: expected a STAR file, which begins with data_…, found "hello"/);
    refuse("<!DOCTYPE html>\n", /expected a STAR file, found HTML or XML beginning with/);
    refuse("data_a\0", /found binary data/);
    refuse("", /found an empty file/);
    refuse(" \n\n", /found only blanks/);
    refuse("data_a\nloop_\n_x\n_x\n", /line 4: expected each column once, found a second _x/);
    refuse("data_a\n5\n", /line 2: expected data_…, loop_ or a name that begins with _, found "5"/);
  });

  test("rows with too few or too many values are counted, and the first one is described", async () => {
    const [sheet] = indexOf(encode("data_a\nloop_\n_x\n_y\n1 2\n3\n4 5 6\n'7 8\n")).sheets;
    assert.deepEqual(await checkRows(sheet!), {
      broken: 3,
      first: "row 2 (line 6): expected 2 values, one for each column, found 1",
    });
    assert.equal(sheet!.problemWith(3, -1), "row 4 (line 8): expected a closing quote");
    assert.deepEqual(rowsOf(sheet!).slice(0, 2), [
      ["1", "2"],
      ["3", "2"],
    ]);
  });

  test("numbers are parsed as JavaScript parses them", () => {
    const random = new Random(5);
    const texts = [
      "0",
      "-0",
      "+1",
      ".5",
      "5.",
      "1e5",
      "-2.5E-3",
      "123456789012345678",
      "1e400",
      "0.1",
      "1e-30",
    ];
    for (let i = 0; i < 2000; i++)
      texts.push(((random.uniform() - 0.5) * 10 ** Math.floor(random.uniform() * 12)).toFixed(i % 9));
    for (const text of texts) assert.equal(parseNumber(encode(text), 0, text.length), Number(text), text);
    for (const text of ["", "-", ".", "e5", "1e", "0x10", "1 2", "nan", "inf", "1@a.mrcs", "--1", "1.2.3"]) {
      assert.ok(Number.isNaN(parseNumber(encode(text), 0, text.length)), text);
    }
  });

  test("sorting is by value and stable, upwards and downwards", async () => {
    const random = new Random(7);
    const values = Array.from({ length: 5000 }, () => (Math.floor(random.uniform() * 300) - 150) / 4);
    const sheet = tableOf({ x: values.map((value) => value.toFixed(3)), y: values.map(() => "1") });
    for (const descending of [false, true]) {
      const sign = descending ? -1 : 1;
      const expected = [...values.keys()].sort((a, b) => sign * (values[a]! - values[b]!) || a - b);
      const found = await sortRows(sheet, allRows(sheet), { column: 0, descending });
      assert.deepEqual([...found], expected);
    }
    assert.deepEqual(await sortRows(sheet, allRows(sheet), { column: 1, descending: true }), allRows(sheet));
  });

  test("digits in texts are compared as numbers, numbers come before texts, missing values last", async () => {
    const names = ["10@b.mrcs", "2@b.mrcs", "000002@a.mrcs", "x", "7", "-3", "2@b.mrc"];
    const sheet = tableOf({ image: names });
    const sorted = async (descending: boolean) =>
      [...(await sortRows(sheet, allRows(sheet), { column: 0, descending }))].map((row) => names[row]);
    assert.deepEqual(await sorted(false), [
      "-3",
      "7",
      "000002@a.mrcs",
      "2@b.mrc",
      "2@b.mrcs",
      "10@b.mrcs",
      "x",
    ]);
    assert.deepEqual(await sorted(true), [
      "7",
      "-3",
      "x",
      "10@b.mrcs",
      "2@b.mrcs",
      "2@b.mrc",
      "000002@a.mrcs",
    ]);
    const [ragged] = indexOf(encode("data_a\nloop_\n_x\n_y\n1\n1 5\n1 a\n")).sheets;
    assert.deepEqual(
      [...(await sortRows(ragged!, allRows(ragged!), { column: 1, descending: false }))],
      [1, 2, 0],
    );
  });

  test("a filter finds text in a row or in one column, in either case", async () => {
    const sheet = tableOf({ name: ["Mic_1", "mic_22", "other", "é"], group: ["22", "1", "MIC", "1"] });
    const found = async (text: string, column?: number) => [
      ...(await filterRows(sheet, { text, ...(column === undefined ? {} : { column }) })),
    ];
    assert.deepEqual(await found("mic"), [0, 1, 2]);
    assert.deepEqual(await found("MIC", 0), [0, 1]);
    assert.deepEqual(await found("22", 1), [0]);
    assert.deepEqual(await found("é"), [3]);
    assert.deepEqual(await found("aaa"), []);
    assert.deepEqual(
      await filterRows(tableOf({ x: ["aab", "abaab"] }), { text: "aab", column: 0 }),
      Uint32Array.of(0, 1),
    );
  });

  test("sorting stops when it is aborted", async () => {
    const sheet = tableOf({ x: Array.from({ length: 100_000 }, (_, i) => String((i * 7919) % 100_003)) });
    const abort = new AbortController();
    const sorting = sortRows(
      sheet,
      allRows(sheet),
      { column: 0, descending: false },
      { signal: abort.signal },
    );
    abort.abort(new Error("another column"));
    await assert.rejects(sorting, /another column/);
  });
});
